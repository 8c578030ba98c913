"""What h5py, netCDF4 and xarray find in an exported campaign, and predictions from it with NumPy alone."""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import netCDF4
import numpy as np
import xarray

RUNS = 26
INPUTS = ["angle", "reynolds", "ribs", "material"]
LABELS = ["Al 6061", "CFRP", "böhmite"]
SCRIPT = pathlib.Path(__file__).with_name("predict_numpy.py")
directory = None


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def one_dimensional(kernel, r):
    """The correlation at distances r, scaled by the length."""
    if kernel.startswith("matern32"):
        return (1 + np.sqrt(3) * r) * np.exp(-np.sqrt(3) * r)
    if kernel.startswith("matern52"):
        return (1 + np.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-np.sqrt(5) * r)
    return np.exp(-r**2 / 2)


def bent(u, c):
    """ln(1 + (e^c - 1) u) / c, along the tangent outside of 0 to 1."""
    c = np.where(np.abs(c) < 1e-9, 1e-9, c)
    inside = np.log1p(np.expm1(c) * np.clip(u, 0, 1)) / c
    return inside + np.minimum(u, 0) * np.expm1(c) / c - np.maximum(u - 1, 0) * np.expm1(-c) / c


def covariance(kernel, parameters, a, b):
    kernel = kernel.removeprefix("variance * (").removesuffix(")")
    features = a.shape[1]
    if kernel.endswith(" of warped inputs"):
        kernel, bends = kernel.removesuffix(" of warped inputs"), np.log(parameters[-features:])
        a, b, parameters = bent(a, bends), bent(b, bends), parameters[:-features]
    line = 0.0
    if kernel.endswith(" + linear of one variance"):
        kernel = kernel.removesuffix(" + linear of one variance")
        line, parameters = parameters[0] * parameters[-1] * ((a - 0.5) @ (b - 0.5).T), parameters[:-1]
    lengths, shares = parameters[1:features + 1], parameters[features + 1:]
    distances = np.abs(a[:, None, :] - b[None, :, :]) / lengths
    if kernel.endswith("anova"):
        return line + parameters[0] * ((1 + shares * one_dimensional(kernel, distances)) / (1 + shares)).prod(axis=2)
    if kernel.endswith("product"):
        return line + parameters[0] * one_dimensional(kernel, distances).prod(axis=2)
    return line + parameters[0] * one_dimensional(kernel, np.sqrt((distances**2).sum(axis=2)))


def features(member, x):
    x = x[:, member["x_input"][:]]
    shift, scale, warp = member["x_shift"][:], member["x_scale"][:], member["x_warp"][:]
    logs = np.log(np.where(warp == 1, x, 1.0))
    return np.where(warp == 2, x == shift, np.where(warp == 1, logs, x) - shift) / scale


def trend(member, z):
    """Its terms at features z: products of two features, -1 for a factor of one."""
    padded = np.hstack([z, np.ones((len(z), 1))])
    return padded[:, member["trend_term"][:, 0]] * padded[:, member["trend_term"][:, 1]]


def carried_back(transform, mean, variance):
    """Moments of z, z^2 and e^z for a normal z."""
    if transform == "sqrt":
        return mean**2 + variance, 2 * variance**2 + 4 * mean**2 * variance
    if transform == "log":
        variance = np.minimum(variance, 3)
        return np.exp(mean + variance / 2), np.expm1(variance) * np.exp(2 * mean + variance)
    return mean, variance


def forward(transform, y):
    return {"none": lambda v: v, "sqrt": np.sqrt, "log": np.log}[transform](y)


def predict(file, response, x):
    """Mean and standard deviation at x, by the equations of the textbook."""
    means, variances = [], []
    for k, weight in enumerate(response["weights"]):
        member = response[f"member_{k}"]
        train = features(member, file["runs/x"][:][member["train_run"][:]])
        query = features(member, x)
        kernel, parameters = member.attrs["kernel"], member["parameters"][:]
        cross = covariance(kernel, parameters, train, query)
        half = np.linalg.solve(member["factor"][:], cross)
        basis = np.linalg.solve(member["factor"][:], trend(member, train))
        missing = trend(member, query).T - basis.T @ half
        mean = trend(member, query) @ member["coefficients"][:] + cross.T @ member["alpha"][:]
        variance = covariance(kernel, parameters, query, query).diagonal() - (half**2).sum(axis=0)
        variance += (missing * np.linalg.solve(basis.T @ basis, missing)).sum(axis=0)
        for r in range(len(member["alternative"])):
            other = trend(member, query) @ member["alternative_coefficients"][r] + covariance(
                kernel, member["alternative_parameters"][r], train, query).T @ member["alternative_alpha"][r]
            variance += (other - mean)**2
        mean = np.minimum(member["z_shift"][()] + member["z_scale"][()] * mean, member["z_top"][()])
        mean, variance = carried_back(member.attrs["transform"], mean, member["z_scale"][()]**2 * variance)
        means.append(mean)
        variances.append(variance)
    weights = response["weights"][:][:, None]
    mean = (weights * means).sum(axis=0)
    return mean, np.sqrt((weights * (variances + (np.array(means) - mean)**2)).sum(axis=0))


class H5py(unittest.TestCase):
    def setUp(self):
        self.file = h5py.File(directory / "wing.h5", "r")

    def test_the_root_says_where_it_comes_from(self):
        attributes = self.file.attrs
        self.assertEqual(attributes["Conventions"], "CF-1.8")
        self.assertEqual(attributes["sonde_schema"], "1.0")
        self.assertEqual(int(attributes["seed"]), 2**64 - 1)
        self.assertTrue(attributes["study"].startswith('title = "flügel"\n####'))
        self.assertEqual(len(attributes["study"]), 70000 + 17)
        digest = hashlib.sha256((directory / "journal.sonde").read_bytes()).hexdigest()
        self.assertEqual(attributes["journal_sha256"], digest)

    def test_the_groups_are_there(self):
        self.assertEqual(set(self.file), {"runs", "models", "metrics"})

    def test_runs(self):
        runs = self.file["runs"]
        self.assertEqual(runs["run"][:].tolist(), list(range(RUNS)))
        self.assertEqual([text(name) for name in runs["input"]], INPUTS)
        self.assertEqual(runs["x"].shape, (RUNS, 4))
        self.assertEqual(runs["x"].dtype, np.float64)
        status = runs["status"]
        self.assertEqual(status.dtype, np.int8)
        self.assertEqual(status[:].tolist(), [0, 0, 0, 1, 2] + [0] * 19 + [3, 3])
        meanings = dict(zip(status.attrs["flag_meanings"].split(), status.attrs["flag_values"].tolist()))
        self.assertEqual(meanings, {"ok": 0, "failed": 1, "timed_out": 2, "open": 3, "excluded": 4})
        missing = np.isnan(runs["lift"][:])
        self.assertEqual(np.flatnonzero(missing).tolist(), [3, 4, 24, 25])
        self.assertEqual(runs["lift"].attrs["units"], "N")
        x = runs["x"][5]
        self.assertAlmostEqual(runs["lift"][5], 1e4 * np.sin(x[0] / 15) * np.log10(x[1]) + 300 * x[3] * x[2], 8)
        self.assertEqual(runs["output_status"].attrs["long_name"], "status")
        self.assertEqual([text(unit) for unit in runs["input_unit"]], ["degree", "1", "1", "1"])
        self.assertEqual([text(scale) for scale in runs["input_scale"]], ["linear", "log", "integer", "choice"])
        self.assertEqual(json.loads(runs["input_labels"][3]), LABELS)
        self.assertEqual(runs["input_lower"][:].tolist(), [-10, 1e5, 2, 0])
        self.assertEqual(runs["input_upper"][:].tolist(), [20, 1e7, 8, 2])

    def test_lineage(self):
        lineage = self.file["runs/lineage"]
        self.assertEqual({text(why) for why in lineage["why"][:12]}, {"design"})
        self.assertEqual({text(why) for why in lineage["why"][12:]}, {"variance"})
        self.assertTrue(np.isnan(lineage["predicted_mean"][:12]).all())
        self.assertTrue((lineage["predicted_deviation"][12:] > 0).all())
        self.assertTrue(np.isfinite(lineage["worth"][12:]).all())
        self.assertEqual(text(lineage["message"][3]), "it diverged: ∞")
        self.assertEqual(text(lineage["failure"][4]), "timeout")
        self.assertEqual(lineage["attempts"][:6].tolist(), [1, 1, 1, 1, 2, 1])
        self.assertEqual(lineage["started"][7], 1.7e9 + 7)
        self.assertEqual(text(lineage["host"][0]), "node-1")
        model = lineage["model"][:]
        self.assertTrue((model[:12] == 0).all())
        for number in model[12:]:
            self.assertIn(f"{number:06d}", self.file["models"])

    def test_every_variable_has_units_and_dimensions(self):
        def visit(name, thing):
            if isinstance(thing, h5py.Dataset):
                self.assertIn("units", thing.attrs, name)
                if not h5py.h5ds.is_scale(thing.id):
                    self.assertTrue(all(len(axis) == 1 for axis in thing.dims), name)
        self.file.visititems(visit)

    def test_the_newest_model_predicts_with_numpy_alone(self):
        table = np.loadtxt(directory / "wing.csv", delimiter=",")
        x, answers = table[:, :4], table[:, 4:8]
        newest = self.file["models"][sorted(self.file["models"])[-1]]
        for j, output in enumerate(["lift", "status"]):
            mean, deviation = predict(self.file, newest[output], x)
            spread = np.abs(mean).max()
            np.testing.assert_allclose(mean, answers[:, 2 * j], rtol=0, atol=1e-10 * spread)
            np.testing.assert_allclose(deviation**2, answers[:, 2 * j + 1]**2, rtol=0, atol=1e-10 * spread**2)

    def test_leave_one_out_is_what_a_model_without_the_run_predicts(self):
        newest = self.file["models"][sorted(self.file["models"])[-1]]
        response = newest["lift"]
        means = []
        for name in sorted(n for n in response if n.startswith("member_")):
            member = response[name]
            z = features(member, self.file["runs/x"][:][member["train_run"][:]])
            k = covariance(member.attrs["kernel"], member["parameters"][:], z, z)
            k += np.diag(member["train_noise"][:])
            y = forward(member.attrs["transform"], self.file["runs/lift"][:][member["train_run"][:]])
            y = (y - member["z_shift"][()]) / member["z_scale"][()]
            keep = np.arange(len(z)) != 7
            inverse = np.linalg.inv(k[np.ix_(keep, keep)])
            mean = inverse.sum(axis=0) @ y[keep] / inverse.sum()
            missing = 1 - inverse.sum(axis=0) @ k[keep, 7]
            variance = k[7, 7] - k[7, keep] @ inverse @ k[keep, 7] + missing**2 / inverse.sum()
            expected = mean + k[7, keep] @ inverse @ (y[keep] - mean)
            scale = member["z_scale"][()]
            means.append(carried_back(member.attrs["transform"], member["z_shift"][()] + scale * expected,
                                      scale**2 * variance)[0])
        got = response["loo_mean"][7]
        self.assertAlmostEqual(got / (response["weights"][:] @ means), 1, 5)

    def test_earlier_models_are_there_without_their_factors(self):
        names = sorted(self.file["models"])
        self.assertGreater(len(names), 1)
        first = self.file["models"][names[0]]["lift/member_0"]
        self.assertNotIn("factor", first)
        self.assertIn("alpha", first)
        self.assertLess(len(first["train_run"]), 22)

    def test_metrics(self):
        metrics = self.file["metrics"]
        self.assertGreaterEqual(len(metrics["n_runs"]), 2)
        self.assertEqual(metrics["n_runs"][0], 10)
        self.assertTrue((metrics["lift/loo_nrmse"][:] > 0).all())


def predicted_in_thirty_lines(name, output, x):
    """Mean and standard deviation by the script that needs NumPy and h5py alone."""
    points = "\n".join(",".join(map(repr, row)) for row in x.tolist())
    done = subprocess.run([sys.executable, SCRIPT, directory / f"{name}.h5", output], input=points, text=True,
                          check=True, capture_output=True)
    return np.loadtxt(done.stdout.splitlines(), ndmin=2).T


class ThirtyLines(unittest.TestCase):
    def test_the_script_has_no_more_lines_and_needs_no_more(self):
        lines = SCRIPT.read_text().splitlines()
        self.assertLessEqual(len(lines), 30)
        self.assertEqual([line for line in lines if "import" in line], ["import sys, h5py, numpy as np"])

    def test_every_kind_of_process_is_predicted_to_1e_10(self):
        kinds = sorted(file.stem for file in directory.glob("kind_*.h5"))
        self.assertEqual(len(kinds), 18)
        seen = set()
        for kind in kinds:
            table = np.loadtxt(directory / f"{kind}.csv", delimiter=",")
            x, mean, deviation, spread = table[:, :4], table[:, 4], table[:, 5], table[:, 6]
            got = predicted_in_thirty_lines(kind, "y", x)
            unit = np.maximum(spread, np.maximum(np.abs(mean), deviation))
            with self.subTest(kind):
                self.assertLess((np.abs(got[0] - mean) / unit).max(), 1e-10)
                self.assertLess((np.abs(got[1] - deviation) / unit).max(), 1e-10)
            with h5py.File(directory / f"{kind}.h5") as file:
                member = file["models/000001/y/member_0"]
                seen |= set(member.attrs.values()) | {f"warp {w}" for w in member["x_warp"]}
                seen |= {f"terms {len(member['term'])}", f"bent {member['bend'][:].any()}"}
        self.assertLessEqual({"matern32", "matern52", "squared exponential", "radial", "product", "none", "sqrt", "log",
                              "warp 0", "warp 1", "warp 2", "terms 0", "terms 1", "bent True", "bent False"}, seen)

    def test_a_stack_that_was_chosen_by_the_data_is_predicted_too(self):
        table = np.loadtxt(directory / "wing.csv", delimiter=",")
        for j, output in enumerate(["lift", "status"]):
            mean, deviation = predicted_in_thirty_lines("wing", output, table[:, :4])
            spread = np.abs(mean).max()
            np.testing.assert_allclose(mean, table[:, 4 + 2 * j], rtol=0, atol=1e-10 * spread)
            np.testing.assert_allclose(deviation**2, table[:, 5 + 2 * j]**2, rtol=0, atol=1e-10 * spread**2)


class NetCDF4(unittest.TestCase):
    def test_runs(self):
        with netCDF4.Dataset(directory / "wing.h5") as file:
            self.assertEqual(file.Conventions, "CF-1.8")
            self.assertEqual(list(file.groups), ["runs", "models", "metrics"])
            runs = file["runs"]
            self.assertEqual(list(runs.variables)[:6], ["run", "input", "output", "x", "lift", "output_status"])
            self.assertEqual({name: len(d) for name, d in runs.dimensions.items()},
                             {"run": RUNS, "input": 4, "output": 2})
            self.assertTrue(runs.dimensions["run"].isunlimited())
            self.assertEqual(runs["x"].dimensions, ("run", "input"))
            self.assertEqual(list(runs["input"][:]), INPUTS)
            self.assertEqual(runs["status"][:].tolist()[:5], [0, 0, 0, 1, 2])
            self.assertEqual(runs["status"].flag_meanings, "ok failed timed_out open excluded")
            lineage = runs["lineage"]
            self.assertEqual(lineage["predicted_mean"].dimensions, ("run", "output"))
            self.assertEqual(lineage["message"][3], "it diverged: ∞")

    def test_every_dataset_is_a_variable(self):
        def names(group, prefix=""):
            for name in group.variables:
                yield prefix + name
            for name, inner in group.groups.items():
                yield from names(inner, prefix + name + "/")
        datasets = []
        with h5py.File(directory / "wing.h5") as file:
            file.visititems(lambda name, thing: datasets.append(name) if isinstance(thing, h5py.Dataset) else None)
        with netCDF4.Dataset(directory / "wing.h5") as file:
            self.assertEqual(sorted(names(file)), sorted(datasets))
            for name in datasets:
                file[name][...]

    def test_it_can_be_appended_to(self):
        with tempfile.TemporaryDirectory() as other:
            copy = pathlib.Path(other) / "copy.h5"
            copy.write_bytes((directory / "wing.h5").read_bytes())
            with netCDF4.Dataset(copy, "a") as file:
                file["runs"]["run"][RUNS] = RUNS
                file["runs"]["lift"][RUNS] = 1.5
                file.createGroup("mine").note = "kept"
            with netCDF4.Dataset(copy) as file:
                self.assertEqual(file["runs"]["lift"][RUNS], 1.5)


class Xarray(unittest.TestCase):
    def test_runs(self):
        for engine in ("netcdf4", "h5netcdf"):
            try:
                runs = xarray.open_dataset(directory / "wing.h5", group="runs", engine=engine)
            except ValueError:
                self.assertEqual(engine, "h5netcdf")  # another package, which need not be installed
                continue
            with self.subTest(engine), runs:
                self.assertEqual(dict(runs.sizes), {"run": RUNS, "input": 4, "output": 2})
                self.assertEqual(runs["x"].dims, ("run", "input"))
                good = runs.where(runs.status == 0, drop=True)
                self.assertEqual(good.sizes["run"], 22)
                self.assertEqual(float(runs["x"].sel(input="ribs", run=5)), float(runs["x"][5, 2]))
                self.assertEqual(runs["lift"].attrs["units"], "N")

    def test_lineage_has_dates(self):
        with xarray.open_dataset(directory / "wing.h5", group="runs/lineage") as lineage:
            self.assertEqual(lineage["started"].values[7], np.datetime64("2023-11-14T22:13:27"))
            self.assertTrue(np.isnat(lineage["ended"].values[RUNS - 1]))
            self.assertEqual(lineage["predicted_mean"].dims, ("run", "output"))

    def test_models_and_metrics_open(self):
        with h5py.File(directory / "wing.h5") as file:
            newest = sorted(file["models"])[-1]
        with xarray.open_dataset(directory / "wing.h5", group=f"models/{newest}/lift/member_0") as member:
            self.assertEqual(member["factor"].shape, (22, 22))
        with xarray.open_dataset(directory / "wing.h5", group=f"models/{newest}/lift") as response:
            self.assertAlmostEqual(float(response["weights"].sum()), 1.0)
        with xarray.open_dataset(directory / "wing.h5", group="metrics/lift") as metrics:
            self.assertEqual(metrics["loo_nrmse"].dims, ("n_runs",))


class Empty(unittest.TestCase):
    def test_a_campaign_without_runs_opens_everywhere(self):
        with h5py.File(directory / "none.h5") as file:
            self.assertEqual(file["runs/x"].shape, (0, 4))
            self.assertEqual(len(file["models"]), 0)
        with netCDF4.Dataset(directory / "none.h5") as file:
            self.assertEqual(len(file["runs"].dimensions["run"]), 0)
            self.assertEqual(list(file["runs"]["input"][:]), INPUTS)
        with xarray.open_dataset(directory / "none.h5", group="runs") as runs:
            self.assertEqual(runs.sizes["run"], 0)
        with xarray.open_dataset(directory / "none.h5", group="runs/lineage") as lineage:
            self.assertEqual(lineage["started"].shape, (0,))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        directory = pathlib.Path(place)
        subprocess.run([sys.argv[1], place], check=True)
        # xarray warns of its own cast of a missing date.
        unittest.main(argv=[sys.argv[0], *sys.argv[2:]], warnings="ignore")
