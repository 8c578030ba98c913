"""What becomes of failures, through the command line.

    failures_test.py FOLDER_OF_SONDE PLUGIN_LIBRARY
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PLUGIN = pathlib.Path(sys.argv.pop()).resolve()
SONDE = pathlib.Path(sys.argv.pop()).resolve() / "sonde"

STUDY = """sonde = 1
[variables.a]
bounds = [0, 4]
[variables.b]
bounds = [0, 2]
[outputs.value]
{outputs}
[simulator]
run = ["./simulator", "{{{{a}}}}", "{{{{b}}}}", "{{{{run.id}}}}"]
{simulator}
[design]
kind = "uniform"
runs = {design}
[method]
seed = 3
[stop]
runs = {runs}
{more}
"""
SAY = 'awk "BEGIN { printf \\"{\\\\\\"y\\\\\\": {\\\\\\"value\\\\\\": %.15g}}\\n\\", $1 * $1 + $2 }"\n'


class Failures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def study(self, script, simulator="", design=6, runs=6, outputs="", more=""):
        (self.folder / "simulator").write_text(f"#!/bin/sh\nhere={self.folder}\n" + script)
        (self.folder / "simulator").chmod(0o755)
        (self.folder / "study.toml").write_text(
            STUDY.format(simulator=simulator, design=design, runs=runs, outputs=outputs, more=more))

    def sonde(self, *arguments, status=0):
        done = subprocess.run([SONDE, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=300,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def document(self, *arguments):
        return json.loads(self.sonde(*arguments).stdout)

    def runs(self):
        return self.document("export", "study.toml", "--format", "json")["runs"]

    def test_a_licence_that_is_missing_for_a_while_costs_no_budget(self):
        # Every third start finds no licence, whoever asks.
        self.study('echo x >> $here/starts\n[ $(($(wc -l < $here/starts) % 3)) -ne 0 ] || '
                   '{ echo "no licence" >&2; exit 3; }\n' + SAY,
                   'fail_when = [ { file = "stderr.txt", regex = "licence", kind = "licence", then = "retry" } ]\npause = "0.01 s"')
        self.sonde("run", "study.toml")
        status = self.document("status", "study.toml", "--json")
        self.assertEqual(status["runs"]["ok"], 6)
        self.assertEqual(status["runs"]["failed"], 0)
        self.assertEqual(len((self.folder / "starts").read_text().splitlines()),
                         sum(run["attempts"] for run in self.runs()))

    def test_a_disk_that_is_full_for_a_while_is_not_the_points_fault(self):
        # Every third start finds no room, and says so in the system's own words.
        self.study('echo x >> $here/starts\n[ $(($(wc -l < $here/starts) % 3)) -ne 0 ] || '
                   '{ echo "write: No space left on device" >&2; exit 3; }\n' + SAY, 'pause = "0.01 s"')
        self.sonde("run", "study.toml")
        status = self.document("status", "study.toml", "--json")
        self.assertEqual((status["runs"]["ok"], status["runs"]["failed"]), (6, 0))
        self.assertGreater(len((self.folder / "starts").read_text().splitlines()), 6)

    def test_a_set_up_that_is_broken_stops_with_its_diagnosis_and_burns_nothing(self):
        self.study('echo "licence server is down" >&2\nexit 3\n', 'parallel = 4\npause = "0.01 s"\n'
                   'on_failure = { "exit status" = "retry" }', design=100, runs=100)
        done = self.sonde("run", "study.toml", status=4)
        self.assertIn("20 failures in a row", done.stderr)
        self.assertIn("licence server is down", done.stderr)
        status = self.document("status", "study.toml", "--json")
        self.assertEqual(status["runs"]["asked"], 4)
        self.assertEqual(status["runs"]["failed"], 0)
        (self.folder / "simulator").write_text("#!/bin/sh\n" + SAY)
        self.sonde("run", "study.toml")
        self.assertEqual(self.document("status", "study.toml", "--json")["runs"]["ok"], 100)

    def test_what_is_recorded_is_what_was_simulated(self):
        # Points whose third decimal of a is even fail; b is written with one digit.
        self.study('d=$(awk "BEGIN { print int($1 * 1000) % 2 }")\n[ $d = 1 ] || exit 1\n' + SAY, "nudge = 1e-2")
        text = (self.folder / "study.toml").read_text().replace("{{b}}", "{{b|%.1f}}")
        (self.folder / "study.toml").write_text(text)
        self.assertIn("the format of 'b' moves it by up to 0.0", self.sonde("check", "study.toml").stdout)
        self.sonde("run", "study.toml")
        runs = [run for run in self.runs() if run["status"] == "ok"]
        self.assertGreater(len(runs), 3)
        for run in runs:
            self.assertAlmostEqual(run["x"]["b"], round(run["x"]["b"], 1), 12)
            self.assertAlmostEqual(run["y"]["value"], run["x"]["a"] ** 2 + run["x"]["b"], 9)
            self.assertLessEqual(abs(run["x"]["a"] - run["asked"]["a"]), 4e-2 + 1e-12)

    def test_outputs_that_arrive_train_their_own_response(self):
        self.study('[ $(($3 % 2)) -eq 0 ] && echo "drag = $1" > log || echo "lift = $2 drag = $1" > log\n', design=12,
                   runs=12, outputs='from = { regex = "drag = (\\\\S+)", file = "log" }\n[outputs.lift]\n'
                                    'from = { regex = "lift = (\\\\S+)", file = "log" }')
        self.sonde("run", "study.toml")
        runs = self.runs()
        self.assertEqual({run["status"] for run in runs}, {"ok"})
        self.assertEqual(sum(run["y"].get("lift") is not None for run in runs), 6)
        self.assertEqual(sum(run["y"]["value"] is not None for run in runs), 12)
        outputs = self.document("status", "study.toml", "--json")["outputs"]
        self.assertLess(outputs["value"]["loo_nrmse"], 0.1)

    def test_a_simulator_that_has_changed_is_told(self):
        self.study('[ -e $here/changed ] && { set -- "$(awk "BEGIN { print $1 + 1 }")" "$2"; }\n'
                   '[ $3 -lt 12 ] || touch $here/changed\n' + SAY, design=25, runs=25, more="[gold]\nevery = 5")
        done = self.sonde("run", "study.toml")
        self.assertEqual(done.stderr.count("gold: run 17 asked a known point again: value is"), 1)
        gold = self.document("status", "study.toml", "--json")["gold"]
        self.assertEqual(gold["asked"], 4)
        self.assertEqual([one["id"] for one in gold["differences"]], [17])
        self.assertIn("has changed since", gold["differences"][0]["words"])
        self.assertIn("; its program and its files are the same", gold["differences"][0]["words"])
        self.assertIn("gold      run 17", self.sonde("status", "study.toml").stdout)

    def test_a_run_tells_what_it_took_and_what_it_was_made_with(self):
        self.study('awk "BEGIN { for (i = 0; i < 1000000; ++i) s += i }"\n' + SAY,
                   'version = ["echo", "solver 1.2"]\ncopy = ["mesh.inp", "parts"]\n', design=24, runs=4,
                   more="[gold]\nevery = 3")
        (self.folder / "mesh.inp").write_text("coarse")
        (self.folder / "parts").mkdir()
        (self.folder / "parts" / "rib").write_text("thin")
        self.sonde("run", "study.toml")
        why = self.document("why", "0", "study.toml", "--json")["answer"]
        self.assertGreater(why["usage"]["cpu_seconds"], 0)
        self.assertGreater(why["usage"]["max_rss"], 1e5)
        self.assertEqual((why["usage"]["exit_status"], why["usage"]["signal"]), (0, 0))
        self.assertEqual(why["ingredients"]["version"], "solver 1.2")
        self.assertEqual(why["ingredients"]["file parts/rib"], hashlib.sha256(b"thin").hexdigest())
        self.assertIn(f"program {self.folder.resolve() / 'simulator'}", why["ingredients"])
        self.assertNotIn("since then", self.sonde("why", "0", "study.toml").stdout)
        # A finer mesh moves all values by one.
        (self.folder / "mesh.inp").write_text("fine")
        (self.folder / "simulator").write_text('#!/bin/sh\nset -- "$(awk "BEGIN { print $1 + 1 }")" "$2"\n' + SAY)
        text = (self.folder / "study.toml").read_text()
        (self.folder / "study.toml").write_text(text.replace("runs = 4", "runs = 12"))
        self.sonde("run", "study.toml")
        words = self.sonde("why", "0", "study.toml").stdout
        self.assertRegex(words, r"made with  program \S+/simulator \([0-9a-f]{12}\), version \(solver 1.2\), file mesh.inp")
        self.assertRegex(words, r"since then program \S+/simulator, file mesh.inp changed\n")
        gold = self.document("status", "study.toml", "--json")["gold"]["differences"]
        self.assertRegex(gold[0]["words"], r"; changed since: program \S+/simulator, file mesh.inp")

    def test_a_region_that_crashes_is_asked_less(self):
        self.study('awk "BEGIN { exit !($1 > 2.4) }" && kill -SEGV $$\n' + SAY, design=8, runs=30)
        self.sonde("run", "study.toml")
        late = [run for run in self.runs() if run["id"] >= 14]
        # Two fifths of the box crash. Sixteen queries at random have fewer than five there in 1 of 6.
        self.assertLess(sum(run["status"] == "failed" for run in late), 6)

    def test_a_plug_in_is_a_simulator(self):
        (self.folder / "study.toml").write_text(f"""sonde = 1
[variables.w]
bounds = [1, 4]
[variables.t]
bounds = [1, 4]
[variables.E]
bounds = [2.4e7, 3.4e7]
[variables.X]
bounds = [200, 800]
[variables.Y]
bounds = [700, 1300]
[outputs.displacement]
[simulator]
kind = "library"
library = "{PLUGIN}"
[stop]
runs = 8
""")
        self.assertIn("displacement = ", self.sonde("check", "--try", "study.toml").stdout)
        self.sonde("run", "study.toml")
        self.assertEqual(self.document("status", "study.toml", "--json")["runs"]["ok"], 8)


if __name__ == "__main__":
    unittest.main()
