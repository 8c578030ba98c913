#pragma once

#include <vector>

namespace sonde_simulator {

/// A point of the plane.
struct Point {
  double x = 0, y = 0;
};

/// A closed curve given by many points on it, joined by straight pieces.
class Outline {
 public:
  /// \param points  along the curve, at least 3; the last is joined to the first
  explicit Outline(std::vector<Point> points);

  const std::vector<Point>& points() const { return points_; }

  /// Where the horizontal line at height `y` crosses the curve, ascending; between the first and
  /// the second crossing lies inside, and so on.  Cost: O(points).
  std::vector<double> crossings(double y) const;

  /// Share of the way from `from` to `to` at which the curve is first met, 0 to 1; above 1 where it
  /// is not met.  Cost: O(points).
  double first_meeting(Point from, Point to) const;

  /// The same curve, every point turned by `radians` about the origin (anticlockwise), then scaled,
  /// then moved.
  Outline turned(double radians) const;
  Outline scaled(double factor) const;
  Outline moved(Point by) const;

 private:
  std::vector<Point> points_;
};

/// A circle by 4096 points: its area is short of the true one by 4e-7.
Outline circle(Point centre, double radius);

}  // namespace sonde_simulator
