"""Every way of asking, from the study file and from the command line: campaigns that end, of which each decision can be
derived again.

    ways_test.py FOLDER_OF_SONDE FOLDER_OF_THE_SIMULATORS [unittest options]
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

BIN, SIMULATORS = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
SONDE = BIN / "sonde"

STUDY = """sonde = 1
[variables.a]
bounds = [-5, 10]
[variables.b]
bounds = [0, 15]
[outputs.value]
{output}
[segments]
left = "a < 0"
[simulator]
run = [{run}]
parallel = 2
[design]
runs = 6
[method]
pace = "batches"
{method}
[stop]
runs = {runs}
{more}
"""
BRANIN = f'"{SIMULATORS / "branin"}"'
# Fails in a corner, and elsewhere takes no time to speak of.
FRAGILE = '''"/bin/sh", "-c", "case '{{a|%.0f}}' in 7|8|9|10) exit 1;; esac; exec ''' + str(SIMULATORS / "branin") + '"'

LEARN = ["variance", "integrated variance", "calibrated integrated variance", "committee", "expected error reduction",
         "mutual information", "model change", "global fit", "core set", "auto"]
LEVEL = ["targeted integrated variance", "expected feasibility", "deviation number"]
EXTREME = ["expected improvement", "confidence bound"]
CLASSES = ["class information", "class entropy", "class margin", "class least confidence", "class votes"]
FAILURE = ["failure information", "failure entropy", "failure votes"]


class Ways(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def sonde(self, *arguments, status=0):
        environment = dict(os.environ, OMP_WAIT_POLICY="passive", GOMP_SPINCOUNT="0", OMP_NUM_THREADS="1")
        done = subprocess.run([SONDE, *map(str, arguments)], cwd=self.folder, env=environment, text=True,
                              capture_output=True, timeout=300)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def queries(self, name):
        asked = []
        for line in (self.folder / name / "journal.sonde").read_text().splitlines():
            if '"kind":"asked"' in line:
                asked += json.loads(line[line.index("{"):line.rindex("}") + 1])["queries"]
        return asked

    def campaign(self, name, method, output="", run=BRANIN, more="", runs=10):
        (self.folder / f"{name}.toml").write_text(
            STUDY.format(output=output, method=method, run=run, more=more, runs=runs))
        self.sonde("run", f"{name}.toml", "-q")
        self.sonde("replay", name)
        asked = self.queries(name)
        self.assertEqual(len(asked), runs)
        return asked

    def check_names(self, names, output="", run=BRANIN):
        for number, name in enumerate(names):
            with self.subTest(name):
                asked = self.campaign(f"c{number}", f'query = "{name}"', output, run)
                whys = {query["why"] for query in asked} - {"design"}
                self.assertTrue(whys)
                if name not in ("auto", "committee", "model change"):  # what they stand for is named
                    self.assertEqual(whys, {name})

    def test_criteria_of_an_output_that_is_learnt(self):
        self.check_names(LEARN)

    def test_criteria_of_a_level(self):
        self.check_names(LEVEL, "goal = { contour = 40 }")

    def test_criteria_of_an_extreme(self):
        self.check_names(EXTREME, 'goal = "minimize"')

    def test_criteria_of_failures(self):
        draw = random.Random(3)
        rows = [(draw.uniform(-5, 10), draw.uniform(0, 15)) for _ in range(6)] + [(8.0, 5.0)]
        (self.folder / "first.csv").write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
        for number, name in enumerate(FAILURE):
            with self.subTest(name):
                (self.folder / f"f{number}.toml").write_text(
                    STUDY.format(output="", method=f'query = "{name}"', run=FRAGILE, runs=12,
                                 more="").replace("runs = 6", 'file = "first.csv"'))
                self.sonde("run", f"f{number}.toml", "-q")
                self.sonde("replay", f"f{number}")
                self.assertIn(name, {query["why"] for query in self.queries(f"f{number}")})

    def test_criteria_of_classes(self):
        run = f"""'/bin/sh', '-c', "{SIMULATORS / 'branin'} | awk -F '[: }}]+' '$3 > 60 {{ print \\"is high\\"; exit }} {{ print \\"is low\\" }}'\""""
        self.check_names(CLASSES, 'values = ["low", "high"]\nfrom = { regex = "is ([a-z]+)", file = "stdout.txt" }', run)

    def test_criteria_in_turn_by_ranks_for_their_time_and_by_segments(self):
        turns = self.campaign("turns", 'query = ["core set", "variance"]')
        self.assertEqual({query["why"] for query in turns}, {"design", "core set", "variance"})
        self.campaign("ranks", 'query = { "core set" = 1, variance = 2 }')
        self.campaign("time", 'query = "variance"\nper = "second"')
        plain = self.campaign("plain", 'query = "variance"')
        weighed = self.campaign("weighed", 'query = "variance"\nweights = { left = 1000 }', runs=12)
        chosen = [query["x"] for query in weighed if query["why"] == "variance"]
        self.assertTrue(all(x[0] < 0 for x in chosen), chosen)
        self.assertTrue(any(query["x"][0] >= 0 for query in plain if query["why"] == "variance"))

    def test_batches_grow_and_say_why(self):
        self.campaign("growing", "batch = { most = 4 }", runs=18)
        reasons = [json.loads(line[line.index("{"):line.rindex("}") + 1])["batch"]
                   for line in (self.folder / "growing" / "journal.sonde").read_text().splitlines() if '"batch":' in line]
        self.assertTrue(reasons[0].startswith("1: the first"))
        self.assertTrue(any(reason.startswith(("2: ", "4: ")) for reason in reasons), reasons)

    def test_a_formula_ends_a_campaign(self):
        (self.folder / "ends.toml").write_text(
            STUDY.format(output="tolerance = 200", method="", run=BRANIN, runs=40,
                         more='cost = 24\ntolerance = "leave-one-out"\nwhen = "runs or (cost and tolerance)"\n'
                              '[cost]\nper_run = 2\nunit = "EUR"'))
        self.sonde("run", "ends.toml", "-q")
        status = json.loads(self.sonde("status", "ends", "--json").stdout)
        self.assertIn("the budget is 24, and tolerances are met by leave-one-out", status["reason"])
        self.assertEqual(status["cost"]["spent"], 2 * status["runs"]["asked"])
        self.assertGreaterEqual(status["runs"]["asked"], 12)
        self.assertLess(status["runs"]["asked"], 40)

    def test_a_forecast_is_made_and_strategies_are_rehearsed(self):
        self.campaign("ahead", 'query = "integrated variance"', more="error = 0.02", runs=14)
        status = json.loads(self.sonde("status", "ahead", "--json").stdout)
        runs = status["forecast"]["runs"]
        for lower, upper in (("lower95", "lower80"), ("lower80", "middle")):
            self.assertLessEqual(runs[lower], runs[upper] if runs[upper] is not None else runs[lower])
        stated = status["outputs"]["value"]["stated"]
        self.assertLess(stated["lower95"], stated["lower80"])
        self.assertLess(stated["lower80"], stated["nrmse"])
        self.assertLess(stated["upper80"], stated["upper95"])
        table = json.loads(self.sonde("compare", "ahead", "--rehearse", "--more", "3", "--repeats", "2", "--against",
                                      "uniform,core set", "--json", "-q").stdout)
        self.assertEqual([row["name"] for row in table["strategies"]], ["integrated variance", "uniform", "core set"])
        for row in table["strategies"][1:]:
            self.assertGreater(row["ratio"]["upper"], row["ratio"]["lower"])
        self.assertEqual(len(self.queries("ahead")), 14)  # nothing was asked


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
