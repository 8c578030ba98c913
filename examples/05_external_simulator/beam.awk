# Deflection and stress at the root of a cantilever under a load at its tip, by Timoshenko's formulas.
# Reads lines "name = value" in N and mm.
{ v[$1] = $3 }
END {
  E = (v["material"] == "steel") ? 210000 : 70000                     # N/mm2
  I = v["width"] * v["height"] ^ 3 / 12                               # mm4
  bending = v["load"] * v["length"] ^ 3 / (3 * E * I)
  shear = v["load"] * v["length"] / (5 / 6 * v["width"] * v["height"] * E / 2.6)
  if (bending > 0.3 * v["length"]) { print "WARNING: beyond small deflections"; exit 0 }
  printf "height     %.6g mm\n", v["height"]
  printf "deflection %.9g mm\n", bending + shear
  printf "stress     %.9g MPa\n", v["load"] * v["length"] * v["height"] / (2 * I)
}
