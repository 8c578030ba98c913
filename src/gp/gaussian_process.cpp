#include "sonde/gp/gaussian_process.hpp"
