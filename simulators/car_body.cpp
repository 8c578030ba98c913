#include "car_body.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace sonde_simulator {

namespace {

const double pi = std::acos(-1.0);

double radians(double degrees) {
  return degrees * pi / 180;
}

// A corner of the silhouette, and the edge from it to the next.
struct Corner {
  Point at;
  double radius;
  double bulge;  // height of the edge's dome, in lengths of its straight part
};

Point between(Point a, Point b, double share) {
  return {a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)};
}

double distance(Point a, Point b) {
  return std::hypot(b.x - a.x, b.y - a.y);
}

void demand(bool holds, const char* what, double value, double limit) {
  if (holds) return;
  char text[200];
  std::snprintf(text, sizeof text, "car: expected %s; got %.6g, the limit being %.6g", what, value,
                limit);
  throw std::domain_error(text);
}

// Where a circle of the corner's radius touches both of its edges, as a distance from the corner.
double reach(Point before, const Corner& corner, Point after) {
  const double a = std::atan2(corner.at.y - before.y, corner.at.x - before.x);
  const double b = std::atan2(after.y - corner.at.y, after.x - corner.at.x);
  return corner.radius * std::tan(std::abs(std::remainder(b - a, 2 * pi)) / 2);
}

// The arc of a rounded corner, from one point of contact to the other.
void add_arc(std::vector<Point>& points, Point before, const Corner& corner, Point after) {
  const int pieces = 48;
  const double a = std::atan2(corner.at.y - before.y, corner.at.x - before.x);
  const double turn =
      std::remainder(std::atan2(after.y - corner.at.y, after.x - corner.at.x) - a, 2 * pi);
  const double back = reach(before, corner, after) / distance(before, corner.at);
  const Point begin = between(corner.at, before, back);
  const double side = turn < 0 ? -1 : 1;
  const Point centre = {begin.x - side * corner.radius * std::sin(a),
                        begin.y + side * corner.radius * std::cos(a)};
  for (int k = 0; k <= pieces; ++k) {
    const double angle = a + turn * k / pieces;
    points.push_back({centre.x + side * corner.radius * std::sin(angle),
                      centre.y - side * corner.radius * std::cos(angle)});
  }
}

// What is left of an edge between two arcs, as a dome that leaves both in their direction: a
// surface that lies along a row of nodes would cross all of them at once.
void add_edge(std::vector<Point>& points, const Corner& begin, const Corner& end, double from,
              double to) {
  const int pieces = 48;
  const double edge = distance(begin.at, end.at), straight = edge - from - to;
  demand(straight >= 0, "rounded corners that fit between their neighbours", straight, 0);
  const Point outward = {(begin.at.y - end.at.y) / edge, (end.at.x - begin.at.x) / edge};
  for (int k = 1; k < pieces; ++k) {
    const double share = double(k) / pieces;
    const double rise = 16 * begin.bulge * straight * std::pow(share * (1 - share), 2);
    const Point on = between(begin.at, end.at, (from + straight * share) / edge);
    points.push_back({on.x + rise * outward.x, on.y + rise * outward.y});
  }
}

std::vector<Point> rounded(const std::vector<Corner>& corners) {
  const std::size_t count = corners.size();
  std::vector<Point> points;
  for (std::size_t k = 0; k < count; ++k) {
    const Corner& before = corners[(k + count - 1) % count];
    const Corner& after = corners[(k + 1) % count];
    const Corner& next = corners[(k + 2) % count];
    add_arc(points, before.at, corners[k], after.at);
    add_edge(points, corners[k], after, reach(before.at, corners[k], after.at),
             reach(corners[k].at, after, next.at));
  }
  return points;
}

std::vector<Corner> corners_of(const CarBody& car) {
  const double windscreen_foot = car.bonnet_length;
  const double roof_begin = windscreen_foot + car.windscreen_run();
  const double roof_end = roof_begin + car.roof_length();
  const double end = CarBody::length;
  const double front = 0.45 * (car.cabin_height - car.bonnet_height);
  const double rear = 0.45 * (car.cabin_height - car.boot_height);
  return {{{0, 0}, car.nose_radius, 0.04},
          {{0, 0.9 * car.bonnet_height}, car.nose_radius, 0.04},
          {{windscreen_foot, car.bonnet_height}, front, 0.04},
          {{roof_begin, car.cabin_height}, front, 0.06},
          {{roof_end, car.cabin_height}, rear, 0.04},
          {{end - car.boot_length, car.boot_height}, rear, 0.04},
          {{end, 0.95 * car.boot_height}, 0.18, 0.04},
          {{end, 0.08}, 0.18, 0.02},
          {{0.75 * end, 0}, 1.0, 0.02}};
}

}  // namespace

double CarBody::windscreen_run() const {
  return (cabin_height - bonnet_height) / std::tan(radians(windscreen_angle));
}

double CarBody::rear_window_run() const {
  return (cabin_height - boot_height) / std::tan(radians(rear_window_angle));
}

double CarBody::roof_length() const {
  return length - bonnet_length - boot_length - windscreen_run() - rear_window_run();
}

Outline silhouette(const CarBody& car) {
  demand(car.roof_length() >= 0.6, "a roof of at least 0.6 m", car.roof_length(), 0.6);
  demand(2 * car.nose_radius <= 0.8 * car.bonnet_height,
         "a nose radius of at most 0.4 of the bonnet's height", car.nose_radius,
         0.4 * car.bonnet_height);
  demand(car.cabin_height >= car.boot_height + 0.3, "a cabin at least 0.3 m above the boot",
         car.cabin_height - car.boot_height, 0.3);
  const double lowest =
      car.ground_clearance - CarBody::length / 2 * std::sin(radians(std::abs(car.incidence)));
  demand(lowest >= 0.15, "both ends at least 0.15 m above the road", lowest, 0.15);

  std::vector<Point> points = rounded(corners_of(car));
  const double lowest_point =
      std::min_element(points.begin(), points.end(), [](Point a, Point b) { return a.y < b.y; })->y;
  for (Point& p : points) p = {p.x - CarBody::length / 2, p.y - lowest_point};
  return Outline(std::move(points))
      .turned(-radians(car.incidence))
      .moved({0, car.ground_clearance});
}

}  // namespace sonde_simulator
