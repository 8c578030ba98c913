#!/usr/bin/env python3
"""An example study as a user would run it: check, run, run again, status, predict.

usage: example_study_test.py SONDE EXAMPLE_FOLDER [RUNS]      RUNS in place of the study's budget
"""
import csv
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

SONDE, EXAMPLE, RUNS = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]


class ExampleStudy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name) / EXAMPLE.name
        shutil.copytree(EXAMPLE, cls.folder)
        if (cls.folder / 'build.sh').exists():
            subprocess.run([cls.folder / 'build.sh'], check=True)
        text = (EXAMPLE / 'study.toml').read_text()
        if RUNS:
            text, changed = re.subn(r'(?s)(\n\[stop\].*?\nruns *= *)\d+', r'\g<1>' + RUNS[0], text)
            assert changed == 1, 'a budget in runs'
            (cls.folder / 'study.toml').write_text(text)
        cls.study = tomllib.loads(text)
        cls.sonde('run', 'study.toml')

    @classmethod
    def sonde(cls, *arguments):
        done = subprocess.run([SONDE, *arguments], cwd=cls.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f'sonde {" ".join(arguments)}: status {done.returncode}\n'
                                 f'{done.stdout}\n{done.stderr}')
        return done.stdout

    def status(self):
        return json.loads(self.sonde('status', 'study.toml', '--json'))

    def test_check_finds_nothing_to_say_against_it(self):
        words = self.sonde('check', 'study.toml')
        for name in self.study['variables']:
            self.assertIn(name, words)

    def test_the_budget_was_used_and_most_runs_went_well(self):
        runs = self.status()['runs']
        self.assertEqual(runs['asked'], self.study['stop']['runs'])
        self.assertEqual(runs['ok'] + runs['failed'] + runs['timed_out'], runs['asked'])
        self.assertGreater(runs['ok'], 0.7 * runs['asked'])

    @unittest.skipIf(RUNS, 'with its whole budget only')
    def test_every_output_was_learnt(self):
        outputs = self.status()['outputs']
        self.assertEqual(set(outputs), set(self.study['outputs']))
        for name, scores in outputs.items():
            if 'values' in self.study['outputs'][name]:
                self.assertLess(scores['classes']['wrong_expected'], 0.15, name)
            else:
                self.assertLess(scores['loo_nrmse'], 0.9, name)

    def test_the_same_command_again_runs_nothing_again(self):
        before = sorted((self.folder / 'study' / 'runs').iterdir())
        self.sonde('run', 'study.toml')
        self.assertEqual(before, sorted((self.folder / 'study' / 'runs').iterdir()))

    def test_the_surrogate_predicts_with_a_standard_deviation(self):
        middle = {name: v['values'][0] if 'values' in v else sum(v['bounds']) / 2
                  for name, v in self.study['variables'].items()}
        with open(self.folder / 'points.csv', 'w', newline='') as points:
            csv.writer(points).writerows([middle.keys(), middle.values()])
        rows = list(csv.DictReader(io.StringIO(
            self.sonde('predict', 'study.toml', '--at', 'points.csv'))))
        self.assertEqual(len(rows), 1)
        for name, output in self.study['outputs'].items():
            if 'values' in output:
                likely = {value: float(rows[0][f'{name}_p_{value}']) for value in output['values']}
                self.assertAlmostEqual(sum(likely.values()), 1)
                self.assertEqual(likely[rows[0][name]], max(likely.values()))
                continue
            self.assertGreaterEqual(float(rows[0][name + '_sd']), 0)
            float(rows[0][name])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
