#!/usr/bin/python3
"""The tasks of tests/bench/gp_tasks by scikit-learn: radial Matern 5/2, a length an input, zero mean."""
import warnings

import measure
import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

warnings.simplefilter("ignore")  # of lengths that end at a bound
given = measure.Setting(__doc__)
kernel = ConstantKernel(1.0, measure.BOUNDS) * Matern(np.ones(given.x.shape[1]), measure.BOUNDS, nu=2.5)


def process(optimizer=None):
    return GaussianProcessRegressor(kernel, alpha=given.noise, optimizer=optimizer)


fixed = process().fit(given.x, given.y)
theta = fixed.kernel_.theta
given.measure("evidence", lambda: fixed.log_marginal_likelihood(theta, eval_gradient=True, clone_kernel=False),
              lambda result: f"log_evidence={result[0]:.9g} gradient={np.linalg.norm(result[1]):.9g}")
given.measure("predict", lambda: fixed.predict(given.many, return_std=True),
              lambda result: f"mean_sd={result[1].mean():.6g}")
given.measure("predict_mean", lambda: fixed.predict(given.many),
              lambda result: f"rmse={given.rmse(result[:len(given.y_test)]):.6g}")
x_more, y_more = np.vstack([given.x, given.x_test[:1]]), np.append(given.y, given.y_test[0])
given.measure("append", lambda: process().fit(x_more, y_more))
given.measure("fit", lambda: process("fmin_l_bfgs_b").fit(given.x, given.y),
              lambda result: f"rmse={given.rmse(result.predict(given.x_test)):.6g} "
                             f"log_evidence={result.log_marginal_likelihood_value_:.9g}")
