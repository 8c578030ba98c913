#include "sonde/query/criteria.hpp"
