#include "sonde/oracle/oracle.hpp"
