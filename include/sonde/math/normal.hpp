#pragma once

namespace sonde {

double normal_pdf(double z);
double normal_cdf(double z);       ///< relative accuracy also in the lower tail
double normal_log_cdf(double z);   ///< finite for every finite z
double normal_quantile(double p);  ///< \pre 0 < p < 1

}  // namespace sonde
