"""`sonde export --format c99`: compiled by gcc and clang, it says what `sonde predict` says.

    export_c99_test.py PROGRAM_SONDE [unittest options]
"""
import csv
import ctypes
import io
import math
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SONDE = pathlib.Path(sys.argv[1]).resolve()
COMPILERS = [c for c in ("gcc", "clang") if shutil.which(c)]
TRUST = ["inside", "edge", "extrapolation"]

STUDY = """sonde = 1
title = "A wing's */ profile, and ??/ @ its stall"
[variables.angle]
unit = "deg"
bounds = [-10, 30]
[variables.reynolds]
bounds = [1e4, 1e6]
scale = "log"
[variables.chord]
unit = "m"
bounds = [0.5, 5]
[variables.blades]
integer = true
bounds = [2, 7]
[variables.side]
values = ["left", "right"]
[variables.steel]
values = ["a", "b", "c", "d"]
[outputs.drag]
unit = "N"
[outputs.life]
[outputs.drag_mean]
[outputs.fixed]
[simulator]
kind = "manual"
"""
# Of each input: its texts, or bounds and whether it is on a logarithmic scale, or whole.
INPUTS = {"angle": (-10.0, 30.0), "reynolds": (1e4, 1e6, "log"), "chord": (0.5, 5.0), "blades": (2, 7, "whole"),
          "side": ["left", "right"], "steel": ["a", "b", "c", "d"]}
OUTPUTS = ["drag", "life", "drag_mean", "fixed"]


def drawn(rng, margin=0.0):
    """A point of the box, or of one that is larger by this share on each side."""
    point = {}
    for name, kind in INPUTS.items():
        if isinstance(kind, list):
            point[name] = rng.choice(kind)
        elif "whole" in kind:
            point[name] = rng.randint(kind[0], kind[1])
        else:
            u = rng.uniform(-margin, 1 + margin)
            low, high = kind[:2]
            point[name] = low * (high / low) ** u if "log" in kind else low + (high - low) * u
    return point


def answers(p):
    """With a scatter, as measurements have: what interpolates without it holds fewer than ten digits."""
    scatter = random.Random(str(p)).uniform
    steel = {"a": 0.0, "b": 2.0, "c": -1.0, "d": 0.5}[p["steel"]]
    drag = math.sin(p["angle"] / 10) + 0.3 * math.log(p["reynolds"]) + 0.05 * p["blades"] ** 2 + steel
    life = math.exp(p["angle"] / 8) * p["chord"] ** 2 * (2 if p["side"] == "left" else 3)
    root = 3 + math.cos(p["angle"] / 12) + math.sqrt(p["chord"]) + 0.2 * p["blades"] + steel
    return [drag + scatter(-0.1, 0.1), life * (1 + scatter(-0.05, 0.05)), (root + scatter(-0.1, 0.1)) ** 2, 7.5]


def table_of(points, columns=()):
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow([*INPUTS, *columns])
    for p in points:
        rows.writerow([*p.values(), *(answers(p) if columns else [])])
    return text.getvalue()


def coordinates(point):
    return [kind.index(point[name]) if isinstance(kind, list) else point[name] for name, kind in INPUTS.items()]


class Compiled:
    def __init__(self, library, prefix, stems):
        self.library, self.prefix, self.stems = ctypes.CDLL(str(library)), prefix, stems

    def __call__(self, stem, x):
        """Mean, standard deviation, their gradients and the trust."""
        values = (ctypes.c_double * len(x))(*x)
        mean, sd = ctypes.c_double(), ctypes.c_double()
        slopes = (ctypes.c_double * len(x))(), (ctypes.c_double * len(x))()
        trust = getattr(self.library, stem)(values, ctypes.byref(mean), ctypes.byref(sd), *slopes)
        return mean.value, sd.value, list(slopes[0]), list(slopes[1]), TRUST[trust]

    def one(self, stem, what, x):
        function = getattr(self.library, f"{stem}_{what}")
        function.restype = ctypes.c_int if what == "trust" else ctypes.c_double
        return function((ctypes.c_double * len(x))(*x))


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        (cls.folder / "wing-2.toml").write_text(STUDY)
        rng = random.Random(1)
        cls.runs = [drawn(rng) for _ in range(70)]
        (cls.folder / "runs.csv").write_text(table_of(cls.runs, OUTPUTS))
        cls.sonde("import", "wing-2.toml", "runs.csv")
        # In the box; at some runs; around it, far below what has a logarithm as well.
        cls.points = [drawn(rng) for _ in range(300)] + cls.runs[:20] + [drawn(rng, 0.5) for _ in range(100)]
        cls.points += [dict(cls.points[0], chord=c, reynolds=r) for c, r in ((-1.0, 1.0), (1e-9, 1e12), (1e5, 0.0))]
        (cls.folder / "points.csv").write_text(table_of(cls.points))
        cls.predicted = list(csv.DictReader(io.StringIO(cls.sonde("predict", "wing-2.toml", "--at", "points.csv"))))
        cls.sonde("export", "wing-2.toml", "--format", "c99", "-o", "wing.c")
        cls.text = (cls.folder / "wing.c").read_text()
        cls.stems = re.findall(r"^ \*   \S.*: (\w+)\(\)$", cls.text, re.M)
        cls.builds = {f"{c} -O{level}": cls.built(c, level) for c in COMPILERS for level in (0, 2)}

    @classmethod
    def sonde(cls, *arguments, status=0):
        done = subprocess.run([SONDE, *arguments], cwd=cls.folder, text=True, capture_output=True)
        if done.returncode != status:
            raise AssertionError(f"sonde {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stderr if status else done.stdout

    @classmethod
    def built(cls, compiler, level):
        library = cls.folder / f"wing_{compiler}_{level}.so"
        done = subprocess.run([compiler, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", f"-O{level}",
                               "-fPIC", "-shared", "wing.c", "-o", library, "-lm"],
                              cwd=cls.folder, text=True, capture_output=True)
        if done.returncode:
            raise AssertionError(f"{compiler} -O{level}: {done.stderr[:3000]}")
        return Compiled(library, "wing_2", cls.stems)

    def spread(self, name):
        values = [float(row[name]) for row in self.predicted[:300]]
        mean = sum(values) / len(values)
        return max(math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)), 1e-6 * abs(mean))

    def test_the_names_come_from_the_study_and_do_not_clash(self):
        self.assertEqual(self.stems, ["wing_2_drag", "wing_2_life", "wing_2_drag_mean_2", "wing_2_fixed"])
        named = self.sonde("export", "wing-2.toml", "--format", "c99", "--name", "9 lives")
        self.assertIn("n9_lives_drag_mean(", named)
        said = self.sonde("export", "wing-2.toml", "--name", "x", status=2)
        self.assertIn("--name goes with --format c99", said)

    def test_it_says_what_predict_says(self):
        self.assertIn("gcc", self.builds.keys().__iter__().__next__())
        for build, compiled in self.builds.items():
            for name, stem in zip(OUTPUTS, self.stems):
                spread, worst, flags = self.spread(name), [0.0, 0.0], set()
                for point, row in zip(self.points, self.predicted):
                    mean, sd, _, _, trust = compiled(stem, coordinates(point))
                    expected, deviation = float(row[name]), float(row[name + "_sd"])
                    unit = max(spread, abs(expected), deviation)
                    worst = [max(worst[0], abs(mean - expected) / unit), max(worst[1], abs(sd - deviation) / unit)]
                    flags.add(trust)
                    self.assertEqual(trust, row[name + "_trust"], (build, name, point))
                print(f"{build}: {name}: mean {worst[0]:.1e}, sd {worst[1]:.1e} of the spread; {sorted(flags)}")
                self.assertLess(worst[0], 1e-10)
                self.assertLess(worst[1], 1e-10)
                self.assertEqual(flags, set(TRUST), name)

    def test_one_thing_alone_is_what_all_at_once_is(self):
        compiled = next(iter(self.builds.values()))
        for stem in self.stems:
            for point in self.points[::40]:
                x = coordinates(point)
                mean, sd, slope, _, trust = compiled(stem, x)
                self.assertEqual(compiled.one(stem, "mean", x), mean)
                self.assertEqual(compiled.one(stem, "sd", x), sd)
                self.assertEqual(TRUST[compiled.one(stem, "trust", x)], trust)
                alone = (ctypes.c_double * len(x))()
                getattr(compiled.library, stem + "_gradient")((ctypes.c_double * len(x))(*x), alone)
                for a, b in zip(alone, slope):
                    self.assertAlmostEqual(a, b, delta=1e-12 * max(1, abs(b)))

    def test_gradients_are_central_differences(self):
        compiled = next(iter(self.builds.values()))
        for stem in self.stems[:3]:
            scale = [None, None]
            for point in self.points[300 + 20:][:60] + self.points[:60]:
                x = coordinates(point)
                values = compiled(stem, x)
                for j, kind in enumerate(INPUTS.values()):
                    if isinstance(kind, list):
                        if len(kind) > 2:
                            self.assertEqual((values[2][j], values[3][j]), (0, 0))
                        continue
                    step = 1e-4 * (x[j] if "log" in kind else kind[1] - kind[0])
                    at = [compiled(stem, x[:j] + [x[j] + s * step] + x[j + 1:]) for s in (-2, -1, 1, 2)]
                    for which in (0, 1):
                        a, b, c, d = (v[which] for v in at)
                        difference = (8 * (c - b) - (d - a)) / 12 / step
                        unit = max(abs(v) for v in (a, b, c, d)) / step
                        self.assertAlmostEqual(values[2 + which][j], difference, delta=1e-6 * unit,
                                               msg=(stem, which, j, point))

    def test_it_is_its_own_header(self):
        (self.folder / "user.c").write_text('#define WING_2_DECLARATIONS\n#include "wing.c"\n#include "wing.c"\n'
                                            "int main(void) {\n"
                                            "  const double x[WING_2_INPUTS] = {1, 1e5, 1, 3, 0, 2};\n"
                                            "  return wing_2_drag_trust(x) == WING_2_EXTRAPOLATION;\n}\n")
        subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "user.c", "wing.c", "-o", "user", "-lm"],
                       cwd=self.folder, check=True)
        self.assertIn(subprocess.run([self.folder / "user"]).returncode, (0, 1))


if __name__ == "__main__":
    if "gcc" not in COMPILERS:
        sys.exit("export_c99_test: expected gcc, found none")
    if "clang" not in COMPILERS:
        print("export_c99_test: without clang, as there is none")
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
