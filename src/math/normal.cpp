#include "sonde/math/normal.hpp"
