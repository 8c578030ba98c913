// Of a target without a source no head is precompiled.
#include "support/catch.hpp"
