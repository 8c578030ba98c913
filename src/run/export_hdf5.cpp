#include "sonde/run/export_hdf5.hpp"
