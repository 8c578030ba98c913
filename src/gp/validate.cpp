#include "sonde/gp/validate.hpp"
