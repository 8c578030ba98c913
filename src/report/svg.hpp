#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Small charts as SVG text. Colours and strokes are those of the CSS classes that callers name.
namespace sonde::report {

/// Safe between tags and in quoted attributes.
std::string escaped(std::string_view text);

/// At most so many letters, with an ellipsis where some are missing.
std::string shortened(const std::string& text, double letters);

/// So many significant digits, powers of ten as people write them; whole numbers whole.
std::string number(double value, int digits = 4);

/// Text of a coordinate on the page: a tenth of a pixel.
std::string px(double value);

/// What an axis spans. \pre lower < upper, both finite; lower > 0 where log
struct Range {
  double lower = 0.0;
  double upper = 1.0;
  bool log = false;

  double part(double value) const;  ///< 0 at lower, 1 at upper
};

/// Holds all finite values, with a margin of this part of their extent; some range where there are
/// none. A log one looks at those above zero.
Range covering(std::span<const double> values, bool log = false, double margin = 0.05);

struct Tick {
  double value;
  std::string label;
};

struct Ticks {
  std::vector<Tick> at{};
  std::string factor{};  ///< what all labels are to be multiplied by, "\u00d710\u2076", or nothing
};

/// Round numbers, about `count` of them.
Ticks ticks(const Range& range, int count);

struct AxisLabel {
  std::string name{};
  std::string unit = "1";
  bool whole = false;                     ///< no ticks between whole numbers
  std::vector<std::string> categories{};  ///< at 0, 1, ...: labels instead of numbers
};

/// A picture with two axes. Marks are given in the units of the axes and cut at the frame.
class Chart {
 public:
  Chart(double width, double height, Range x, AxisLabel x_label, Range y, AxisLabel y_label);

  void line(std::span<const double> x, std::span<const double> y, std::string_view css);
  /// Between `lower` and `upper`; interrupted where a value is NaN, as lines are.
  void band(std::span<const double> x, std::span<const double> lower, std::span<const double> upper,
            std::string_view css);
  void dot(double x, double y, double radius, std::string_view css, std::string_view title = {});
  void bar(double x, double lower, double upper, std::string_view css);  ///< a vertical stroke
  void shade(double from, double to, std::string_view css);              ///< all heights

  std::string str() const;

 private:
  double left(double x) const;
  double top(double y) const;
  std::string axes() const;

  double width_, height_, margin_left_, margin_right_, margin_top_ = 26, margin_bottom_ = 40;
  Range x_, y_;
  AxisLabel x_label_, y_label_;
  Ticks x_ticks_, y_ticks_;
  std::string marks_{};
};

}  // namespace sonde::report
