#ifndef SONDE_ORACLE_PLUGIN_H
#define SONDE_ORACLE_PLUGIN_H

/* What a simulator that is a shared library offers to Sonde: one C function, `sonde_plugin`, that
 * returns a table. Build it with -shared -fPIC and name the file, by its absolute path, in the study
 * ([simulator] kind = "library"). Each evaluation is made in a process of its own, so that a crash
 * in it is one failed run, and limits, time-outs and adoption hold as for programs. */

#ifdef __cplusplus
extern "C" {
#endif

#define SONDE_PLUGIN_VERSION 1

struct sonde_plugin_table {
  int version;                      /* SONDE_PLUGIN_VERSION */
  int inputs;                       /* d */
  int outputs;                      /* m */
  const char* const* input_names;   /* d, as the variables of the study, in any order */
  const char* const* output_names;  /* m, likewise */

  /* y (m) at x (d), in the order of the names; a choice is its place among its values, from 0.
   * 0: done. Otherwise the run has failed, and `message` (of `size` bytes) says why. */
  int (*evaluate)(const double* x, double* y, char* message, unsigned long size);

  /* jacobian (m, d), row-major, likewise; null where there is none. */
  int (*gradient)(const double* x, double* jacobian, char* message, unsigned long size);
};

/* What every plug-in defines. */
const struct sonde_plugin_table* sonde_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
