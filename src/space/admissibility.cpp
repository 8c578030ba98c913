#include "sonde/space/design.hpp"
