// What stands in for libFuzzer where the compiler has none: runs over the corpus, then changes its
// texts at random, for some seconds. It does not see what code they reach: the corpus was found by
// scripts/fuzz, which does.
//
//   TARGET_fuzz SECONDS SEED CORPUS WORK      the text that is tried lies in WORK/trying

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <random>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace {

using sonde::fuzz::text_of;
using Clock = std::chrono::steady_clock;

constexpr std::size_t longest = 32768;
constexpr unsigned patience = 10;  // s for one text

class Changes {
 public:
  Changes(std::vector<std::string> texts, unsigned seed)
      : texts_(std::move(texts)), random_(seed) {}

  std::string next() {
    std::string text = any();
    for (std::size_t n = 1 + below(4); n > 0; --n) change(text);
    text.resize(std::min(text.size(), longest));
    return text;
  }

 private:
  std::size_t below(std::size_t count) { return count == 0 ? 0 : random_() % count; }
  const std::string& any() { return texts_[below(texts_.size())]; }

  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t count = std::min(text.size() - at, std::size_t{1} << below(8));
    const std::string& other = any();
    const std::size_t from = below(other.size());
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1u << below(8)));
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 2:
        text.erase(at, count);
        break;
      case 3:
        text.insert(at, text.substr(at, count));
        break;
      case 4:
        text.insert(at, other.substr(from, std::size_t{1} << below(8)));
        break;
      default:
        text.replace(at, count, other.substr(from, count));
    }
  }

  std::vector<std::string> texts_;
  std::mt19937 random_;
};

std::vector<std::string> corpus_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry);
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return texts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto end = Clock::now() + std::chrono::seconds(std::atoi(argv[1]));
  const std::vector<std::string> corpus = corpus_in(argv[3]);
  const std::filesystem::path trying = std::filesystem::path(argv[4]) / "trying";
  const auto run = [&](const std::string& text) {
    sonde::fuzz::write(trying, text);
    ::alarm(patience);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  if (corpus.empty()) return 2;
  for (const std::string& text : corpus) run(text);
  Changes changes(corpus, static_cast<unsigned>(std::atoi(argv[2])));
  long count = 0;
  for (; Clock::now() < end; ++count) run(changes.next());
  std::printf("%zu texts of the corpus, %ld changed ones\n", corpus.size(), count);
  return 0;
}
