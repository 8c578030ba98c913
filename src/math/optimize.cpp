#include "sonde/math/optimize.hpp"
