# A blade's root bending moment: thrust rises to the rated speed and is pitched away beyond it.
BEGIN {
  rated = 11.5
  thrust = speed < rated ? speed ^ 2 : rated ^ 2 * exp(-0.09 * (speed - rated))
  c = cos(yaw * 3.141592653589793 / 180)
  gust = 1 + 0.035 * turbulence * (1 + 0.3 * sin(speed / 3))
  printf "LOAD %.9g\n", 18 * thrust * c * c * gust + 0.9 * yaw * speed
}
