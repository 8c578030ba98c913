# Counterflow heat exchanger, hot water in a tube and cold water around it, by effectiveness and number
# of transfer units (Kays and London, 1984). Reads lines "name = value" in kg/s, m and mm.
{ v[$1] = $3 }
END {
  diameter = v["diameter"] / 1000; wall = (v["material"] == "copper") ? 390 : 16    # m, W/(m K)
  reynolds = 4 * v["hot"] / (3.14159265 * diameter * 5e-4)
  if (reynolds < 4000) { print "WARNING: flow is not turbulent, results are not valid"; exit 0 }
  inside = 0.023 * reynolds ^ 0.8 * 3.5 ^ 0.4 * 0.64 / diameter                     # W/(m2 K)
  transfer = 1 / (1 / inside + 0.002 / wall + 1 / (2500 * v["cold"] ^ 0.8))
  least = 4180 * (v["hot"] < v["cold"] ? v["hot"] : v["cold"])                      # W/K
  ratio = least / (4180 * (v["hot"] < v["cold"] ? v["cold"] : v["hot"]))
  units = transfer * 3.14159265 * diameter * v["length"] / least
  decay = exp(-units * (1 - ratio))
  effectiveness = (ratio < 1) ? (1 - decay) / (1 - ratio * decay) : units / (1 + units)
  printf "TUBE  %.6g mm\n", v["diameter"]
  printf "DUTY  %.9g kW\n", least * effectiveness * 65 / 1000
  printf "DROP  %.9g kPa\n", 0.184 * reynolds ^ -0.2 * v["length"] * 8e-6 * v["hot"] ^ 2 / (9.8696044 * diameter ^ 5)
}
