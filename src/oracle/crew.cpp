#include "sonde/oracle/crew.hpp"
