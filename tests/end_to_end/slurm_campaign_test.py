"""`sonde` with where = "slurm", through tests/support/fake_slurm.py.

    slurm_campaign_test.py FOLDER_OF_SONDE FAKE_SLURM [unittest options]
"""
import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SONDE, FAKE = pathlib.Path(sys.argv[1]).resolve() / "sonde", pathlib.Path(sys.argv[2]).resolve()
WAIT = 120  # s, for anything that must come

STUDY = """sonde = 1
[variables.a]
bounds = [0, 1]
[outputs.f]
[simulator]
run = ["./simulator.sh", "{{{{run.id}}}}", "{{{{run.attempt}}}}", "{{{{a}}}}"]
where = "slurm"
parallel = {parallel}
[slurm]
partition = "fast"
time = "90 min"
extra = ["--mem=10"]
[design]
kind = "uniform"
runs = {runs}
[stop]
runs = {runs}
"""


class Campaign(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        fake = self.folder / "fake"
        fake.mkdir()
        for name in ("sbatch", "squeue", "scancel", "scontrol"):
            self.script(f"fake/{name}", f'exec {sys.executable} -ISs {FAKE} {name} {fake} "$@"')
        self.environment = dict(os.environ, PATH=f"{fake}:{os.environ['PATH']}")
        self.log = self.folder / "starts.log"

    def script(self, name, text):
        (self.folder / name).write_text("#!/bin/sh\n" + text + "\n")
        (self.folder / name).chmod(0o755)

    def study(self, runs, parallel, simulator="", plan={}):
        (self.folder / "study.toml").write_text(STUDY.format(runs=runs, parallel=parallel))
        (self.folder / "fake" / "plan.json").write_text(json.dumps(plan))
        self.script("simulator.sh", f'echo "$1 $2" >> {self.log}\n{simulator}\necho "{{\\"y\\": {{\\"f\\": $3}}}}"')

    def start(self):
        return subprocess.Popen([SONDE, "run", "study.toml"], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def sonde(self, *arguments, status=0):
        done = subprocess.run([SONDE, *arguments], cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, timeout=WAIT)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def starts(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def wait_for(self, condition):
        end = time.monotonic() + WAIT
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def finish(self, runs):
        done = self.sonde("run", "study.toml")
        answers = json.loads(self.sonde("export", "study.toml", "--format", "json").stdout)["runs"]
        self.assertEqual([run["status"] for run in answers], ["ok"] * runs)
        return done

    def test_a_campaign_that_is_killed_takes_over_its_jobs(self):
        runs = 24
        self.study(runs, parallel=8, simulator="sleep 0.3", plan={"sbatch": ["lost", "", "forget"]})
        for kill in range(3):
            process = self.start()
            self.wait_for(lambda: len(self.starts()) >= runs * (kill + 1) // 5)
            process.kill()
            process.communicate()
        self.finish(runs)
        ids = collections.Counter(line.split()[0] for line in self.starts())
        self.assertEqual(len(ids), runs)
        self.assertEqual(max(ids.values()), 1, ids)
        self.assertEqual(list((self.folder / "study/runs/.slurm").glob("sonde-*")), [])

    def test_an_interruption_ends_the_jobs_soon(self):
        self.study(4, parallel=4, simulator=f"[ -e {self.folder}/again ] || exec sleep 1000")
        process = self.start()
        self.wait_for(lambda: len(self.starts()) == 4)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130, said)
        queue = json.loads((self.folder / "fake/state.json").read_text())["tasks"]
        self.assertEqual({task["state"] for task in queue}, {"CANCELLED"})
        (self.folder / "again").touch()
        self.finish(4)
        self.assertEqual(sorted(self.starts()), sorted(f"{i} {attempt}" for i in range(4) for attempt in (1, 2)))

    def test_a_silent_controller_is_waited_for(self):
        self.study(2, parallel=2, simulator=f"while [ ! -e {self.folder}/again ]; do sleep 0.1; done")
        process = self.start()
        self.wait_for(lambda: len(self.starts()) == 2)
        (self.folder / "fake/down").touch()
        self.assertIn("Slurm does not answer", self.line_of(process, "Slurm"))
        (self.folder / "fake/down").unlink()
        self.assertIn("answers again", self.line_of(process, "Slurm"))
        (self.folder / "again").touch()
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(self.starts()), 2)

    def line_of(self, process, word):
        return next(line for line in process.stderr if word in line)

    def test_refusals_stop_the_campaign_with_the_words_of_slurm(self):
        self.study(2, parallel=2, plan={"sbatch": ["refuse"]})
        said = self.sonde("run", "study.toml", status=7).stderr
        self.assertIn("sbatch refuses the runs: 'sbatch: error: Batch job submission failed: Invalid partition", said)
        self.assertEqual(self.starts(), [])
        self.finish(2)  # another time Slurm is in a better mood

    def test_check_and_doctor_know_of_slurm(self):
        self.study(2, parallel=2)
        self.assertIn("slurm     sbatch --partition=fast (limit ", self.sonde("check", "study.toml").stdout)
        self.assertIn("tried     at", self.sonde("check", "study.toml", "--try").stdout)
        self.assertEqual(list(self.folder.glob("sonde-check-*")), [])
        self.assertIn("ok    slurm       answers;", self.sonde("doctor", "study.toml").stdout)
        (self.folder / "fake/down").touch()
        self.assertIn("FAULT slurm       does not answer: ", self.sonde("doctor", "study.toml", status=1).stdout)
        (self.folder / "fake/sbatch").unlink()
        self.environment["PATH"] = f"{self.folder}/fake:{pathlib.Path(sys.executable).parent}/nowhere"
        self.assertIn("'sbatch' is not on PATH", self.sonde("check", "study.toml", status=7).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
