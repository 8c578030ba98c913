"""A clock on the wall that jumps by days each time it is read changes nothing of a campaign.

    clock_test.py FOLDER_OF_SONDE JUMPING_CLOCK_LIBRARY
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CLOCK = pathlib.Path(sys.argv.pop()).resolve()
SONDE = pathlib.Path(sys.argv.pop()).resolve() / "sonde"
SIMULATOR = r"""#!/bin/sh
echo run >> {folder}/started
mkdir {folder}/seen 2>/dev/null && exit 9
sleep 0.1
echo "{\"y\": {\"value\": $(awk "BEGIN { printf \"%.15g\", $1 * $1 + $2 }")}}"
"""
STUDY = """sonde = 1
[variables.a]
bounds = [0, 4]
[variables.b]
bounds = [0, 2]
[outputs.value]
[simulator]
run = ["./simulator", "{{a}}", "{{b}}"]
parallel = 2
timeout = "60 s"
stall = "60 s"
retries = 2
pause = "0.1 s"
on_failure = { "exit status" = "retry" }
[design]
runs = 6
[method]
seed = 3
[stop]
runs = 12
wall = "10 min"
"""


class Clock(unittest.TestCase):
    def campaign(self, days):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "simulator").write_text(SIMULATOR.replace("{folder}", name))
            (folder / "simulator").chmod(0o755)
            (folder / "study.toml").write_text(STUDY)
            environment = dict(os.environ, LD_PRELOAD=str(CLOCK), JUMPING_CLOCK_DAYS=str(days))

            def sonde(*arguments):
                done = subprocess.run([SONDE, *arguments], cwd=folder, env=environment, capture_output=True, text=True,
                                      stdin=subprocess.DEVNULL, timeout=300)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                return done.stdout

            sonde("run", "study.toml")
            sonde("replay", "study.toml")
            status = json.loads(sonde("status", "study.toml", "--json"))
            runs = json.loads(sonde("export", "study.toml", "--format", "json"))["runs"]
            return status, runs, (folder / "started").read_text().count("run")

    def test_a_campaign_is_the_same(self):
        status, runs, started = self.campaign(400)
        _, steady, _ = self.campaign(0)
        self.assertEqual(status["runs"]["ok"], 12)
        self.assertEqual(started, 13)
        self.assertEqual([run["x"] for run in runs], [run["x"] for run in steady])
        self.assertEqual([run["y"] for run in runs], [run["y"] for run in steady])


if __name__ == "__main__":
    unittest.main()
