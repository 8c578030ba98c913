#include "sonde/gp/fit.hpp"
