#include "sonde/run/campaign.hpp"
