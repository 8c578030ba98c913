#include "sonde/run/journal.hpp"
