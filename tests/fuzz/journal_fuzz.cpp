#include <optional>
#include <string>

#include "fuzz/fuzz.hpp"
#include "run/checksum.hpp"
#include "run/journal_record.hpp"
#include "run/journal_rescue.hpp"
#include "run/journal_scan.hpp"
#include "run/quick_reader.hpp"

namespace {

using namespace sonde;

// Lines of JSON become those of a journal, so that the fuzzer comes past the checksums.
std::string with_checksums(std::string_view lines) {
  std::string text;
  std::uint32_t checksum = 0;
  while (!lines.empty()) {
    const std::string_view line = fuzz::first_line_of(lines);
    checksum = crc32c(line, checksum);
    text += record::digits_of(checksum) + ' ' + std::string(line) + '\n';
  }
  return text;
}

// The quick reader reads what it reads as the other one does: what they then write is the same.
void expect_both_readers_agree(std::string_view lines) {
  while (!lines.empty()) {
    const std::string_view line = fuzz::first_line_of(lines);
    const std::optional<record::Record> quick = record::quickly_read(line);
    if (!quick) continue;
    const std::string blank = " " + std::string(line);  // not as this sonde writes it
    fuzz::expect(!record::quickly_read(blank), "a blank before a record is not read quickly");
    try {
      const record::Record slow = record::read(blank);
      fuzz::expect(record::write(quick->seq, std::get<Event>(quick->content), quick->request) ==
                       record::write(slow.seq, std::get<Event>(slow.content), slow.request),
                   "both readers find the same in a record");
    } catch (const StoreError&) {
      fuzz::expect(false, "what is read quickly is a record");
    }
  }
}

void read(const std::string& text) {
  std::optional<record::Scan> scan;
  try {
    scan = record::scan_text(text, "journal.sonde");
  } catch (const StoreError&) {
  }
  try {
    const Rescue rescue = rescued_journal(text, "journal.sonde", std::nullopt,
                                          [](Index) { return std::optional<Vector>(); });
    fuzz::expect(!scan || rescue.entries.size() <= scan->events.size() + scan->notes.size() + 1,
                 "a rescue finds no more than stands there");
  } catch (const StoreError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  if (text.starts_with("{")) {
    expect_both_readers_agree(text);
    read(with_checksums(text));
  } else {
    read(std::string(text));
  }
  return 0;
}
