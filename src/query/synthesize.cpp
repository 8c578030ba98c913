#include "sonde/query/synthesize.hpp"
