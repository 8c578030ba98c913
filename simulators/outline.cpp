#include "outline.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace sonde_simulator {

Outline::Outline(std::vector<Point> points) : points_(std::move(points)) {
  if (points_.size() < 3) throw std::invalid_argument("Outline: expected at least 3 points");
}

std::vector<double> Outline::crossings(double y) const {
  std::vector<double> found;
  Point a = points_.back();
  for (const Point b : points_) {
    // Half open: a vertex on the line counts for one of its two pieces.
    if ((a.y <= y) != (b.y <= y)) found.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
    a = b;
  }
  std::sort(found.begin(), found.end());
  return found;
}

double Outline::first_meeting(Point from, Point to) const {
  double first = 2;
  const double wx = to.x - from.x, wy = to.y - from.y;
  Point a = points_.back();
  double side_a = wx * (a.y - from.y) - wy * (a.x - from.x);
  for (const Point b : points_) {
    const double side_b = wx * (b.y - from.y) - wy * (b.x - from.x);
    if ((side_a <= 0) != (side_b <= 0)) {
      const double share = side_a / (side_a - side_b);
      const double x = a.x + share * (b.x - a.x), y = a.y + share * (b.y - a.y);
      const double along = ((x - from.x) * wx + (y - from.y) * wy) / (wx * wx + wy * wy);
      if (along >= 0 && along <= 1) first = std::min(first, along);
    }
    a = b;
    side_a = side_b;
  }
  return first;
}

Outline Outline::turned(double radians) const {
  std::vector<Point> points = points_;
  const double c = std::cos(radians), s = std::sin(radians);
  for (Point& p : points) p = {c * p.x - s * p.y, s * p.x + c * p.y};
  return Outline(std::move(points));
}

Outline Outline::scaled(double factor) const {
  std::vector<Point> points = points_;
  for (Point& p : points) p = {factor * p.x, factor * p.y};
  return Outline(std::move(points));
}

Outline Outline::moved(Point by) const {
  std::vector<Point> points = points_;
  for (Point& p : points) p = {p.x + by.x, p.y + by.y};
  return Outline(std::move(points));
}

Outline circle(Point centre, double radius) {
  const int count = 4096;
  const double step = 2 * std::acos(-1.0) / count;
  std::vector<Point> points;
  for (int i = 0; i < count; ++i)
    points.push_back(
        {centre.x + radius * std::cos(i * step), centre.y + radius * std::sin(i * step)});
  return Outline(std::move(points));
}

}  // namespace sonde_simulator
