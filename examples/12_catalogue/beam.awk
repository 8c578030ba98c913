# Cantilever of rectangular section, in mm and m: sag of the tip under its weight and 50 N.
{ value[$1] = $2 }
END {
  e = value["material"] == "steel" ? 210e9 : 69e9        # Pa
  rho = value["material"] == "steel" ? 7850 : 2700       # kg/m3
  b = value["width"] / 1000; h = value["height"] / 1000; l = value["length"]
  stiffness = e * b * h^3 / 12
  weight = rho * b * h * 9.81                            # N/m
  printf "SAG %.9g\n", 1000 * (weight * l^4 / 8 + 50 * l^3 / 3) / stiffness
}
