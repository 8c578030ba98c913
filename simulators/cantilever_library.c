/* The cantilever of cantilever.cpp as a plug-in library (see sonde/oracle/plugin.h): inputs, units
 * and displacement as there, and the stress at its root [psi], with the Jacobian.
 *
 *   stress = 600 Y / (w t^2) + 600 X / (w^2 t)
 *
 * Wu, Shin, Sues and Cesare (2001), AIAA 2001-1522. */
#include <math.h>
#include <stdio.h>

#include "sonde/oracle/plugin.h"

static const char* const inputs[] = {"w", "t", "E", "X", "Y"};
static const char* const outputs[] = {"displacement", "stress"};

enum { WIDTH, THICKNESS, MODULUS, LOAD_X, LOAD_Y };

static const double beam_length = 100.0; /* in */

static int evaluate(const double* x, double* y, char* message, unsigned long size) {
  const double w = x[WIDTH], t = x[THICKNESS], e = x[MODULUS];
  const double u = x[LOAD_Y] / (t * t), v = x[LOAD_X] / (w * w);
  if (!(w > 0.0 && t > 0.0 && e > 0.0)) {
    snprintf(message, size, "w, t and E must be above 0, got %g, %g, %g", w, t, e);
    return 1;
  }
  y[0] = 4.0 * pow(beam_length, 3.0) / (e * w * t) * sqrt(u * u + v * v);
  y[1] = 600.0 * x[LOAD_Y] / (w * t * t) + 600.0 * x[LOAD_X] / (w * w * t);
  return 0;
}

static int gradient(const double* x, double* jacobian, char* message, unsigned long size) {
  const double w = x[WIDTH], t = x[THICKNESS], e = x[MODULUS];
  double y[2];
  if (evaluate(x, y, message, size) != 0) return 1;
  const double u = x[LOAD_Y] / (t * t), v = x[LOAD_X] / (w * w);
  const double square = u * u + v * v;
  double* const displacement = jacobian;
  double* const stress = jacobian + 5;
  displacement[WIDTH] = y[0] * (-1.0 / w - 2.0 * v * v / (w * square));
  displacement[THICKNESS] = y[0] * (-1.0 / t - 2.0 * u * u / (t * square));
  displacement[MODULUS] = -y[0] / e;
  displacement[LOAD_X] = y[0] * v / (w * w * square);
  displacement[LOAD_Y] = y[0] * u / (t * t * square);
  stress[WIDTH] = -600.0 * x[LOAD_Y] / (w * w * t * t) - 1200.0 * x[LOAD_X] / (w * w * w * t);
  stress[THICKNESS] = -1200.0 * x[LOAD_Y] / (w * t * t * t) - 600.0 * x[LOAD_X] / (w * w * t * t);
  stress[MODULUS] = 0.0;
  stress[LOAD_X] = 600.0 / (w * w * t);
  stress[LOAD_Y] = 600.0 / (w * t * t);
  return 0;
}

static const struct sonde_plugin_table table = {SONDE_PLUGIN_VERSION, 5,        2, inputs, outputs,
                                                evaluate,             gradient};

const struct sonde_plugin_table* sonde_plugin(void) {
  return &table;
}
