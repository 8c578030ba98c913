#include "run/quick_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace sonde::record {
namespace {

// Goes along a line as long as it is what is expected.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool good() const { return good_; }
  bool done() const { return good_ && at_ == end_; }

  bool takes(std::string_view word) {
    if (!good_ || static_cast<std::size_t>(end_ - at_) < word.size() ||
        std::string_view(at_, word.size()) != word)
      return false;
    at_ += word.size();
    return true;
  }
  void expect(std::string_view word) { good_ = takes(word); }

  template <class Integer>
  Integer integer() {
    Integer value{};
    return read(value) ? value : Integer{};
  }

  double number() {
    if (takes("\"nan\"")) return std::numeric_limits<double>::quiet_NaN();
    if (takes("\"inf\"")) return std::numeric_limits<double>::infinity();
    if (takes("\"-inf\"")) return -std::numeric_limits<double>::infinity();
    double value = 0.0;
    read(value);
    return value;
  }

  // Without escapes, and ASCII: nothing about it is to be checked.
  std::string text() {
    expect("\"");
    const char* begin = at_;
    while (good_ && at_ != end_ && *at_ != '"') {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte < 0x20 || byte > 0x7e || byte == '\\') good_ = false;
      ++at_;
    }
    std::string found(begin, good_ ? at_ : begin);
    expect("\"");
    return found;
  }

  Vector numbers() {
    expect("[");
    row_.clear();
    if (takes("]")) return {};
    do {
      row_.push_back(number());
    } while (takes(","));
    expect("]");
    return Eigen::Map<const Vector>(row_.data(), static_cast<Index>(row_.size()));
  }

 private:
  template <class Number>
  bool read(Number& value) {
    const char* digit = at_ != end_ && *at_ == '-' ? at_ + 1 : at_;
    good_ = good_ && digit != end_ && *digit >= '0' && *digit <= '9';
    if (!good_) return false;
    const auto [stop, problem] = std::from_chars(at_, end_, value);
    const std::string_view digits(digit, static_cast<std::size_t>(stop - digit));
    const std::size_t point = digits.find('.');
    // C++ reads what JSON does not: 05, 1., 1.e5.
    good_ = problem == std::errc{} &&
            !(digits.size() > 1 && digits[0] == '0' && is_digit(digits[1])) &&
            (point == std::string_view::npos ||
             (point + 1 < digits.size() && is_digit(digits[point + 1])));
    at_ = stop;
    return good_;
  }

  const char* at_;
  const char* end_;
  bool good_ = true;
  std::vector<double> row_{};
};

Selection selection(Cursor& line) {
  Selection s;
  line.expect("{\"of\":");
  s.candidates = line.integer<Index>();
  line.expect(",\"rank\":");
  s.rank = line.integer<Index>();
  line.expect(",\"evaluations\":");
  s.evaluations = line.integer<int>();
  line.expect(",\"outcome\":");
  s.outcome = line.text();
  line.expect(",\"runner_up\":");
  s.runner_up = line.numbers();
  line.expect(",\"its_worth\":");
  s.runner_up_worth = line.number();
  if (line.takes(",\"row\":")) s.row = line.integer<Index>();
  line.expect("}");
  return s;
}

Query query(Cursor& line) {
  Query q;
  line.expect("{\"id\":");
  q.id = line.integer<Index>();
  line.expect(",\"x\":");
  q.x = line.numbers();
  line.expect(",\"why\":");
  q.why = line.text();
  line.expect(",\"worth\":");
  q.worth = line.number();
  line.expect(",\"mean\":");
  q.mean = line.numbers();
  line.expect(",\"deviation\":");
  q.deviation = line.numbers();
  if (line.takes(",\"selection\":")) q.selection = selection(line);
  line.expect("}");
  return q;
}

Asked asked(Cursor& line) {
  Asked event;
  line.expect(",\"queries\":[");
  do {
    event.queries.push_back(query(line));
  } while (line.takes(","));
  line.expect("],\"model\":");
  event.model = line.integer<Index>();
  if (line.takes(",\"batch\":")) event.batch = line.text();
  return event;
}

// Of those that went well: others say why in words.
Answered answered(Cursor& line) {
  Answered event;
  Answer& answer = event.answer;
  line.expect(",\"id\":");
  event.id = line.integer<Index>();
  line.expect(",\"status\":\"ok\",\"y\":");
  answer.status = Answer::Status::Ok;
  answer.y = line.numbers();
  line.expect(",\"seconds\":");
  answer.seconds = line.number();
  line.expect(",\"failure\":");
  answer.kind = line.text();
  line.expect(",\"message\":");
  answer.message = line.text();
  line.expect(",\"attempts\":");
  answer.attempts = line.integer<int>();
  line.expect(",\"host\":");
  answer.host = line.text();
  line.expect(",\"started\":");
  answer.started = line.number();
  line.expect(",\"ended\":");
  answer.ended = line.number();
  if (line.takes(",\"cpu\":")) {
    Usage& usage = answer.usage.emplace();
    usage.cpu_seconds = line.number();
    line.expect(",\"rss\":");
    usage.max_rss = line.number();
  }
  return event;
}

}  // namespace

std::optional<Record> quickly_read(std::string_view json) {
  Cursor line(json);
  line.expect("{\"kind\":\"a");
  const bool question = line.takes("sked\"");
  if (!question) line.expect("nswered\"");
  line.expect(",\"seq\":");
  Record record;
  record.seq = line.integer<Index>();
  record.content = question ? Event(asked(line)) : Event(answered(line));
  if (line.takes(",\"request\":")) record.request = line.text();
  if (line.takes(",\"group\":")) line.integer<Index>();
  line.expect("}");
  if (!line.done()) return std::nullopt;
  return record;
}

}  // namespace sonde::record
