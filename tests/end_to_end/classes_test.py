"""Outputs of classes, through the command line: read, asked by, predicted, exported and brought back.

    classes_test.py FOLDER_OF_SONDE
"""
import csv
import io
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import h5py

SONDE = pathlib.Path(sys.argv.pop()).resolve() / "sonde"
VALUES = ["low", "left", "right"]

STUDY = """sonde = 1
[variables.a]
bounds = [0, 1]
[variables.b]
bounds = [0, 2]
[outputs.regime]
values = ["low", "left", "right"]
{output}
[simulator]
{simulator}
[design]
runs = 8
[method]
seed = 3
pace = "batches"
batch = 2
{method}
[stop]
runs = 16
{more}
"""
SCRIPT = """#!/bin/sh
awk "BEGIN { r = $1 + $2 < 0.9 ? \\"low\\" : ($1 < 0.55 ? \\"left\\" : \\"right\\"); FORMAT }"
"""
RUN = 'run = ["./simulator", "{{a}}", "{{b}}"]\nparallel = 2'


def regime(a, b):
    return "low" if a + b < 0.9 else "left" if a < 0.55 else "right"


class Classes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def study(self, name="study.toml", simulator=RUN, output="", method="", more="",
              says='printf \\"{\\\\\\"y\\\\\\": {\\\\\\"regime\\\\\\": \\\\\\"%s\\\\\\"}}\\\\n\\", r'):
        (self.folder / "simulator").write_text(SCRIPT.replace("FORMAT", says))
        (self.folder / "simulator").chmod(0o755)
        (self.folder / name).write_text(STUDY.format(simulator=simulator, output=output, method=method, more=more))
        return name

    def sonde(self, *arguments, status=0, stdin=""):
        done = subprocess.run([SONDE, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                              timeout=300, input=stdin)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def rows(self, *arguments):
        return list(csv.DictReader(io.StringIO(self.sonde(*arguments).stdout)))

    def points(self, count=200):
        draw = random.Random(5)
        with open(self.folder / "points.csv", "w") as file:
            file.write("row,a,b,regime\n")
            for i in range(count):
                a, b = draw.random(), 2 * draw.random()
                file.write(f"{i},{a},{b},{regime(a, b)}\n")

    def test_a_campaign_asks_along_the_borders_and_says_how_wrong_it_may_be(self):
        study = self.study()
        self.sonde("run", study)
        runs = self.rows("export", study, "--format", "csv")
        self.assertEqual({run["why"] for run in runs}, {"design", "class information"})
        for run in runs:
            self.assertEqual(run["regime"], regime(float(run["a"]), float(run["b"])))
        self.points()
        for row in self.rows("predict", study, "--at", "points.csv"):
            likely = {value: float(row["regime_p_" + value]) for value in VALUES}
            self.assertAlmostEqual(sum(likely.values()), 1)
            self.assertEqual(max(likely, key=likely.get), row["regime"])
            self.assertAlmostEqual(float(row["regime_p"]), max(likely.values()))
        scores = json.loads(self.sonde("validate", study, "--at", "points.csv", "--json").stdout)["outputs"]["regime"]
        self.assertLess(scores["wrong"], 0.15)
        self.assertIn("told wrongly", self.sonde("validate", study, "--at", "points.csv").stdout)
        classes = json.loads(self.sonde("status", study, "--json").stdout)["outputs"]["regime"]["classes"]
        self.assertEqual(sum(classes["runs"].values()), 16)
        self.assertLess(abs(classes["wrong_expected"] - scores["wrong"]), 0.1)
        self.assertRegex(self.sonde("status", study).stdout, r"regime +classes +[0-9.]+ % wrong")
        self.assertIn("class information", self.sonde("why", 12, study).stdout)
        self.sonde("replay", study)
        self.sonde("report", study)
        self.assertIn("<h2>Classes</h2>", (self.folder / "study" / "report.html").read_text())
        self.assertIn("classes", self.sonde("export", study, "--format", "c99", status=2).stderr)
        self.assertIn("classes", self.sonde("compare", study, "--rehearse", "--more", 4, status=2).stderr)

    def test_what_was_exported_is_imported_again(self):
        study = self.study()
        self.sonde("run", study)
        table = self.sonde("export", study, "--format", "csv").stdout
        (self.folder / "runs.csv").write_text(table)
        self.sonde("export", study)
        with h5py.File(self.folder / "study" / "study.h5") as file:
            self.assertEqual(json.loads(file["runs/regime"].attrs["labels"]), VALUES)
        for source in ("runs.csv", "study/study.h5"):
            other = self.study(f"from_{source[-3:].strip('.')}.toml")
            self.sonde("import", source, other)
            imported = self.rows("export", other, "--format", "csv")
            self.assertEqual([run["regime"] for run in imported],
                             [run["regime"] for run in csv.DictReader(io.StringIO(table))])
        (self.folder / "runs.csv").write_text(table.replace("left", "lift"))
        self.assertIn("one of 'low', 'left', 'right'",
                      self.sonde("import", "runs.csv", self.study("third.toml"), status=2).stderr)

    def test_a_value_stands_wherever_a_number_might(self):
        for key, says in (('from = { regex = "regime is (?<v>[a-z]+)", file = "stdout.txt" }', 'print \\"regime is\\", r'),
                          ('from = { csv = "stdout.txt", column = "kind" }', 'print \\"n,kind\\"; print \\"1,\\" r')):
            study = self.study("other.toml", output=key, says=says)
            self.sonde("run", study)
            self.assertEqual({run["status"] for run in self.rows("export", study, "--format", "csv")}, {"ok"})
            subprocess.run(["rm", "-rf", self.folder / "other"], check=True)
        study = self.study("third.toml", says='printf \\"{\\\\\\"y\\\\\\": {\\\\\\"regime\\\\\\": \\\\\\"%s\\\\\\"}}\\\\n\\", '
                                              '(r == \\"left\\" ? \\"Left\\" : r)')
        self.sonde("run", study)
        failed = [run for run in self.rows("export", study, "--format", "csv") if run["status"] == "failed"]
        self.assertTrue(failed)
        self.assertIn("'Left' is none of its values; did you mean 'left'?", failed[0]["message"])

    def test_people_tell_a_class_by_its_name(self):
        study = self.study(simulator='kind = "manual"')
        query = json.loads(self.sonde("ask", study).stdout)
        told = {"id": query["id"], "y": {"regime": "center"}}
        self.assertIn("is no value of 'regime'", self.sonde("tell", study, stdin=json.dumps(told), status=2).stderr)
        told["y"]["regime"] = 1
        self.assertIn("one of 'low', 'left', 'right'",
                      self.sonde("tell", study, stdin=json.dumps(told), status=2).stderr)
        told["y"]["regime"] = regime(query["x"]["a"], query["x"]["b"])
        self.sonde("tell", study, stdin=json.dumps(told))
        self.assertEqual(self.rows("export", study, "--format", "csv")[0]["regime"], told["y"]["regime"])

    def test_pool_and_stream_ask_by_classes_as_well(self):
        self.points(120)
        study = self.study(more='[pool]\nfile = "points.csv"', method='query = "class margin"')
        self.sonde("run", study)
        whys = [run["why"] for run in self.rows("export", study, "--format", "csv")]
        self.assertEqual(set(whys[8:]), {"class margin"})
        chosen = self.rows("select", study, "--pool", "points.csv", "-n", 3)
        self.assertEqual(len(chosen), 3)
        by = self.rows("select", study, "--pool", "points.csv", "--by", "class information")
        self.assertEqual(by[0]["why"], "class information")
        self.assertIn("nothing to look for", self.sonde("select", study, "--pool", "points.csv", "--by",
                                                        "expected improvement", status=2).stderr)
        self.assertIn(chosen[0]["regime"], VALUES)
        self.sonde("replay", study)
        study = self.study("stream.toml", more='[stream]\nfrom = "-"\nbudget = 0.2', method='query = "class entropy"')
        lines = (self.folder / "points.csv").read_text()
        said = [json.loads(line) for line in self.sonde("run", study, stdin=lines).stdout.splitlines()
                if line.startswith("{")]
        self.assertEqual(sum(line["asked"] for line in said), 8)
        self.assertIn(said[-1]["predicted"]["regime"]["class"], VALUES)
        self.assertLessEqual(said[-1]["predicted"]["regime"]["p"], 1)
        self.sonde("replay", study)

    def test_what_classes_have_no_use_for_is_refused(self):
        for output, method, part in (("unit = \"m\"", "", "outputs.regime.unit"),
                                     ("tolerance = 0.1", "", "outputs.regime.tolerance"),
                                     ('goal = "minimize"', "", "learn"),
                                     ("", 'query = "class marginn"', "class margin")):
            self.assertIn(part, self.sonde("check", self.study(output=output, method=method), status=3).stderr)
        text = (self.folder / self.study(method='query = "class margin"')).read_text()
        (self.folder / "study.toml").write_text(text.replace('values = ["low", "left", "right"]', ""))
        self.assertIn("an output with values", self.sonde("check", "study.toml", status=3).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
