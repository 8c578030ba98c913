"""A cheap simulator before the expensive one, through the command line.

    cheap_test.py FOLDER_OF_SONDE
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

SONDE = pathlib.Path(sys.argv.pop()).resolve() / "sonde"

STUDY = """sonde = 1
[variables.a]
bounds = [0, 4]
[variables.b]
bounds = [0, 2]
[outputs.value]
tolerance = 0.1
[simulator]
run = ["{folder}/say", "expensive", "{{{{a}}}}", "{{{{b}}}}", "0"]
parallel = 2
[simulator.cheap]
run = ["{folder}/say", "cheap", "{{{{a}}}}", "{{{{b}}}}", "0.01"]
{cheap}
[design]
runs = 5
[method]
seed = 3
pace = "batches"
batch = 2
[stop]
runs = 14
"""
SAY = """#!/bin/sh
echo x >> {folder}/$1
sleep {pause}
awk "BEGIN {{ printf \\"{{\\\\\\"y\\\\\\": {{\\\\\\"value\\\\\\": %.15g}}}}\\\\n\\", sin($2) * exp($3) + $4 }}"
"""


class Cheap(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def study(self, cheap="", pause=0):
        (self.folder / "say").write_text(SAY.format(folder=self.folder, pause=pause))
        (self.folder / "say").chmod(0o755)
        (self.folder / "study.toml").write_text(STUDY.format(folder=self.folder, cheap=cheap))

    def sonde(self, *arguments, status=0):
        done = subprocess.run([SONDE, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                              timeout=300, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def runs(self):
        return json.loads(self.sonde("export", "study.toml", "--format", "json"))["runs"]

    def calls(self, which):
        return (self.folder / which).read_text().count("x")

    def test_what_both_agree_on_is_not_simulated(self):
        self.study(cheap="patience = 1000")
        self.sonde("run", "study.toml")
        runs = self.runs()
        agreed = [run for run in runs if run["status"] == "agreed"]
        self.assertTrue(agreed)
        self.assertEqual(len(runs), 14 + len(agreed))
        self.assertEqual(self.calls("expensive"), 14)
        self.assertEqual(self.calls("cheap"), len(runs) - 5)
        status = json.loads(self.sonde("status", "study.toml", "--json"))
        self.assertEqual(status["runs"]["agreed"], len(agreed))
        self.assertEqual(status["runs"]["failed"], 0)
        self.assertIn(f"{len(agreed)} agreed on", self.sonde("status", "study.toml"))
        self.assertIn("the cheap simulator says value = ", self.sonde("why", agreed[0]["id"], "study.toml"))
        self.sonde("replay", "study.toml")
        self.sonde("report", "study.toml")
        self.sonde("run", "study.toml")
        self.assertEqual(self.calls("expensive"), 14)

    def test_it_ends_where_nothing_is_left_to_disagree_about(self):
        self.study(cheap="patience = 4")
        text = (self.folder / "study.toml").read_text()
        (self.folder / "study.toml").write_text(text.replace("runs = 14", "runs = 60"))
        self.assertIn("agrees with the last 4 predictions", self.sonde("run", "study.toml"))
        self.assertGreaterEqual(self.calls("expensive"), 5)
        self.assertLess(self.calls("expensive"), 60)

    def test_where_it_is_unsure_the_expensive_one_is_asked(self):
        self.study(cheap='unsure = "value < 1e9"')
        self.sonde("run", "study.toml")
        self.assertEqual({run["status"] for run in self.runs()}, {"ok"})

    def test_a_kill_between_the_two_loses_nothing(self):
        self.study(cheap="patience = 1000", pause=0.3)
        for _ in range(4):
            running = subprocess.Popen([SONDE, "run", "study.toml"], cwd=self.folder, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            time.sleep(1.5)
            running.kill()
            running.wait()
        self.sonde("run", "study.toml")
        runs = self.runs()
        agreed = sum(run["status"] == "agreed" for run in runs)
        self.assertEqual(self.calls("expensive"), 14)
        self.assertEqual(self.calls("cheap"), len(runs) - 5)
        self.assertEqual(len(runs), 14 + agreed)

    def test_bad_keys_are_refused(self):
        for cheap, part in (("agree = 0", "simulator.cheap.agree"), ("agre = 1", "agree"),
                            ('unsure = "value"', "condition"), ("patience = 0", "simulator.cheap.patience")):
            self.study(cheap=cheap)
            self.assertIn(part, self.sonde("check", "study.toml", status=3))
        text = (self.folder / "study.toml").read_text()
        (self.folder / "study.toml").write_text(text.replace("tolerance = 0.1\n", "").replace("patience = 0", ""))
        self.assertIn("needs a tolerance of the output 'value'", self.sonde("check", "study.toml", status=3))
        self.study(cheap="")
        text = (self.folder / "study.toml").read_text()
        (self.folder / "study.toml").write_text(text.replace('/say", "cheap"', '/none", "cheap"'))
        self.assertIn("simulator.cheap.run", self.sonde("run", "study.toml", status=7))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
