/* Debian builds xfoil with traps on floating-point exceptions, which its start-up code turns on by
 * this call; it then dies of SIGFPE on nearly every airfoil. Preloaded, this leaves them off. */
void _gfortran_set_fpe(int mask) {
  (void)mask;
}
