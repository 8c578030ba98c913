#include "sonde/gp/kernel.hpp"
