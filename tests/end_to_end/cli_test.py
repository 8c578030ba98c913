"""The command line from outside: what each subcommand prints, and what it ends with.

    cli_test.py FOLDER_OF_SONDE FOLDER_OF_THE_SIMULATORS [unittest options]
"""
import csv
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py

BIN, SIMULATORS = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
SONDE = BIN / "sonde"
WAIT = 120  # s, for anything that must come

# A minute and more each; what they call is called by others as well.
not_sanitized = unittest.skipIf("SONDE_SANITIZED" in os.environ, "whole campaigns, many times as slow")

STUDY = """sonde = 1
title = "Branin"
[variables.a]
bounds = [-5, 10]
[variables.b]
bounds = [0, 15]
[constraints]
corner = "a + b <= 20"
[outputs.value]
[simulator]
run = ["{branin}"]
parallel = 2
timeout = "30 s"
[design]
runs = 6
[method]
seed = 3
pace = "batches"
batch = 2
[stop]
runs = 12
"""


def text_of(stream):
    return list(csv.DictReader(io.StringIO(stream)))


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR",)}

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def study(self, name="study.toml", **changes):
        text = STUDY.format(branin=SIMULATORS / "branin")
        for old, new in changes.get("replace", []):
            self.assertIn(old, text)
            text = text.replace(old, new)
        return self.write(name, text)

    def start(self, *arguments, **options):
        return subprocess.Popen([SONDE, *map(str, arguments)], cwd=self.folder, env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def sonde(self, *arguments, status=0, given=""):
        done = subprocess.run([SONDE, *map(str, arguments)], cwd=self.folder, env=self.environment, text=True,
                              input=given, capture_output=True, timeout=WAIT)
        self.assertEqual(done.returncode, status,
                         f"sonde {' '.join(map(str, arguments))}\n{done.stdout}\n{done.stderr}")
        return done

    def status(self, target="study.toml"):
        return json.loads(self.sonde("status", target, "--json").stdout)

    def runs(self, target="study.toml"):
        return text_of(self.sonde("export", target).stdout)

    def wait_for(self, condition, process=None):
        """Polls until the condition holds; a process that must live has not ended before."""
        end = time.monotonic() + WAIT
        while not condition():
            if process and process.poll() is not None:
                self.fail(f"ended with {process.returncode}: {process.communicate()}")
            self.assertLess(time.monotonic(), end, "it never came")
            time.sleep(0.02)

    def answers(self, journal="study/journal.sonde"):
        try:
            return (self.folder / journal).read_text(errors="replace").count('"kind":"answered"')
        except FileNotFoundError:
            return 0


class Subcommands(Folder):
    def test_a_first_campaign(self):
        self.sonde("init")
        self.sonde("init", status=2)
        words = self.sonde("check", "--try").stdout
        for part in ("width", "[10", "slender", "simulator.sh", "deflection ="):
            self.assertIn(part.lstrip("["), words)
        done = self.sonde("run", "--json")
        self.assertNotIn("\r", done.stderr)
        self.assertNotIn("\x1b", done.stderr)
        ended = json.loads(done.stdout)
        self.assertEqual(ended["state"], "done")
        self.assertEqual(ended["schema"], 1)
        self.assertLess(ended["outputs"]["deflection"]["loo_nrmse"], 1)
        self.assertTrue((self.folder / "study" / "study.h5").stat().st_size)
        self.assertEqual(self.status(), self.status("study"))

    def test_files_are_written_as_what_they_are(self):
        study = self.study()
        self.sonde("run", study)
        table = self.sonde("export", study).stdout
        self.write("target.csv", "old")
        (self.folder / "link.csv").symlink_to("target.csv")
        self.sonde("export", study, "-o", "link.csv")
        self.assertTrue((self.folder / "link.csv").is_symlink())
        self.assertEqual((self.folder / "target.csv").read_text(), table)
        os.mkfifo(self.folder / "pipe")
        reader = subprocess.Popen(["cat", "pipe"], cwd=self.folder, stdout=subprocess.PIPE, text=True)
        self.sonde("export", study, "-o", "pipe")
        self.assertEqual(reader.communicate(timeout=WAIT)[0], table)
        self.assertIn("directory", self.sonde("export", study, "-o", ".", status=6).stderr)
        for process in [self.start("export", study, "--format", "c99", "-o", "same.c") for _ in range(6)]:
            self.assertEqual(process.communicate(timeout=WAIT)[1], "")
            self.assertEqual(process.returncode, 0)
        self.assertEqual(sorted(file.name for file in self.folder.glob("*.new")), [])

    def test_output_that_cannot_be_written_is_said(self):
        study = self.study()
        self.sonde("run", study)
        for arguments in (["export", study], ["status", study], ["status", study, "--json"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([SONDE, *arguments], cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("standard output cannot be written", done.stderr)

    def test_a_copied_campaign_follows_its_own_study(self):
        study = self.study()
        self.sonde("run", study)
        copy = self.folder / "copy"
        copy.mkdir()
        shutil.copytree(self.folder / "study", copy / "study")
        (copy / "study.toml").write_text((self.folder / study).read_text().replace("runs = 12", "runs = 14"))
        self.sonde("run", "copy/study")
        self.assertEqual(len(self.runs("copy/study")), 14)
        self.assertEqual(len(self.runs(study)), 12)

    def test_an_ask_that_is_called_off_hands_nothing_out(self):
        self.study(replace=[('run = ["%s"]' % (SIMULATORS / "branin"), 'run = ["sleep", "60"]')])
        run = self.start("run", "study.toml", "-q")
        self.addCleanup(run.communicate)
        self.addCleanup(run.kill)
        self.wait_for(lambda: (self.folder / "study/journal.sonde").exists() and
                      '"kind":"asked"' in (self.folder / "study/journal.sonde").read_text(errors="replace"), run)
        time.sleep(0.3)
        run.send_signal(signal.SIGSTOP)
        self.addCleanup(run.send_signal, signal.SIGCONT)
        begun = time.monotonic()
        self.assertIn("being written by", self.sonde("ask", "study.toml", "--wait", "1 s", status=6).stderr)
        self.assertLess(time.monotonic() - begun, 30)
        ask = self.start("ask", "study.toml", "--wait", "60 s")
        requests = lambda: list((self.folder / "study/inbox").glob("*.request"))
        self.wait_for(requests, ask)
        ask.send_signal(signal.SIGINT)
        self.assertIn("nothing was recorded", ask.communicate(timeout=WAIT)[1])
        self.assertEqual(ask.returncode, 130)
        self.assertEqual(requests(), [])

    @not_sanitized
    def test_a_goal_says_what_is_sought(self):
        more = [("runs = 12", "runs = 22"), ("batch = 2", "batch = 1")]
        self.study(replace=[("[outputs.value]", '[outputs.value]\ngoal = "minimize"')] + more)
        self.sonde("run", "study.toml")
        runs = self.runs()
        self.assertEqual({run["why"] for run in runs}, {"design", "expected improvement"})
        self.assertLess(min(float(run["value"]) for run in runs), 2)  # least: 0.398; of 22 at random: 1 to 10
        study = self.study("contour.toml", replace=[("[outputs.value]", "[outputs.value]\ngoal = { contour = 30 }")] + more)
        self.assertIn("contour 30", self.sonde("check", study).stdout)
        self.sonde("run", study)
        self.assertEqual({run["why"] for run in self.runs(study)}, {"design", "targeted integrated variance"})
        self.sonde("replay", study)
        study = self.study("turns.toml", replace=[("seed = 3", 'seed = 3\nquery = ["variance", "integrated variance"]')])
        self.sonde("run", study)
        self.assertEqual([run["why"] for run in self.runs(study)[6:]], ["variance", "integrated variance"] * 3)

    def test_the_results_in_every_form(self):
        study = self.study()
        self.sonde("run", study)
        status = self.status()
        self.assertEqual(status["runs"]["asked"], 12)
        self.assertEqual(status["runs"]["ok"], 12)
        self.assertEqual(set(status["outputs"]["value"]), {"loo_nrmse", "coverage95", "stated"})
        runs = self.runs()
        self.assertEqual(len(runs), 12)
        self.write("points.csv", "b,a\n1.5,2\n3,4\n")
        predicted = text_of(self.sonde("predict", study, "--at", "points.csv").stdout)
        self.assertEqual(list(predicted[0]), ["a", "b", "value", "value_sd", "value_trust"])
        self.assertEqual(predicted[1]["a"], "4")
        self.sonde("predict", study, "--at", "points.csv", "-o", "out.csv")
        self.assertEqual(text_of((self.folder / "out.csv").read_text()), predicted)
        self.write("test.csv", "a,b,value\n" + "".join(f"{r['a']},{r['b']},{r['value']}\n" for r in runs))
        scores = json.loads(self.sonde("validate", "study", "--at", "test.csv", "--json").stdout)
        self.assertEqual(set(scores["outputs"]["value"]), {"n", "rmse", "nrmse", "q2", "coverage50", "coverage90", "coverage95", "adequacy"})
        self.assertEqual(scores["outputs"]["value"]["n"], 12)
        self.assertLess(scores["outputs"]["value"]["nrmse"], 0.01)  # what it was fitted to
        exported = json.loads(self.sonde("export", study, "--format", "json").stdout)
        self.assertEqual([r["id"] for r in exported["runs"]], list(range(12)))
        self.sonde("export", study, "--format", "hdf5", "-o", "all.h5")
        self.assertEqual((self.folder / "all.h5").read_bytes()[:4], b"\x89HDF")
        self.sonde("report", study)
        self.assertIn("<svg", (self.folder / "study" / "report.html").read_text())
        self.assertIn("ok", self.sonde("doctor", study).stdout)
        self.assertRegex(self.sonde("version").stdout, r"^sonde \d+\.\d+\.\d+\n$")

    def test_asking_telling_and_importing_by_hand(self):
        text = STUDY[:STUDY.index("run = [")] + 'kind = "manual"\n' + STUDY[STUDY.index("[design]"):]
        study = self.write("study.toml", text.replace("[outputs.value]", '[outputs.value]\naccept = "value < 100"'))
        self.write("runs.csv", "value,a,b\n1.5,1,2\n,3,4\n7,20,30\n1.5,1,2\n")
        self.assertIn("3 runs imported, of these 1 failed", self.sonde("import", study, "runs.csv").stdout)
        self.assertIn("0 runs imported; 4 passed over", self.sonde("import", "runs.csv", study).stdout)
        asked = [json.loads(line) for line in self.sonde("ask", study, "-n", 4).stdout.splitlines()]
        self.assertEqual([q["id"] for q in asked], [3, 4, 5, 6])
        self.assertEqual(list(asked[0]["x"]), ["a", "b"])
        lines = [json.dumps({"id": 3, "y": {"value": 1.5}}), json.dumps({"id": 4, "failed": "no coffee"}),
                 json.dumps({"id": 5, "y": {"value": 1e6}}), json.dumps({"id": 6, "y": {"valu": 2}}),
                 json.dumps({"id": 99, "y": {"value": 2}}), "{", json.dumps({"id": 3, "y": {"value": 2}})]
        told = self.sonde("tell", study, given="\n".join(lines) + "\n", status=2).stderr
        for part in ("3 answers recorded, 1 query open", "stdin:4: 'valu' is unknown here; did you mean 'value'?",
                     "stdin:5: there is no query 99", "stdin:6: expected", "stdin:7: query 3 has been answered"):
            self.assertIn(part, told)
        runs = self.status()["runs"]
        self.assertEqual((runs["asked"], runs["ok"], runs["failed"], runs["open"], runs["imported"]), (7, 3, 3, 1, 3))

    def test_runs_that_were_exported_without_an_answer_are_not_imported_as_failed(self):
        text = STUDY[:STUDY.index("run = [")] + 'kind = "manual"\n' + STUDY[STUDY.index("[design]"):]
        study = self.write("study.toml", text)
        self.sonde("ask", study, "-n", 4)
        self.sonde("tell", study, given='{"id":0,"y":{"value":1}}\n{"id":1,"failed":"burst"}\n')
        self.write("runs.csv", self.sonde("export", study).stdout)
        said = self.sonde("import", study, "runs.csv", "-C", "other").stdout
        self.assertEqual(said, "2 runs imported, of these 1 failed ones; 2 without an answer left out\n")

    def test_as_many_are_asked_as_were_wanted(self):
        text = STUDY[:STUDY.index("run = [")] + 'kind = "manual"\n' + STUDY[STUDY.index("[design]"):]
        study = self.write("study.toml", text)
        asked = [json.loads(line) for line in self.sonde("ask", study, "-n", 8).stdout.splitlines()]
        self.assertEqual([q["id"] for q in asked], list(range(8)))
        self.assertEqual([q["why"] for q in asked][:6], ["design"] * 6)
        self.assertIn("too few answers", asked[6]["why"])

    def test_texts_with_odd_characters_lose_no_row(self):
        text = STUDY[:STUDY.index("run = [")] + 'kind = "manual"\n' + STUDY[STUDY.index("[design]"):]
        study = self.write("study.toml", text)
        self.sonde("ask", study, "-n", 3)
        self.sonde("tell", study, given='{"id":0,"failed":"x\\u0000\\u001by"}\n{"id":1,"y":{"value":1e150}}\n', status=2)
        self.assertEqual([(r["id"], r["message"]) for r in self.runs()], [("0", "x??y"), ("1", ""), ("2", "")])

    def test_a_column_that_is_meant_otherwise_is_not_imported(self):
        study = self.study()
        self.write("runs.csv", "a,b,Value\n1,2,3\n")
        said = self.sonde("import", study, "runs.csv", status=2).stderr
        self.assertIn("runs.csv: column 'Value' is unknown; did you mean 'value'?", said)
        self.write("runs.csv", "a,b\n1,2\n")
        self.assertIn("has no column of an output ('value')", self.sonde("import", study, "runs.csv", status=2).stderr)

    def test_what_cannot_be_imported_leaves_the_campaign_as_it_was(self):
        study = self.study(replace=[("bounds = [0, 15]", "bounds = [1, 15]\nscale = 'log'")])
        self.write("good.csv", "a,b,value\n1,2,3\n2,3,4\n")
        self.sonde("import", study, "good.csv")
        for row, part in (("3,0,5", "bad.csv:3: 'b' cannot be 0 on its scale"),
                          ("3,-1,5", "bad.csv:3: 'b' cannot be -1 on its scale"),
                          ("3,1,inf", "bad.csv:3: 'value': expected a number within 1e+140, or nothing")):
            self.write("bad.csv", f"a,b,value\n5,6,7\n{row}\n")
            self.assertIn(part, self.sonde("import", study, "bad.csv", status=2).stderr)
        self.assertEqual(self.status()["runs"]["asked"], 2)
        self.sonde("run", study)
        self.assertEqual(self.status()["runs"]["ok"], 14)

    def test_an_import_that_was_cut_short_is_completed_by_the_same_command(self):
        study = self.study()
        self.write("runs.csv", "a,b,value\n1,2,3\n20,30,4\n3,4,5\n")
        self.sonde("import", study, "runs.csv")
        journal = self.folder / "study" / "journal.sonde"
        lines = journal.read_bytes().splitlines(keepends=True)
        answered = [i for i, line in enumerate(lines) if b'"kind":"answered"' in line]
        journal.write_bytes(b"".join(lines[:answered[1]]))  # three were asked, one was answered
        self.sonde("run", study)  # which does not compute a point outside of the domain
        self.assertEqual(self.status()["runs"]["open"], 2)
        self.assertIn("2 runs imported", self.sonde("import", study, "runs.csv").stdout)
        self.assertEqual(self.status()["runs"]["open"], 0)
        told = [r for r in self.runs() if r["why"] == "imported"]
        self.assertEqual([(r["a"], r["value"]) for r in told], [("1", "3"), ("20", "4"), ("3", "5")])

    def test_the_design_may_come_from_a_file_or_from_its_first_rows(self):
        self.write("doe.csv", "b,a\n1,2\n3,4\n5,6\n")
        study = self.study(replace=[("[design]\nruns = 6", '[design]\nfile = "doe.csv"\nruns = 2'), ("runs = 12", "runs = 4")])
        self.sonde("run", study)
        self.assertEqual([(r["a"], r["b"], r["why"]) for r in self.runs()[:2]],
                         [("2", "1", "design"), ("4", "3", "design")])
        self.assertNotEqual(self.runs()[2]["why"], "design")
        study = self.study(replace=[("[design]\nruns = 6", '[design]\nfile = "doe.csv"\nruns = 4')])
        said = self.sonde("run", study, "-C", "other", status=3).stderr
        self.assertIn("design.runs: 'doe.csv' has 3 rows, got 4", said)

    def test_a_table_with_two_columns_of_one_name_is_refused(self):
        study = self.study()
        self.sonde("run", study)
        self.write("points.csv", "a,b,a\n1,2,3\n")
        said = self.sonde("predict", study, "--at", "points.csv", status=2).stderr
        self.assertIn("points.csv: there are two columns 'a'", said)

    def test_every_query_says_why_and_every_decision_is_derived_again(self):
        study = self.study()
        self.assertIn("has not begun", self.sonde("replay", study, status=2).stderr)
        self.sonde("run", study)
        self.assertRegex(self.sonde("replay", study).stdout,
                         r"^12 queries and [1-4] models? derived again: the same, bit for bit\n$")
        document = json.loads(self.sonde("replay", study, "--json").stdout)
        self.assertIsNone(document["difference"])
        self.assertEqual(document["recorded_by"], document["derived_by"])
        self.assertIn("of the initial design", self.sonde("why", "0", study).stdout)
        words = self.sonde("why", "9", study).stdout
        for part in ("of most worth by the criterion", "climbed to from number", "runner-up ", "model      number ",
                     "foretold   value = ", "seed 3, stream ask/8/query/1", "standard deviations from what was foretold"):
            self.assertIn(part, words)
        why = json.loads(self.sonde("why", "9", study, "--json").stdout)
        self.assertEqual(why["model"]["learnt_from"], list(range(8)))
        self.assertEqual(why["model"]["supposed"], [8])
        self.assertGreaterEqual(why["selection"]["rank"], 1)
        self.assertLessEqual(why["selection"]["runner_up_worth"], why["worth"])
        self.assertIn("there is no query 12; the last is 11", self.sonde("why", "12", study, status=2).stderr)

    def test_another_instruction_set_decides_the_same_or_replay_says_where_not(self):
        study = self.study()
        self.environment["SONDE_DENSE"] = "v2"
        self.sonde("run", study)
        same = r"^12 queries and [1-4] models? derived again: the same, bit for bit\n$"
        for threads in (1, 3):
            self.assertRegex(self.sonde("replay", study, "--threads", threads).stdout, same)
        del self.environment["SONDE_DENSE"]
        replayed = self.start("replay", study, "--json")
        document = json.loads(replayed.communicate(timeout=WAIT)[0])
        self.assertIn("x86-64-v2", document["recorded_by"])
        difference = document["difference"]
        self.assertEqual(replayed.returncode, 1 if difference else 0)
        if difference:
            self.assertNotEqual(document["recorded_by"], document["derived_by"])
            self.assertTrue(difference["query"] >= 6 or difference["model"] >= 1)  # the design is whole numbers' work
            self.assertNotEqual(difference["recorded"], difference["derived"])

    @not_sanitized
    def test_models_are_kept_promoted_and_gone_back_to(self):
        study = self.study(replace=[("[method]", "[validation]\nshare = 0.25\n[segments]\nleft = \"a < 2\"\n[method]"),
                                    ("runs = 12", "runs = 24")])
        self.sonde("run", study)
        models = json.loads(self.sonde("models", study, "--json").stdout)["models"]
        self.assertEqual([m["model"] for m in models], list(range(1, len(models) + 1)))
        held = [q for q in self.runs() if q["why"] == "validation"]
        last = models[-1]
        self.assertEqual(last["runs"], 24 - len(held))
        self.assertEqual(last["held_out"]["value"]["n"], len(held))
        error = last["held_out"]["value"]
        self.assertTrue(error["lower"] < error["rmse"] < error["upper"])
        # The first knows six runs, the last many more: what was held out speaks against going back.
        refused = self.sonde("models", study, "--promote", "1", status=2).stderr
        self.assertIn("model 1 is worse beyond its interval than what answers now", refused)
        self.assertIn("--force goes with --promote", self.sonde("models", study, "--force", status=2).stderr)
        self.assertIn("there are 1 to", self.sonde("models", study, "--promote", "99", status=2).stderr)
        self.write("points.csv", "a,b\n1,2\n")
        newest = self.sonde("predict", study, "--at", "points.csv").stdout
        said = self.sonde("models", study, "--promote", "1", "--force", "--reason", "to see", "--by", "eve").stdout
        self.assertIn("model 1 answers from now on", said)
        self.assertEqual(self.status()["model"], 1)
        self.assertNotEqual(self.sonde("predict", study, "--at", "points.csv").stdout, newest)
        self.assertIn("the newest answers", self.sonde("models", study, "--rollback").stdout)
        self.assertEqual(self.sonde("predict", study, "--at", "points.csv").stdout, newest)
        self.assertIn("nothing to go back to", self.sonde("models", study, "--rollback", status=2).stderr)

    def test_a_run_may_be_marked_and_is_learnt_from_no_more(self):
        study = self.study()
        self.sonde("run", study)
        mark = '{"id": 3, "mark": "excluded", "reason": "coarse mesh", "by": "eve"}\n'
        self.assertIn("1 mark recorded", self.sonde("tell", study, given=mark).stderr)
        self.assertIn("1 passed over", self.sonde("tell", study, given=mark).stderr)
        self.assertNotIn(3, json.loads(self.sonde("why", "11", study, "--json").stdout)["model"]["supposed"])
        said = self.sonde("tell", study, given='{"id": 3, "mark": "bad"}\n', status=2).stderr
        self.assertIn('expected "mark": "train", "validation" or "excluded"', said)
        self.assertIn("bit for bit", self.sonde("replay", study).stdout)

    def test_validation_needs_something_to_compare_with(self):
        study = self.study()
        self.sonde("run", study)
        self.write("points.csv", "a,b,value\n1,2,\n3,4,\n")
        said = self.sonde("validate", study, "--at", "points.csv", status=2).stderr
        self.assertIn("the column 'value' has no value to compare with", said)

    def test_a_choice_is_known_by_its_label(self):
        self.write("sim.sh", "#!/bin/sh\n" 'if [ "$1" = CFRP ]; then echo "v = 2"; else echo "v = $2"; fi\n')
        study = self.write("study.toml", STUDY.replace('[outputs.value]', '''[variables.material]
values = ["AL", "CFRP"]
[outputs.value]
from = { regex = 'v = (?<v>\\S+)', file = "stdout.txt" }''').replace(
            'run = ["{branin}"]', 'run = ["sh", "../../../sim.sh", "{{material}}", "{{a}}"]').replace("runs = 12", "runs = 9"))
        self.sonde("run", study)
        for run in self.runs():
            self.assertEqual(float(run["value"]), 2 if run["material"] == "CFRP" else float(run["a"]))
        self.write("points.csv", "a,b,material\n1,1,CFRP\n")
        self.assertEqual(text_of(self.sonde("predict", study, "--at", "points.csv").stdout)[0]["material"], "CFRP")
        self.write("points.csv", "a,b,material\n1,1,CFPR\n")
        self.assertIn("did you mean 'CFRP'?", self.sonde("predict", study, "--at", "points.csv", status=2).stderr)

    @not_sanitized
    def test_comparing_with_a_random_design(self):
        study = self.study()
        self.sonde("run", study)
        arguments = ("compare", study, "--against", "variance,uniform", "--repeats", "2", "--test-runs", "20")
        document = json.loads(self.sonde(*arguments, "--json").stdout)
        rows = [(s["name"], s["model"]) for s in document["strategies"]]
        self.assertEqual(rows, [("auto", "campaign"), ("variance", "campaign"), ("variance", "standard"),
                                ("uniform", "campaign"), ("uniform", "standard")])
        for strategy in document["strategies"]:
            self.assertEqual(len(strategy["runs_to"]["0.1"]), 2)
            self.assertEqual(strategy["curve"][-1]["runs"], 12)
        compare = self.folder / "study" / "compare"
        self.assertFalse((compare / "auto-3").exists())  # the campaign itself serves
        self.assertTrue((compare / "auto-4" / "journal.sonde").exists())
        before = {p: p.stat().st_mtime for p in compare.glob("*/runs")}
        table = self.sonde(*arguments).stdout
        self.assertIn("auto (this study)", table)
        self.assertEqual(before, {p: p.stat().st_mtime for p in compare.glob("*/runs")})
        self.sonde("compare", study, "--against", "unifrom", status=2)

        # The runs it was judged by are kept, and the errors on them stand in the HDF5 file.
        scores = json.loads(self.sonde("validate", study, "--at", compare / "test.csv", "--json").stdout)
        with h5py.File(self.folder / "study" / "study.h5") as file:
            held_out = file["metrics/value/holdout_nrmse"][...]
        self.assertGreater(len(held_out), 2)
        self.assertAlmostEqual(held_out[-1], scores["outputs"]["value"]["nrmse"], delta=1e-9)


class BadInput(Folder):
    def refused(self, status, part, study, command="run"):
        with self.subTest(part):
            self.assertIn(part, self.sonde(command, study, status=status).stderr)
            self.assertFalse((self.folder / "study" / "journal.sonde").exists())

    def test_studies_are_refused_with_place_and_status(self):
        branin = f'run = ["{SIMULATORS / "branin"}"]'
        table = [
            (3, "study.toml:4:1: key 'bonds' is unknown here; did you mean 'bounds'?", "bounds = [-5", "bonds = [-5"),
            (3, "study.toml:4:10: variables.a.bounds: expected lower < upper, got [10, -5]", "[-5, 10]", "[10, -5]"),
            (3, "study.toml:4:10: variables.a.bounds: expected two numbers, got \"5 mm\"", "[-5, 10]", '"5 mm"'),
            (3, "study.toml:3:12: variables.id: the name 'id' is taken by a column of the results", "[variables.a]",
             "[variables.id]"),
            (3, "study.toml:4:10: variables.a.bounds: expected bounds whose difference", "[-5, 10]", "[-1e308, 1e308]"),
            (3, "study.toml:5:8: variables.a.dist: ", "bounds = [-5, 10]",
             'bounds = [-5, 10]\ndist = { type = "truncnormal", mean = 1e6, sd = 0.1 }'),
            (3, "study.toml:2:9: expected a text without control characters", 'title = "Branin"', 'title = "a\\u0000b"'),
            (3, "study.toml:8:10: constraints.corner: \na + b <= (20\n            ^\n", "a + b <= 20", "a + b <= (20"),
            (3, "simulator.copy: 'none' cannot be read (looked for", branin, 'copy = ["none"]\n' + branin),
            (3, "No such file or directory", branin, 'copy = ["none"]\n' + branin),
            (3, "key 'cheap_for' is not available", "parallel = 2", "parallel = 2\ncheap_for = 'x'"),
            (3, "study.toml:9:1: constraints: no admissible point was found", "[outputs", 'no = "a > 5"\nyes = "a < 4"\n[outputs'),
            (3, "study.toml:11:15: simulator.templates: the file", branin,
             'templates = { "case.tmpl" = "case" }\n' + branin),
            (3, "study.toml:8:10: constraints.corner", "a + b <=", "a + c <="),
            (7, "there_is_none", branin, 'run = ["./there_is_none"]'),
            (7, "nowhere_on_the_path", branin, 'run = ["nowhere_on_the_path"]'),
            (7, "study.toml", branin, 'run = ["./study.toml"]'),
        ]
        for status, part, old, new in table:
            self.refused(status, part, self.study(replace=[(old, new)]))
            self.refused(status, part, self.study(replace=[(old, new)]), command="check")
        self.write("case.tmpl", "a = {{a}}\nb = {{bb}}\n")
        unknown = self.study(replace=[(branin, 'templates = { "case.tmpl" = "case" }\n' + branin)])
        self.refused(3, "case.tmpl:2:", unknown)

    def test_the_command_line_is_refused_with_status_2(self):
        study = self.study()
        self.sonde(status=2)
        self.assertIn("'rum' is no command; did you mean 'run'?", self.sonde("rum", study, status=2).stderr)
        self.sonde("run", study, "--wokers", "2", status=2)
        self.sonde("run", study, "--workers", "0", status=2)
        self.assertIn("c99", self.sonde("export", study, "--format", "xls", status=2).stderr)
        self.sonde("status", study, status=2)
        self.sonde("predict", study, "--at", "none.csv", status=2)
        self.sonde("run", study, "--require-target", status=2)
        self.sonde("run", "none.toml", status=3)
        self.sonde("--help")
        self.sonde("run", "--help")

    def test_what_cannot_be_fitted_is_a_choice(self):
        many = self.study(replace=[("runs = 12", "runs = 6000")])
        said = self.sonde("run", many, status=2).stderr
        self.assertIn("fitting 6000 runs takes about", said)
        self.assertIn("--yes", said)
        more = self.study(replace=[("runs = 12", "runs = 9000000")])
        self.assertIn("there is memory for", self.sonde("run", more, "--yes", status=2).stderr)

    def test_a_campaign_that_is_locked_or_damaged(self):
        study = self.study()
        self.sonde("run", study)
        journal = self.folder / "study" / "journal.sonde"
        import fcntl
        with open(journal, "r+b") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.sonde("run", study, status=6)
            self.sonde("tell", study, status=6)
            self.assertEqual(self.status()["state"], "running")
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:3] + lines[4:]))
        self.assertIn("damaged at byte", self.sonde("run", study, status=6).stderr)
        self.sonde("status", study, status=6)

    def test_a_damaged_journal_is_repaired_and_its_results_are_found_again(self):
        study = self.study()
        self.sonde("run", study)
        before = self.runs()
        journal = self.folder / "study" / "journal.sonde"
        whole = journal.read_bytes()
        lines = whole.splitlines(keepends=True)
        asked = [i for i, line in enumerate(lines) if b'"kind":"asked"' in line]
        answered = [i for i, line in enumerate(lines) if b'"kind":"answered"' in line]
        for hit in (asked[-1], answered[3]):
            lines[hit] = lines[hit].replace(b'"seq":', b'"seq":9', 1)
        journal.write_bytes(b"".join(lines))
        self.assertIn("sonde repair", self.sonde("run", study, status=6).stderr)
        repaired = self.sonde("repair", study)
        offset = sum(map(len, lines[:answered[3]]))
        self.assertIn(f"lost: byte {offset}", repaired.stderr)
        self.assertIn("lost 2 pieces", repaired.stdout)
        self.assertEqual((self.folder / "study" / "journal.sonde.damaged").read_bytes(), b"".join(lines))
        self.assertIn("nothing to repair", self.sonde("repair", "study").stdout)
        self.sonde("run", study)

        def facts(runs):
            return [{key: value for key, value in run.items() if key not in ("seconds", "why")} for run in runs]
        self.assertEqual(facts(self.runs()), facts(before))

    def test_a_torn_tail_of_the_journal_is_told(self):
        study = self.study()
        self.sonde("run", study)
        journal = self.folder / "study" / "journal.sonde"
        with open(journal, "ab") as file:
            file.write(b"0123abcd {")
        self.assertIn("10 bytes that were never whole", self.sonde("run", study).stderr)
        self.assertNotIn("never whole", self.sonde("run", study).stderr)

    def test_runs_without_a_journal_are_not_taken_for_a_new_campaign(self):
        study = self.study()
        self.sonde("run", study)
        journal = self.folder / "study" / "journal.sonde"
        journal.write_bytes(journal.read_bytes()[:40])
        for command in (("run", study), ("status", study), ("export", "study")):
            self.assertIn("nothing is recorded, but there are results in", self.sonde(*command, status=6).stderr)

    def test_a_full_disk_spends_no_budget(self):
        study = self.study()
        self.sonde("run", study, "-C", "reference")
        (self.folder / "study").mkdir()
        (self.folder / "study" / "runs").write_text("")  # no run's directory can be made below it
        self.assertIn("cannot be made", self.sonde("run", study, status=6).stderr)
        (self.folder / "study" / "runs").unlink()
        self.sonde("run", study)
        self.assertEqual([(r["a"], r["b"], r["value"]) for r in self.runs()],
                         [(r["a"], r["b"], r["value"]) for r in self.runs("reference")])

    def test_a_study_that_has_changed(self):
        study = self.study()
        self.sonde("run", study)
        self.study(replace=[("[-5, 10]", "[1, 10]\nscale = \"log\"")])
        said = self.sonde("run", study, status=3).stderr
        self.assertIn("study.toml:5:1: the study has changed since the campaign began: "
                      "variables.a.scale was not there", said)
        self.sonde("status", study)
        self.study(replace=[("runs = 12", "runs = 14"), ("parallel = 2", "parallel = 3"), ("Branin", "B, again"),
                            ("[variables.b]", "# words\n\n[variables.b]")])
        self.sonde("run", study)
        self.assertEqual(self.status()["runs"]["asked"], 14)

    def test_bounds_constraints_and_outputs_may_change_while_a_campaign_lives(self):
        study = self.study()
        self.sonde("run", study)
        narrow = [("[-5, 10]", "[-5, 4]"), ("a + b <= 20", "a + b <= 12"), ("runs = 12", "runs = 20")]
        self.study(replace=narrow)
        self.sonde("run", study)
        later = self.runs()[12:]
        self.assertEqual(len(later), 8)
        for run in later:
            self.assertLessEqual(float(run["a"]), 4)
            self.assertLessEqual(float(run["a"]) + float(run["b"]), 12 + 1e-9)
        self.assertEqual(self.status()["runs"]["ok"], 20)
        said = self.sonde("models", study, "--promote", "1", status=2).stderr
        self.assertIn("model 1 was made before the study's bounds or outputs were changed", said)
        # An output that comes later is learnt from the runs that have it.
        output = ("[simulator]", """[outputs.again]
from = { regex = '"value": *(?<v>[0-9.eE+-]+)', file = "stdout.txt" }
[simulator]""")
        self.study(replace=[*narrow[:2], ("runs = 12", "runs = 28"), output])
        self.sonde("run", study)
        runs = self.runs()
        self.assertTrue(all(r["again"] == "" for r in runs[:20]))
        self.assertTrue(all(r["again"] == r["value"] for r in runs[20:]))
        self.assertEqual(set(self.status()["outputs"]), {"value", "again"})
        self.assertIn("bit for bit", self.sonde("replay", study).stdout)
        with h5py.File(self.folder / "study" / "study.h5") as file:
            self.assertEqual(file["runs/again"].shape, (28,))

    def test_a_simulator_may_be_mended_until_a_run_went_well_and_its_limits_always(self):
        broken = ('["', '["false", "')
        study = self.study(replace=[("runs = 12", "runs = 30"), broken])
        self.sonde("run", study, status=4)
        self.assertEqual(self.status()["runs"]["ok"], 0)
        self.study(replace=[("runs = 12", "runs = 30")])
        self.sonde("run", study)
        self.assertEqual(self.status()["runs"]["ok"], 10)
        self.sonde("run", study)  # what it follows now is the mended study
        self.study(replace=[("runs = 12", "runs = 30"), broken])
        self.assertIn("simulator.run was", self.sonde("run", study, status=3).stderr)
        self.study(replace=[("runs = 12", "runs = 31"), ('timeout = "30 s"', 'timeout = "40 s"\nretries = 1')])
        self.sonde("run", study)
        self.assertEqual(self.status()["runs"]["ok"], 11)

    def test_failures_and_targets_have_a_status(self):
        self.sonde("run", self.study(replace=[("runs = 12", "runs = 30"), ('["', '["false", "')]), "-C", "a", status=4)
        self.assertEqual(self.status("a")["state"], "failed")
        self.assertIn("none of 30 runs went well", self.sonde("run", "a", status=4).stderr)
        study = self.study(replace=[("runs = 12", "runs = 12\nerror = 1e-9")])
        self.sonde("run", study, "-C", "b", "--require-target", status=5)
        study = self.study(replace=[("runs = 12", "runs = 12\nerror = 1e9")])
        self.sonde("run", study, "-C", "c", "--require-target")
        self.assertEqual(self.status("c")["runs"]["asked"], 8)


class Interruptions(Folder):
    """The simulator notes that it was started; what it answers waits for a file to appear."""

    def setUp(self):
        super().setUp()
        self.write("sim.sh", f"""#!/bin/sh
echo "$1" >> "{self.folder}/started"
while [ "$1" -ge "$(cat "{self.folder}/hold" 2>/dev/null || echo 1000)" ]; do sleep 0.05; done
exec "{SIMULATORS}/branin"
""")
        self.study(replace=[(f'"{SIMULATORS / "branin"}"', f'"sh", "{self.folder}/sim.sh", "{{{{run.id}}}}"')])

    def hold(self, first):
        """Runs from this one on wait."""
        temporary = self.folder / "hold.new"
        temporary.write_text(str(first))
        temporary.rename(self.folder / "hold")

    def started(self):
        file = self.folder / "started"
        return sorted(map(int, file.read_text().split())) if file.exists() else []

    def reference(self):
        """The campaign as it is when nothing happens to it."""
        (self.folder / "hold").unlink(missing_ok=True)
        self.sonde("run", "study.toml", "-C", "reference", "--workers", 1)
        (self.folder / "started").unlink()
        return [(r["a"], r["b"], r["value"]) for r in self.runs("reference")]

    def same(self, reference):
        self.assertEqual([(r["a"], r["b"], r["value"]) for r in self.runs()], reference)

    def test_queries_in_batches_do_not_depend_on_the_workers(self):
        reference = self.reference()
        self.sonde("run", "study.toml", "--workers", 8)
        self.same(reference)

    def test_kill_9_loses_nothing_and_runs_nothing_twice(self):
        reference = self.reference()
        for cut in (3, 7, 8):
            self.hold(cut)
            process = self.start("run", "study.toml")
            self.wait_for(lambda: self.started() and self.started()[-1] >= cut and self.answers() >= cut, process)
            process.kill()
            process.communicate()
        self.hold(1000)
        self.sonde("run", "study.toml")
        self.assertEqual(self.started(), list(range(12)))
        self.same(reference)

    def test_ctrl_c_once_lets_running_ones_finish(self):
        reference = self.reference()
        self.hold(8)
        process = self.start("run", "study.toml")
        self.wait_for(lambda: 8 in self.started() and 9 in self.started(), process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(process.poll())  # it waits for them
        self.hold(1000)
        out, err = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("2 running simulations may finish", err)
        self.assertEqual(self.status()["state"], "interrupted")
        self.assertEqual(self.status()["runs"]["ok"], 10)
        self.sonde("run", "study.toml")
        self.assertEqual(self.started(), list(range(12)))
        self.same(reference)

    def test_ctrl_c_twice_ends_them(self):
        reference = self.reference()
        self.hold(8)
        process = self.start("run", "study.toml")
        self.wait_for(lambda: 8 in self.started() and 9 in self.started(), process)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        out, err = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(self.status()["runs"]["open"], 2)
        self.hold(1000)
        self.sonde("run", "study.toml")
        self.assertEqual(self.status()["runs"]["ok"], 12)
        self.same(reference)

    def test_ctrl_c_thrice_ends_sonde_and_loses_nothing(self):
        script = (self.folder / "sim.sh").read_text()
        self.write("sim.sh", script.replace("#!/bin/sh\n", "#!/bin/sh\ntrap '' TERM\n"))
        reference = self.reference()
        self.hold(8)
        process = self.start("run", "study.toml")
        self.wait_for(lambda: 8 in self.started() and 9 in self.started(), process)
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, -signal.SIGINT)  # there and then: no grace for the simulators
        self.hold(1000)
        self.sonde("run", "study.toml")
        self.assertEqual(self.status()["runs"]["ok"], 12)
        self.same(reference)

    def test_sigterm_and_sonde_stop(self):
        self.hold(6)
        process = self.start("run", "study.toml")
        self.wait_for(lambda: 7 in self.started(), process)
        process.send_signal(signal.SIGTERM)
        self.hold(8)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 143)
        process = self.start("run", "study.toml")
        self.wait_for(lambda: 9 in self.started(), process)
        self.assertIn("may finish", self.sonde("stop", "study.toml").stdout)
        self.hold(1000)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.status()["state"], "interrupted")
        self.assertIn("nothing is running", self.sonde("stop", "study.toml").stdout)

    def test_sonde_stop_reaches_a_comparison(self):
        self.sonde("run", "study.toml")
        self.hold(4)
        arguments = ("compare", "study.toml", "--repeats", 1, "--test-runs", 8, "--quiet")
        process = self.start(*arguments)
        self.wait_for(lambda: self.answers("study/compare/test-8/journal.sonde") >= 4, process)
        self.assertIn("another process compares here", self.sonde(*arguments, status=6).stderr)
        self.assertIn("may finish", self.sonde("stop", "study.toml").stdout)
        self.hold(1000)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130)
        self.assertLess(self.answers("study/compare/test-8/journal.sonde"), 8)
        self.sonde(*arguments)
        self.assertTrue((self.folder / "study" / "compare" / "compare.json").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
