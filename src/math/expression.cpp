#include "sonde/math/expression.hpp"
