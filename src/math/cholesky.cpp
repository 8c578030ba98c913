#include "sonde/math/cholesky.hpp"
