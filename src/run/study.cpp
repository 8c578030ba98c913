#include "sonde/run/study.hpp"
