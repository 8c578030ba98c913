#include "export/c99_core.hpp"

namespace sonde::c99 {

const std::string_view core_types = R"(
/* What one process sees of an input: 0 (x - start) / range, 1 the same of its logarithm,
   2 an indicator for each of its labels. */
struct @__input {
  int kind;
  int labels;
  double least;
  double start;
  double range;
};

/* One Gaussian process of a stack. Lower triangles are stored by rows, without their zeros. */
struct @__process {
  double weight;
  int transform;              /* 0 z is y, 1 its square root, 2 its logarithm */
  double z_shift;             /* z = z_shift + z_scale * what the process predicts */
  double z_scale;
  double z_top;               /* where z is not y, its mean is cut here */
  const struct @__input *inputs;
  int features;
  int correlation;            /* 0 Matern 3/2, 1 Matern 5/2, 2 squared exponential; */
  int form;                   /* 0 of the distance, 1 a product over the features, 2 ANOVA */
  const double *share;        /* (features) of ANOVA: the product of 1 + share (k - 1) */
  double linear;              /* variance of the slopes of a straight line beside; 0: none */
  double variance;
  const double *bend;         /* (features) c of ln(1 + (e^c - 1) u) / c; 0: as they are */
  const double *scale;        /* (features) they are multiplied by it, then */
  int points;
  const double *at;           /* (points, features), bent and multiplied */
  const double *alpha;        /* (points) */
  const double *factor;       /* (points, points) lower Cholesky factor L of the covariance */
  int terms;                  /* of the trend */
  const int *term;            /* (terms, 2) features whose product it is; -1: one */
  const double *coefficient;  /* (terms) */
  const double *half_trend;   /* (points, terms) Q of L^-1 H = Q R, H the terms at the points */
  const double *root;         /* (terms, terms) R', lower */
  int alternatives;           /* means with other parameters: see @__scattered */
  const struct @__process *alternative;
};

/* The processes of one output, and the most doubt that is inside and edge. */
struct @__response {
  int processes;
  const struct @__process *process;
  double inside;
  double edge;
};

/* What is known of z at a point. */
struct @__marginal {
  double mean;
  double variance;
  double own_variance; /* without what the uncertainty of the parameters adds */
  double mean_gradient[@@_INPUTS];
  double variance_gradient[@@_INPUTS];
};
)";

const std::string_view core_functions = R"(
static void @__features(const struct @__process *p, const double *x, double *u) {
  for (int j = 0; j < @@_INPUTS; ++j) {
    const struct @__input *input = p->inputs + j;
    if (input->kind == 2) {
      int label = 0;
      for (int l = 1; l < input->labels; ++l) {
        if (x[j] >= l - 0.5) label = l;
      }
      for (int l = 0; l < input->labels; ++l) *u++ = l == label ? sqrt(0.5) : 0.0;
    } else if (input->kind == 1) {
      *u++ = (log(x[j] < input->least ? input->least : x[j]) - input->start) / input->range;
    } else {
      *u++ = (x[j] - input->start) / input->range;
    }
  }
}

/* A gradient in the features as one in the inputs. */
static void @__in_inputs(const struct @__process *p, const double *x, const double *u,
                         double *gradient) {
  for (int j = 0; j < @@_INPUTS; ++j) {
    const struct @__input *input = p->inputs + j;
    if (input->kind == 2) {
      gradient[j] = 0.0;
      u += input->labels;
    } else if (input->kind == 1) {
      gradient[j] = x[j] < input->least ? 0.0 : *u / (input->range * x[j]);
      ++u;
    } else {
      gradient[j] = *u++ / input->range;
    }
  }
}

/* (e^c - 1) / c: how steep a bent feature rises at 0; at 1 it is that of -c. */
static double @__rise(double c) {
  return c == 0.0 ? 1.0 : expm1(c) / c;
}

/* Features as the correlation takes them, and their slopes in u. */
static void @__scaled(const struct @__process *p, const double *u, double *scaled, double *by) {
  for (int r = 0; r < p->features; ++r) {
    const double c = p->bend ? p->bend[r] : 0.0;
    double bent = u[r];
    double slope = 1.0;
    if (c != 0.0 && u[r] < 0.0) {
      slope = @__rise(c);
      bent = slope * u[r];
    } else if (c != 0.0 && u[r] > 1.0) {
      slope = @__rise(-c);
      bent = 1.0 + slope * (u[r] - 1.0);
    } else if (c != 0.0) {
      const double growth = expm1(c) * u[r];
      bent = log1p(growth) / c;
      slope = @__rise(c) / (1.0 + growth);
    }
    scaled[r] = p->scale[r] * bent;
    by[r] = p->scale[r] * slope;
  }
}

/* Correlation of z and a point, and its slope in z where that is wanted. */
static double @__radial(const struct @__process *p, const double *z, const double *at,
                        double *slope) {
  double s = 0.0;
  double value = 0.0;
  double by_s = 0.0;
  for (int r = 0; r < p->features; ++r) s += (z[r] - at[r]) * (z[r] - at[r]);
  const double t = sqrt(s);
  switch (p->correlation) {
    case 0:
      value = (1.0 + t) * exp(-t);
      by_s = -0.5 * exp(-t);
      break;
    case 1:
      value = (1.0 + t + s / 3.0) * exp(-t);
      by_s = -(1.0 + t) / 6.0 * exp(-t);
      break;
    default:
      value = exp(-0.5 * s);
      by_s = -0.5 * value;
  }
  if (!(s < 1e300)) value = by_s = s == s ? 0.0 : s;
  for (int r = 0; slope && r < p->features; ++r) slope[r] = 2.0 * by_s * (z[r] - at[r]);
  return value;
}

static double @__product(const struct @__process *p, const double *z, const double *at,
                         double *slope) {
  double value = 1.0;
  for (int r = 0; r < p->features;) {
    double factor = 1.0;
    double sum = 0.0;
    for (const int end = r + 32 < p->features ? r + 32 : p->features; r < end; ++r) {
      const double distance = fabs(z[r] - at[r]);
      const double t = distance > 800.0 ? 800.0 : distance;
      factor *= p->correlation == 0 ? 1.0 + t : 1.0 + t * (1.0 + t / 3.0);
      sum += t;
    }
    value *= factor * exp(-sum);
  }
  for (int r = 0; slope && r < p->features; ++r) {
    const double t = fabs(z[r] - at[r]);
    const double decline =
        p->correlation == 0 ? t / (1.0 + t) : t * (1.0 + t) / (3.0 + t * (3.0 + t));
    slope[r] = z[r] < at[r] ? value * decline : -value * decline;
  }
  return value;
}

/* k at the distance t of one feature, and -dk/dt. */
static double @__single(int correlation, double t, double *fall) {
  switch (correlation) {
    case 0:
      *fall = t * exp(-t);
      return (1.0 + t) * exp(-t);
    case 1:
      *fall = t * (1.0 + t) / 3.0 * exp(-t);
      return (1.0 + t * (1.0 + t / 3.0)) * exp(-t);
    default:
      *fall = t * exp(-0.5 * t * t);
      return exp(-0.5 * t * t);
  }
}

static double @__anova(const struct @__process *p, const double *z, const double *at,
                       double *slope) {
  double change[@@__FEATURES];
  double fall[@@__FEATURES];
  double value = 1.0;
  for (int r = 0; r < p->features; ++r) {
    const double distance = fabs(z[r] - at[r]);
    const double t = distance > 800.0 ? 800.0 : distance;
    change[r] = p->share[r] * (@__single(p->correlation, t, fall + r) - 1.0);
    if (slope) slope[r] = (z[r] < at[r] ? value : -value) * p->share[r] * fall[r];
    value += value * change[r];
  }
  double after = 1.0;
  for (int r = p->features - 1; slope && r >= 0; --r) {
    slope[r] *= after;
    after += after * change[r];
  }
  return value;
}

/* The straight line: about the centre of what the correlation takes, before it is multiplied. */
static double @__line(const struct @__process *p, const double *z, const double *at,
                      double *slope) {
  double sum = 0.0;
  for (int r = 0; r < p->features; ++r) {
    const double there = at[r] / p->scale[r] - 0.5;
    sum += (z[r] / p->scale[r] - 0.5) * there;
    if (slope) slope[r] += p->linear * there / p->scale[r];
  }
  return p->linear * sum;
}

static double @__correlated(const struct @__process *p, const double *z, int i, double *slope) {
  const double *at = p->at + (long)i * p->features;
  const double value = p->form == 0   ? @__radial(p, z, at, slope)
                       : p->form == 1 ? @__product(p, z, at, slope)
                                      : @__anova(p, z, at, slope);
  return p->linear > 0.0 ? value + @__line(p, z, at, slope) : value;
}

/* b becomes the solution of L y = b, or of L' y = b. */
static void @__solve(const double *lower, int n, double *b) {
  for (int i = 0; i < n; ++i) {
    double sum[4] = {0.0}; /* four at a time: one would wait for the one before */
    int j = 0;
    for (; j + 4 <= i; j += 4) {
      for (int k = 0; k < 4; ++k) sum[k] += lower[j + k] * b[j + k];
    }
    for (; j < i; ++j) sum[0] += lower[j] * b[j];
    b[i] = (b[i] - ((sum[0] + sum[1]) + (sum[2] + sum[3]))) / lower[i];
    lower += i + 1;
  }
}

static void @__solve_transposed(const double *lower, int n, double *b) {
  const double *row = lower + (long)n * (n + 1) / 2;
  for (int i = n - 1; i >= 0; --i) {
    row -= i + 1;
    b[i] /= row[i];
    for (int j = 0; j < i; ++j) b[j] -= row[j] * b[i];
  }
}

static double @__term(const struct @__process *p, int k, const double *u) {
  const int first = p->term[2 * k];
  const int second = p->term[2 * k + 1];
  return (first < 0 ? 1.0 : u[first]) * (second < 0 ? 1.0 : u[second]);
}

/* Adds by times the gradient of a term. */
static void @__add_term_slope(const struct @__process *p, int k, const double *u, double by,
                              double *slope) {
  const int first = p->term[2 * k];
  const int second = p->term[2 * k + 1];
  if (first >= 0) slope[first] += by * (second < 0 ? 1.0 : u[second]);
  if (second >= 0) slope[second] += by * u[first];
}

/* t = R'^-1 h - Q' half: its squares are what the trend adds to the variance. */
static void @__trend_row(const struct @__process *p, const double *u, const double *half,
                         double *t) {
  for (int k = 0; k < p->terms; ++k) t[k] = @__term(p, k, u);
  @__solve(p->root, p->terms, t);
  for (int i = 0; i < p->points; ++i) {
    for (int k = 0; k < p->terms; ++k) t[k] -= p->half_trend[(long)i * p->terms + k] * half[i];
  }
}

/* The weights w such that w' dk + 2 c' dh is the slope of the variance; t becomes c. */
static void @__variance_weights(const struct @__process *p, double *half, double *t) {
  for (int i = 0; i < p->points; ++i) {
    for (int k = 0; k < p->terms; ++k) half[i] += p->half_trend[(long)i * p->terms + k] * t[k];
  }
  @__solve_transposed(p->factor, p->points, half);
  for (int i = 0; i < p->points; ++i) half[i] *= -2.0 * p->variance;
  @__solve_transposed(p->root, p->terms, t);
}

/* The mean at features u; half becomes the covariances with the points. */
static double @__mean(const struct @__process *p, const double *u, const double *scaled,
                      double *half) {
  double mean = 0.0;
  double lost = 0.0; /* by rounding: large terms cancel (Neumaier, 1974) */
  for (int i = 0; i < p->points; ++i) {
    half[i] = p->variance * @__correlated(p, scaled, i, 0);
    const double term = half[i] * p->alpha[i];
    const double sum = mean + term;
    lost += fabs(mean) >= fabs(term) ? (mean - sum) + term : (term - sum) + mean;
    mean = sum;
  }
  mean += lost;
  for (int k = 0; k < p->terms; ++k) mean += p->coefficient[k] * @__term(p, k, u);
  return mean;
}

/* Adds the slope of the mean, in the features. */
static void @__add_mean_slope(const struct @__process *p, const double *u, const double *scaled,
                              const double *by, double *mean_slope) {
  double slope[@@__FEATURES];
  for (int i = 0; i < p->points; ++i) {
    @__correlated(p, scaled, i, slope);
    for (int r = 0; r < p->features; ++r)
      mean_slope[r] += p->variance * p->alpha[i] * by[r] * slope[r];
  }
  for (int k = 0; k < p->terms; ++k) @__add_term_slope(p, k, u, p->coefficient[k], mean_slope);
}

/* What the uncertainty of the parameters adds to the variance: how far the means with others lie
   from the mean, squared. Adds its slope where that is wanted. */
static double @__scattered(const struct @__process *p, const double *u, double mean,
                           const double *mean_slope, double *variance_slope) {
  double scaled[@@__FEATURES];
  double by[@@__FEATURES];
  double slope[@@__FEATURES];
  double half[@@__POINTS];
  double scatter = 0.0;
  for (int a = 0; a < p->alternatives; ++a) {
    const struct @__process *other = p->alternative + a;
    @__scaled(other, u, scaled, by);
    const double off = @__mean(other, u, scaled, half) - mean;
    scatter += off * off;
    if (!variance_slope) continue;
    for (int r = 0; r < p->features; ++r) slope[r] = 0.0;
    @__add_mean_slope(other, u, scaled, by, slope);
    for (int r = 0; r < p->features; ++r)
      variance_slope[r] += 2.0 * off * (slope[r] - mean_slope[r]);
  }
  return scatter;
}

/* What a process says of z: 0 its mean, 1 its variance as well, 2 and the gradient of the mean,
   3 and that of the variance. */
static void @__at(const struct @__process *p, const double *x, int wanted,
                  struct @__marginal *z) {
  double u[@@__FEATURES];
  double scaled[@@__FEATURES];
  double by[@@__FEATURES];
  double half[@@__POINTS];
  double t[@@__TERMS];
  double slope[@@__FEATURES];
  double mean_slope[@@__FEATURES] = {0.0};
  double variance_slope[@@__FEATURES] = {0.0};
  @__features(p, x, u);
  @__scaled(p, u, scaled, by);
  const double mean = @__mean(p, u, scaled, half);
  z->mean = mean * p->z_scale + p->z_shift;
  const int cut = z->mean > p->z_top;
  if (cut) z->mean = p->z_top;
  if (wanted == 0) return;

  @__solve(p->factor, p->points, half);
  @__trend_row(p, u, half, t);
  double explained = 0.0;
  for (int i = 0; i < p->points; ++i) explained += half[i] * half[i];
  double variance = p->variance - explained;
  if (p->linear > 0.0) variance += p->variance * @__line(p, scaled, scaled, 0);
  for (int k = 0; k < p->terms; ++k) variance += t[k] * t[k];
  if (variance < 0.0) variance = 0.0;
  z->own_variance = variance * p->z_scale * p->z_scale;
  if (wanted > 1) @__add_mean_slope(p, u, scaled, by, mean_slope);
  variance += @__scattered(p, u, mean, mean_slope, wanted == 3 ? variance_slope : 0);
  z->variance = variance * p->z_scale * p->z_scale;
  if (wanted == 1) return;

  if (wanted == 3) {
    @__variance_weights(p, half, t);
    for (int i = 0; i < p->points; ++i) {
      @__correlated(p, scaled, i, slope);
      for (int r = 0; r < p->features; ++r) variance_slope[r] += half[i] * by[r] * slope[r];
    }
    if (p->linear > 0.0) {
      for (int r = 0; r < p->features; ++r) slope[r] = 0.0;
      @__line(p, scaled, scaled, slope);
      for (int r = 0; r < p->features; ++r)
        variance_slope[r] += 2.0 * p->variance * by[r] * slope[r];
    }
    for (int k = 0; k < p->terms; ++k) @__add_term_slope(p, k, u, 2.0 * t[k], variance_slope);
  }
  for (int r = 0; r < p->features; ++r) {
    mean_slope[r] *= cut ? 0.0 : p->z_scale;
    variance_slope[r] *= p->z_scale * p->z_scale;
  }
  @__in_inputs(p, x, mean_slope, z->mean_gradient);
  @__in_inputs(p, x, variance_slope, z->variance_gradient);
}

/* From z to y: mean and variance, their slopes in those of z, in closed form. */
struct @__moments {
  double mean, variance, mean_by_m, mean_by_v, variance_by_m, variance_by_v;
};

static struct @__moments @__carried_back(int transform, double m, double v) {
  struct @__moments y = {m, v, 1.0, 0.0, 0.0, 1.0};
  if (transform == 1) {
    y.mean = m * m + v;
    y.variance = 2.0 * v * (v + 2.0 * m * m);
    y.mean_by_m = 2.0 * m;
    y.mean_by_v = 1.0;
    y.variance_by_m = 8.0 * m * v;
    y.variance_by_v = 4.0 * (v + m * m);
  } else if (transform == 2) {
    const double by_m = m < 300.0 ? 1.0 : 0.0; /* the square of what follows stays a double */
    const double by_v = v < 3.0 ? 1.0 : 0.0; /* beyond, exp(v / 2) says nothing about y */
    const double cut = v < 3.0 ? v : 3.0;
    y.mean = exp((m < 300.0 ? m : 300.0) + 0.5 * cut);
    y.variance = expm1(cut) * y.mean * y.mean;
    y.mean_by_m = by_m * y.mean;
    y.mean_by_v = by_v * 0.5 * y.mean;
    y.variance_by_m = by_m * 2.0 * y.variance;
    y.variance_by_v = by_v * (2.0 * expm1(cut) + 1.0) * y.mean * y.mean;
  }
  return y;
}

/* The mixture of the processes: what is wanted has a place. Returns the doubt. */
static double @__mixed(const struct @__response *r, const double *x, double *mean, double *sd,
                       double *mean_gradient, double *sd_gradient) {
  struct @__marginal z[@@__PROCESSES];
  struct @__moments y[@@__PROCESSES];
  const int slopes = mean_gradient || sd_gradient;
  double doubt = 0.0;
  double center = 0.0;
  double variance = 0.0;
  for (int k = 0; k < r->processes; ++k) {
    const struct @__process *p = r->process + k;
    const int curved = p->transform != 0;
    @__at(p, x, slopes ? (sd_gradient || curved ? 3 : 2) : (sd || curved ? 1 : 0), z + k);
    if (!slopes && !sd && !curved) z[k].variance = z[k].own_variance = 0.0;
    y[k] = @__carried_back(p->transform, z[k].mean, z[k].variance);
    doubt += p->weight * z[k].own_variance / (p->variance * p->z_scale * p->z_scale);
    center += p->weight * y[k].mean;
  }
  for (int k = 0; k < r->processes; ++k) {
    const double off = y[k].mean - center;
    variance += r->process[k].weight * (y[k].variance + off * off);
  }
  const double deviation = sqrt(variance);
  if (mean) *mean = center;
  if (sd) *sd = deviation;
  for (int j = 0; slopes && j < @@_INPUTS; ++j) {
    double by_mean = 0.0;
    double by_variance = 0.0;
    for (int k = 0; k < r->processes; ++k) {
      const double m = z[k].mean_gradient[j];
      const double v = sd_gradient || r->process[k].transform ? z[k].variance_gradient[j] : 0.0;
      const double slope = y[k].mean_by_m * m + y[k].mean_by_v * v;
      by_mean += r->process[k].weight * slope;
      by_variance += r->process[k].weight * (y[k].variance_by_m * m + y[k].variance_by_v * v +
                                             2.0 * (y[k].mean - center) * slope);
    }
    if (mean_gradient) mean_gradient[j] = by_mean;
    if (sd_gradient) sd_gradient[j] = deviation > 0.0 ? 0.5 * by_variance / deviation : 0.0;
  }
  return doubt;
}

static enum @_trust @__judged(const struct @__response *r, const double *x, double doubt) {
  for (int j = 0; j < @@_INPUTS; ++j) {
    if (!(x[j] >= @__bounds[j][0] && x[j] <= @__bounds[j][1])) return @@_EXTRAPOLATION;
  }
  if (!(doubt <= r->edge)) return @@_EXTRAPOLATION;
  return doubt <= r->inside ? @@_INSIDE : @@_EDGE;
}
)";

}  // namespace sonde::c99
