#include "sonde/run/stop.hpp"
