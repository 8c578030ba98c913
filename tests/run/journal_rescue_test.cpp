#include "run/journal_rescue.hpp"

#include <fstream>
#include <iterator>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

using namespace sonde;
using namespace sonde::testing_support;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void put(const fs::path& file, const std::string& text) {
  fs::remove(file);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

Preamble preamble() {
  return {.parameters = {Parameter::linear("a", 0, 10)}, .outputs = {{"y", ""}}, .seed = 3};
}

Event question(Index id) {
  return Asked{{{.id = id, .x = Vector::Constant(1, 0.5 * static_cast<double>(id)), .why = "w"}}};
}

Event answer(Index id) {
  return Answered{id, {.status = Answer::Status::Ok, .y = Vector::Constant(1, double(id) + 0.25)}};
}

constexpr Index runs = 6;  // lines: the head, then a question and an answer each

std::string recorded(const fs::path& file) {
  Journal journal = Journal::create(file, preamble());
  for (Index id = 0; id < runs; ++id) {
    journal.append(question(id));
    journal.append(answer(id));
  }
  return text_of(file);
}

std::size_t start_of(const std::string& text, int line) {
  std::size_t at = 0;
  for (; line > 0; --line) at = text.find('\n', at) + 1;
  return at;
}

Index answers_in(const Rescue& rescue) {
  Index count = 0;
  for (const Rescue::Entry& entry : rescue.entries)
    count += entry.event && std::holds_alternative<Answered>(*entry.event) ? 1 : 0;
  return count;
}

std::optional<Vector> half_of(Index id) {
  return Vector::Constant(1, 0.5 * static_cast<double>(id));
}

}  // namespace

TEST_CASE("a damaged answer is lost alone, wherever its line is hit", "[rescue]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string whole = recorded(file);
  const std::size_t begin = start_of(whole, 6), end = start_of(whole, 7) - 1;
  for (std::size_t at = begin; at < end; ++at) {
    std::string text = whole;
    text[at] = text[at] == '1' ? '2' : '1';
    put(file, text);
    INFO("byte " << at - begin << " of the line");
    const std::string words = message_of<StoreError>([&] { Journal::read(file); });
    REQUIRE(contains(words, concat("damaged at byte ", begin)));
    const Rescue rescue = rescued_journal(text, file, {}, half_of);
    REQUIRE(rescue.restored.empty());
    // To what stands behind a damaged checksum the next line bears witness.
    const bool witnessed = at <= begin + 8;
    REQUIRE(answers_in(rescue) == (witnessed ? runs : runs - 1));
    REQUIRE(rescue.lost.size() == (witnessed ? 0 : 1));
    REQUIRE((witnessed || rescue.lost[0].offset == begin));
  }
}

TEST_CASE("a lost question is asked again where its point is known, else it is closed",
          "[rescue]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string whole = recorded(file);
  std::string text = whole;
  text[start_of(whole, 5) + 20] ^= 1;  // the question of query 2
  const Rescue known = rescued_journal(text, file, {}, half_of);
  CHECK(answers_in(known) == runs);
  CHECK(known.lost.size() == 1);
  CHECK(known.restored.size() == 1);
  const Rescue unknown = rescued_journal(text, file, {}, {});
  CHECK(answers_in(unknown) == runs - 1);  // an answer without a point says nothing
  CHECK(unknown.lost.size() == 2);
}

TEST_CASE("lines that are missing or doubled cost no others", "[rescue]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string whole = recorded(file);
  const std::size_t begin = start_of(whole, 6), end = start_of(whole, 7);
  std::string missing = whole;
  missing.erase(begin, end - begin);
  CHECK(answers_in(rescued_journal(missing, file, {}, half_of)) == runs - 1);
  std::string doubled = whole;
  doubled.insert(end, whole.substr(begin, end - begin));
  CHECK(answers_in(rescued_journal(doubled, file, {}, half_of)) == runs);
}

TEST_CASE("without its first line a journal is rescued by what the study says", "[rescue]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  std::string text = recorded(file);
  text[40] ^= 1;
  CHECK(contains(message_of<StoreError>([&] { rescued_journal(text, file, {}, half_of); }),
                 "the first line is damaged"));
  CHECK(answers_in(rescued_journal(text, file, preamble(), half_of)) == runs);
}

TEST_CASE("a first line of which no campaign can be made is refused as damaged", "[rescue]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  Preamble odd = preamble();
  odd.parameters[0].upper = odd.parameters[0].lower - 1.0;
  Journal::create(file, odd);
  CHECK(contains(message_of<StoreError>([&] { rescued_journal(text_of(file), file, {}, half_of); }),
                 "journal.sonde: its first line tells of no campaign that can be: "));
}

TEST_CASE("what was rescued takes the place of the damaged journal, which is kept", "[rescue]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  std::string text = recorded(file);
  text[start_of(text, 6) + 30] ^= 1;
  put(file, text);
  const fs::path kept = replace_journal(file, rescued_journal(text, file, {}, half_of));
  CHECK(kept.filename() == "journal.sonde.damaged");
  CHECK(text_of(kept) == text);
  CHECK(Journal::open(file).events().size() == 2 * runs - 1);
}
