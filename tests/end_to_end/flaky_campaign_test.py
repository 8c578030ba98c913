#!/usr/bin/env python3
"""A campaign on a simulator that goes wrong in every way, killed in its middle and run again.

usage: flaky_campaign_test.py SONDE FLAKY
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

SONDE, FLAKY = (os.path.abspath(path) for path in sys.argv[1:3])

STUDY = '''
sonde = 1
[variables.a]
bounds = [-5, 10]
[variables.b]
bounds = [0, 15]
[outputs.value]
accept = "value > -1000 && value < 1e6"
[echo]
a = {{ regex = '"a": (?<v>[^,]+),', file = "stdout.txt", tol = 1e-9 }}
[simulator]
run      = [{run}]
parallel = 4
timeout  = "1 s"
fail_when = [ {{ file = "stderr.txt", regex = "(?i)diverged" }} ]
[design]
kind = "sobol"
runs = {design}
[stop]
runs = {runs}
'''


def due():
    lines = subprocess.run([FLAKY, '--list'], capture_output=True, text=True).stdout.splitlines()
    return dict(line.split()[:2] for line in lines)


class KilledFlakyCampaign(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / 'flaky.log'

    def study(self, *options, runs, design):
        run = [FLAKY, '--log', str(self.log), '--slow-seconds', '0.05', '--flood-bytes', '2000000',
               '--memory-bytes', '50000000', '--disk-bytes', '4000000', *options]
        text = STUDY.format(run=', '.join(f'"{word}"' for word in run), runs=runs, design=design)
        (self.folder / 'study.toml').write_text(text)

    def start(self):
        return subprocess.Popen([SONDE, 'run', 'study.toml'], cwd=self.folder,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run_to_its_end(self):
        process = self.start()
        words, _ = process.communicate(timeout=250)
        self.assertEqual(process.returncode, 0, words[-3000:])

    def runs(self):
        status = subprocess.run([SONDE, 'status', 'study.toml', '--json'], cwd=self.folder,
                                capture_output=True, text=True)
        return json.loads(status.stdout)['runs']

    def logged(self):
        with open(self.log) as lines:
            return [line.split() for line in lines]

    def assert_recorded_is_what_happened(self, runs):
        log = self.logged()
        expected = collections.Counter(due()[kind] for _, _, kind in log)
        recorded = self.runs()
        self.assertEqual({key: recorded[key] for key in ('asked', 'ok', 'failed', 'timed_out')},
                         {'asked': runs, **{key: expected[key]
                                            for key in ('ok', 'failed', 'timed_out')}},
                         collections.Counter(kind for _, _, kind in log))
        self.assertEqual(sorted(int(i) for i, _, _ in log), list(range(runs)))

    def test_killed_in_its_middle_it_runs_nothing_twice_and_loses_nothing(self):
        self.study('--rate', '0.3', '--seed', '5', runs=60, design=50)
        process = self.start()
        while not self.log.exists() or len(self.logged()) < 25:
            self.assertIsNone(process.poll(), 'it ended before it could be killed')
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.run_to_its_end()
        self.assert_recorded_is_what_happened(60)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
