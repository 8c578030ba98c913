#pragma once

#include "outline.hpp"

namespace sonde_simulator {

/// A saloon car from the side, 4 m long, nose to the left. Lengths in m, angles in degrees; heights
/// are above the floor of the body.
struct CarBody {
  static constexpr double length = 4.0;
  double bonnet_length = 1.1, bonnet_height = 0.6;  ///< the height where the windscreen begins
  double cabin_height = 1.15;
  double boot_length = 0.7, boot_height = 0.7;           ///< the height where the rear window ends
  double windscreen_angle = 40, rear_window_angle = 40;  ///< from the horizontal
  double nose_radius = 0.2;                              ///< of both front corners
  double ground_clearance = 0.35;                        ///< below the middle of the body
  double incidence = 0;                                  ///< nose up

  double windscreen_run() const;   ///< horizontal extent of the windscreen
  double rear_window_run() const;  ///< and of the rear window
  double roof_length() const;      ///< what is left between them
};

/// The body above a road at y = 0, its middle at x = 0. Corners are rounded, and no surface is
/// exactly straight: roof and bonnet are crowned, the floor bellies by 3 cm.
///
/// \throws std::domain_error where the parts do not fit together; the message names the condition.
Outline silhouette(const CarBody& body);

}  // namespace sonde_simulator
