#include "sonde/oracle/process.hpp"
