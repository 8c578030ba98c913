#include "sonde/space/domain.hpp"
