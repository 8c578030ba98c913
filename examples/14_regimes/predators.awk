# Predators y and their prey x, by Rosenzweig & MacArthur (1963):
#   x' = x (1 - x / capacity) - x y / (1 + x)        y' = x y / (1 + x) - mortality y
# from x = y = 0.5 to t = 1200, in logarithms, by the classical Runge-Kutta method.
#   awk -f predators.awk CAPACITY MORTALITY
function prey(u, v)     { return 1 - exp(u) / capacity - exp(v) / (1 + exp(u)) }
function predator(u, v) { return exp(u) / (1 + exp(u)) - mortality }
BEGIN {
  capacity = ARGV[1]; mortality = ARGV[2]
  u = v = log(0.5); h = 0.05; steps = 1200 / h
  least = 1e9; most = sum = n = rises = 0
  for (i = 0; i < steps; i++) {
    a1 = prey(u, v);                           b1 = predator(u, v)
    a2 = prey(u + h * a1 / 2, v + h * b1 / 2); b2 = predator(u + h * a1 / 2, v + h * b1 / 2)
    a3 = prey(u + h * a2 / 2, v + h * b2 / 2); b3 = predator(u + h * a2 / 2, v + h * b2 / 2)
    a4 = prey(u + h * a3, v + h * b3);         b4 = predator(u + h * a3, v + h * b3)
    u += h * (a1 + 2 * a2 + 2 * a3 + a4) / 6
    v += h * (b1 + 2 * b2 + 2 * b3 + b4) / 6
    if (i < 3 * steps / 4) continue
    y = exp(v); sum += y; n++
    if (n == 1) first = y
    if (y < least) least = y
    if (y > most) most = y
    if (n > 1 && before < first && y >= first) rises++   # a cycle comes by where it began
    before = y
  }
  mean = sum / n
  dying = mean < 1e-3 || (rises == 0 && y < 0.7 * first)
  regime = dying ? "extinct" : (rises > 1 && most - least > 0.1 * mean ? "cycles" : "steady")
  printf "{\"y\": {\"regime\": \"%s\", \"predators\": %.6g}}\n", regime, mean
}
