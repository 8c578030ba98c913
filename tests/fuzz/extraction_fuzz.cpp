#include <string>

#include "fuzz/fuzz.hpp"
#include "oracle/extraction.hpp"
#include "oracle/number.hpp"
#include "sonde/base/error.hpp"

namespace {

using namespace sonde;

// The first line says what is looked for, as `rf pattern` or `c-1 column`: a source, then what it
// needs; what follows is the file.
Extraction extraction_in(std::string_view line) {
  Extraction from{.file = "stdout.txt"};
  const char source = line.empty() ? 'o' : line[0];
  const char option = line.size() > 1 ? line[1] : ' ';
  const std::string rest(line.size() > 2 ? line.substr(2) : "");
  from.take = option == 'f' ? Extraction::Take::First : Extraction::Take::Last;
  if (source == 'r') {
    from.source = Extraction::Source::Regex;
    from.pattern = rest;
  } else if (source == 'c') {
    from.source = Extraction::Source::Csv;
    from.column = rest;
    from.row = option >= '0' && option <= '9' ? option - '0' : -1;
  } else if (source == 'j') {
    from.source = Extraction::Source::Json;
    from.path = rest;
  }
  return from;
}

void expect_whole(const Reading& reading) {
  fuzz::expect(reading.number || !reading.problem.empty(), "a number, or why there is none");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const Extraction from = extraction_in(fuzz::first_line_of(text));
  fuzz::write(fuzz::scratch() / "stdout.txt", text);
  const RunOutput output(fuzz::scratch());
  told_failure(output);
  output.last_line("stdout.txt");
  number_in(text);
  try {
    const Extractor extractor(from, "y", "drag", "outputs.drag");
    extractor.read(output);
    expect_whole(extractor.number(output));
  } catch (const StudyError&) {
  }
  return 0;
}
