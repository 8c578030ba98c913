#include "report/svg.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace sonde::report {
namespace {

constexpr double letter = 6.1;  // mean width of a letter of the axes' type, px

std::string superscript(int value) {
  static constexpr const char* digits[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                           "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  std::string text = value < 0 ? "\u207b" : "";
  for (const char digit : std::to_string(std::abs(value))) text += digits[digit - '0'];
  return text;
}

/// Letters, where a character outside ASCII counts once.
double letters(std::string_view text) {
  return static_cast<double>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

std::string with_minus(std::string text) {
  if (text.empty() || text.front() != '-') return text;
  return "\u2212" + text.substr(1);
}

std::string fixed(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, std::max(decimals, 0));
  const bool zero = text.find_first_of("123456789") == std::string::npos;
  if (zero && text.front() == '-') text.erase(0, 1);
  return with_minus(std::move(text));
}

double round_step(double extent, int count) {
  const double rough = extent / std::max(count, 1);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power * 1.0001) return factor * power;
  }
  return 10.0 * power;
}

Ticks linear_ticks(const Range& range, int count) {
  const double step = round_step(range.upper - range.lower, count);
  const double largest = std::max(std::abs(range.lower), std::abs(range.upper));
  const int magnitude = static_cast<int>(std::floor(std::log10(largest)));
  const int exponent =
      magnitude >= 5 || magnitude <= -3 ? static_cast<int>(std::floor(magnitude / 3.0)) * 3 : 0;
  const double unit = std::pow(10.0, exponent);
  const int decimals = -static_cast<int>(std::floor(std::log10(step / unit) + 1e-9));
  Ticks found;
  if (exponent != 0) found.factor = "\u00d710" + superscript(exponent);
  const double first = std::ceil(range.lower / step - 1e-9);
  for (double i = first; i * step <= range.upper + 1e-9 * step; i += 1.0) {
    found.at.push_back({i * step, fixed(i * step / unit, decimals)});
    if (found.at.size() > 50) break;
  }
  return found;
}

std::string power_label(double factor, int exponent) {
  if (exponent >= -3 && exponent <= 4) {
    return fixed(factor * std::pow(10.0, exponent), std::max(0, -exponent));
  }
  const std::string power = "10" + superscript(exponent);
  return factor == 1.0 ? power : fmt::format("{}\u00b7{}", factor, power);
}

Ticks log_ticks(const Range& range, int count) {
  const int low = static_cast<int>(std::floor(std::log10(range.lower) + 1e-9));
  const int high = static_cast<int>(std::ceil(std::log10(range.upper) - 1e-9));
  const double decades = std::log10(range.upper / range.lower);
  const int every = std::max(1, static_cast<int>(std::ceil(decades / std::max(count, 1))));
  const double room = count / decades;  // ticks a decade
  const std::vector<double> factors = room >= 5.0   ? std::vector<double>{1, 2, 3, 5, 7}
                                      : room >= 2.5 ? std::vector<double>{1, 2, 5}
                                                    : std::vector<double>{1};
  Ticks found;
  for (int exponent = low; exponent <= high; ++exponent) {
    if (exponent % every != 0) continue;
    for (const double factor : factors) {
      const double value = factor * std::pow(10.0, exponent);
      if (value < range.lower * (1 - 1e-9) || value > range.upper * (1 + 1e-9)) continue;
      found.at.push_back({value, power_label(factor, exponent)});
    }
  }
  // Less than a decade may hold no round power: plain round numbers then.
  return found.at.size() >= 2 ? found : linear_ticks(range, count);
}

std::string titled(const AxisLabel& label, const std::string& factor) {
  std::string text = escaped(label.name);
  const bool has_unit = label.unit != "1" && !label.unit.empty();
  if (has_unit || !factor.empty()) {
    text +=
        fmt::format(" <tspan class=\"unit\">{}{}{}</tspan>", factor,
                    has_unit && !factor.empty() ? " " : "", has_unit ? escaped(label.unit) : "");
  }
  return text;
}

Ticks ticks_of(const AxisLabel& label, const Range& range, int count) {
  if (label.categories.empty()) {
    Ticks found = ticks(range, label.whole ? 2 * count : count);
    if (label.whole) {
      std::erase_if(found.at, [](const Tick& t) { return t.value != std::round(t.value); });
    }
    return found;
  }
  Ticks found;
  for (std::size_t i = 0; i < label.categories.size(); ++i) {
    found.at.push_back({static_cast<double>(i), label.categories[i]});
  }
  return found;
}

double widest(const Ticks& found) {
  double most = 0.0;
  for (const Tick& tick : found.at) most = std::max(most, letters(tick.label));
  return most;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        // Control characters have no place in HTML.
        safe += static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t' ? ' ' : c;
    }
  }
  return safe;
}

std::string shortened(const std::string& text, double most) {
  if (letters(text) <= most || most < 3) return text;
  std::size_t end = 0;
  for (double seen = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0u) != 0x80u;
    if (begins && ++seen > most - 1) break;
  }
  return text.substr(0, end) + "\u2026";
}

std::string number(double value, int digits) {
  if (std::isnan(value)) return "\u2013";
  if (std::isinf(value)) return value > 0 ? "\u221e" : "\u2212\u221e";
  if (value == 0.0) return "0";
  const double size = std::abs(value);
  if (value == std::round(value) && size < 1e5) return with_minus(fmt::format("{:.0f}", value));
  const int exponent = static_cast<int>(std::floor(std::log10(size)));
  if (size >= 1e-3 && size < 1e5) {
    return fixed(value, std::clamp(digits - 1 - exponent, 0, digits + 2));
  }
  const std::string factor = fmt::format("{:.{}f}", value / std::pow(10.0, exponent), digits - 1);
  return with_minus(factor) + "\u00b710" + superscript(exponent);
}

std::string px(double value) {
  return fmt::format("{:.1f}", value);
}

double Range::part(double value) const {
  if (log) return std::log(value / lower) / std::log(upper / lower);
  return (value - lower) / (upper - lower);
}

Range covering(std::span<const double> values, bool log, double margin) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double value : values) {
    if (!std::isfinite(value) || (log && value <= 0.0)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!(low <= high)) return log ? Range{0.1, 1.0, true} : Range{0.0, 1.0, false};
  if (log) {
    const double factor = std::max(std::pow(high / low, margin), 1.05);
    return {low / factor, high * factor, true};
  }
  const double extent = high - low;
  // Values that differ by rounding only still get a readable axis.
  const double pad = std::max({margin * extent, 1e-6 * std::max(std::abs(low), std::abs(high)),
                               extent == 0.0 && low == 0.0 ? 1.0 : 0.0});
  return {low - pad, high + pad, false};
}

Ticks ticks(const Range& range, int count) {
  return range.log ? log_ticks(range, count) : linear_ticks(range, count);
}

Chart::Chart(double width, double height, Range x, AxisLabel x_label, Range y, AxisLabel y_label)
    : width_(width),
      height_(height),
      x_(x),
      y_(y),
      x_label_(std::move(x_label)),
      y_label_(std::move(y_label)) {
  y_ticks_ = ticks_of(y_label_, y_, static_cast<int>(std::max(3.0, height / 50.0)));
  margin_left_ = std::min(14.0 + letter * widest(y_ticks_), 0.4 * width);
  x_ticks_ = ticks_of(x_label_, x_, static_cast<int>(std::max(3.0, width / 75.0)));
  margin_right_ = 16;
}

double Chart::left(double x) const {
  const double inner = width_ - margin_left_ - margin_right_;
  return margin_left_ + inner * std::clamp(x_.part(x), -1.0, 2.0);
}

double Chart::top(double y) const {
  const double inner = height_ - margin_top_ - margin_bottom_;
  return margin_top_ + inner * (1.0 - std::clamp(y_.part(y), -1.0, 2.0));
}

void Chart::line(std::span<const double> x, std::span<const double> y, std::string_view css) {
  std::string path;
  bool drawing = false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool known = std::isfinite(x[i]) && std::isfinite(y[i]) && !(y_.log && y[i] <= 0.0);
    if (known) {
      path += (drawing ? 'L' : 'M') + px(left(x[i])) + ' ' + px(top(y[i]));
    }
    drawing = known;
  }
  if (!path.empty()) marks_ += fmt::format("<path class=\"{}\" d=\"{}\"/>", css, path);
}

void Chart::band(std::span<const double> x, std::span<const double> lower,
                 std::span<const double> upper, std::string_view css) {
  std::string path;
  for (std::size_t begin = 0; begin < x.size();) {
    const auto known = [&](std::size_t i) {
      return std::isfinite(lower[i]) && std::isfinite(upper[i]) && !(y_.log && lower[i] <= 0.0);
    };
    std::size_t end = begin;
    while (end < x.size() && known(end)) ++end;
    if (end - begin >= 2) {
      for (std::size_t i = begin; i < end; ++i) {
        path += (i == begin ? 'M' : 'L') + px(left(x[i])) + ' ' + px(top(upper[i]));
      }
      for (std::size_t i = end; i-- > begin;) {
        path += 'L' + px(left(x[i])) + ' ' + px(top(lower[i]));
      }
      path += 'Z';
    }
    begin = end + 1;
  }
  if (!path.empty()) marks_ += fmt::format("<path class=\"{}\" d=\"{}\"/>", css, path);
}

void Chart::dot(double x, double y, double radius, std::string_view css, std::string_view title) {
  if (!std::isfinite(x) || !std::isfinite(y)) return;
  const std::string words = title.empty() ? std::string() : "<title>" + escaped(title) + "</title>";
  marks_ += fmt::format("<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"{}\">{}</circle>", css,
                        px(left(x)), px(top(y)), radius, words);
}

void Chart::bar(double x, double lower, double upper, std::string_view css) {
  if (!std::isfinite(x) || !std::isfinite(lower) || !std::isfinite(upper)) return;
  marks_ += fmt::format("<path class=\"{}\" d=\"M{} {}V{}\"/>", css, px(left(x)), px(top(lower)),
                        px(top(upper)));
}

void Chart::shade(double from, double to, std::string_view css) {
  marks_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", css,
                        px(left(from)), px(margin_top_), px(left(to) - left(from)),
                        px(height_ - margin_top_ - margin_bottom_));
}

std::string Chart::axes() const {
  const double right = width_ - margin_right_;
  const double bottom = height_ - margin_bottom_;
  std::string text;
  for (const Tick& tick : y_ticks_.at) {
    text += fmt::format(
        "<path class=\"grid\" d=\"M{} {}H{}\"/><text class=\"tick\" x=\"{}\" y=\"{}\" "
        "text-anchor=\"end\">{}</text>",
        px(margin_left_), px(top(tick.value)), px(right), px(margin_left_ - 7),
        px(top(tick.value) + 3.6), escaped(tick.label));
  }
  const double room =
      (right - margin_left_) / std::max<double>(1, static_cast<double>(x_ticks_.at.size()));
  double free_from = -1e9;
  for (const Tick& tick : x_ticks_.at) {
    const std::string label = x_label_.categories.empty()
                                  ? tick.label
                                  : shortened(tick.label, std::floor(room / letter) - 1.5);
    const double half = 0.5 * letter * letters(label);
    const double middle = std::min(left(tick.value), width_ - 2 - half);
    text +=
        fmt::format("<path class=\"stroke\" d=\"M{} {}v4\"/>", px(left(tick.value)), px(bottom));
    if (middle - half < free_from) continue;
    free_from = middle + half + 5;
    text += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                        px(middle), px(bottom + 16), escaped(label));
  }
  text += fmt::format("<path class=\"stroke\" d=\"M{} {}H{}\"/>", px(margin_left_), px(bottom),
                      px(right));
  text += fmt::format("<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                      px(right), px(height_ - 6), titled(x_label_, x_ticks_.factor));
  text += fmt::format("<text class=\"axis\" x=\"2\" y=\"13\">{}</text>",
                      titled(y_label_, y_ticks_.factor));
  return text;
}

std::string Chart::str() const {
  // The inner svg cuts the marks at the frame.
  return fmt::format(
      "<svg class=\"chart\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
      "aria-label=\"{8} against {7}\">{6}"
      "<svg x=\"{2}\" y=\"{3}\" width=\"{4}\" height=\"{5}\" viewBox=\"{2} {3} {4} "
      "{5}\">{9}</svg></svg>\n",
      px(width_), px(height_), px(margin_left_), px(margin_top_ - 4),
      px(width_ - margin_left_ - margin_right_ + 4), px(height_ - margin_top_ - margin_bottom_ + 4),
      axes(), escaped(x_label_.name), escaped(y_label_.name), marks_);
}

}  // namespace sonde::report
