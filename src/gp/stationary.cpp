#include "sonde/gp/stationary.hpp"
