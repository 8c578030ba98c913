#include "sonde/gp/surrogate.hpp"
