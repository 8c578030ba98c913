#include "sonde/run/run.hpp"
