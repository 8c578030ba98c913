#include "sonde/run/table.hpp"

#include <cmath>
#include <fstream>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

const Domain wing({Parameter::linear("a", 0, 1), Parameter::choice("m", {"AL", "CF,RP"})});
const std::vector<Output> outputs{{"drag", "N"}, {"lift", "N"}};

class File {
 public:
  explicit File(const std::string& text) { std::ofstream(path()) << text; }
  std::filesystem::path path() const { return directory_.path() / "runs.csv"; }

 private:
  TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("a table of runs is a dataset, its columns found by name", "[table]") {
  const File file("lift,m,note,a,drag\n1.5,\"CF,RP\",x,0.25,2\n,AL,y,1,3\n");
  const Dataset data = read_dataset(file.path(), wing, outputs);
  CHECK(data.x == Points{{0.25, 1.0}, {1.0, 0.0}});
  CHECK(data.y(0, 0) == 2.0);
  CHECK(data.y(0, 1) == 1.5);
  CHECK(data.y(1, 0) == 3.0);
  CHECK(std::isnan(data.y(1, 1)));
  CHECK(read_points(file.path(), wing) == data.x);
}

TEST_CASE("what a table lacks is said with file, line and column", "[table]") {
  const auto refusal = [](const std::string& text) {
    const File file(text);
    return message_of<ArgumentError>([&] { read_dataset(file.path(), wing, outputs); });
  };
  CHECK(contains(refusal("a,m,drag,lft\n0,AL,1,2\n"),
                 "runs.csv: there is no column 'lift'; did you mean 'lft'?"));
  CHECK(contains(refusal("a,m,drag,lift\n0,AL,1,2\n0,AL,x,2\n"),
                 "runs.csv:3: column 'drag': expected a number or nothing, got 'x'"));
  CHECK(contains(refusal("a,m,drag,lift\n0,FE,1,2\n"), "runs.csv:2: column 'm': 'FE' is no value"));
  CHECK(contains(message_of<ArgumentError>([] { read_points("there/is/none.csv", wing); }),
                 "there/is/none.csv: the file cannot be read"));
}
