"""What the scripts beside this share: tables, CPU time, one line a task as tests/bench/gp_tasks prints it."""
import argparse
import os

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"  # before numpy is loaded

import pathlib
import statistics
import sys
import time

import numpy as np

PREDICTIONS = 10000
BOUNDS = (np.exp(-5.0), np.exp(5.0))  # of variance and lengths


def check_blas():
    loaded = pathlib.Path("/proc/self/maps").read_text()
    if not any(name in loaded for name in ("openblas", "blis", "mkl", "atlas")):
        print("the reference BLAS is in use, several times slower; install libopenblas0-pthread", file=sys.stderr)


class Setting:
    def __init__(self, description):
        check_blas()
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("train", help="CSV file with a head; the last column is the output")
        parser.add_argument("test")
        parser.add_argument("--tasks", default="evidence,predict,predict_mean,append,fit")
        parser.add_argument("--repeats", type=int, default=11)
        parser.add_argument("--seconds", type=float, default=60.0, help="a task, at most; one call is always made")
        options = parser.parse_args()
        self.x, self.y = table(options.train)
        self.x_test, self.y_test = table(options.test)
        self.tasks, self.repeats, self.seconds = options.tasks.split(","), options.repeats, options.seconds
        self.noise = 1e-10 * self.y.var()
        # The test points over and over.
        self.many = self.x_test[np.arange(PREDICTIONS) % len(self.x_test)]

    def rmse(self, mean):
        return float(np.sqrt(np.mean((np.ravel(mean) - self.y_test) ** 2)))

    def measure(self, task, act, say=lambda result: ""):
        """Median CPU seconds. The first call warms up, unless it alone is a tenth of the time."""
        if task not in self.tasks:
            return
        taken, total, warm = [], 0.0, False
        while len(taken) < self.repeats and total < self.seconds:
            begin = time.process_time()
            result = act()
            once = time.process_time() - begin
            total += once
            if warm or once >= 0.1 * self.seconds:
                taken.append(once)
            warm = True
        print(task, len(self.y), f"{statistics.median(taken):.6g}", say(result), flush=True)


def table(file):
    numbers = np.loadtxt(file, delimiter=",", skiprows=1)
    return numbers[:, :-1], numbers[:, -1]
