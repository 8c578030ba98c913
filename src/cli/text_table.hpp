#pragma once

#include <string>
#include <vector>

namespace sonde::cli {

/// Columns side by side, each as wide as its widest cell, two blanks between; of a column whose
/// cells below the head are all numbers the cells stand to the right.
std::string text_table(const std::vector<std::vector<std::string>>& rows,
                       const std::string& indent = "  ");

/// Characters on the screen, where the text is UTF-8.
std::size_t shown_width(const std::string& text);

/// Of a text that somebody else wrote what may go to a terminal: characters that steer it, line
/// ends among them, are '?'.
std::string printable(const std::string& text);

/// The same, line by line.
std::string printable_lines(const std::string& text);

/// A number with `digits` significant digits, as short as can be.
std::string shown(double number, int digits = 4);
/// 0.0213 as "2.1 %"; NaN as "-".
std::string shown_percent(double share);
/// 95.2 as "1:35", 4000 as "1:06:40".
std::string shown_time(double seconds);

}  // namespace sonde::cli
