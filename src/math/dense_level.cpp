#include "math/dense.hpp"
