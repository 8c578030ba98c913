"""Shell metacharacters, paths that climb, newlines and absurd numbers in every field of a study: refused with its place,
or inert. Nothing is executed, nothing is written beside the campaign, nothing reaches the terminal raw.

    hostile_study_test.py FOLDER_OF_SONDE
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SONDE = pathlib.Path(sys.argv.pop(1)).resolve() / "sonde"

WORDS = ["; touch pwned", "$(touch pwned)", "`touch pwned`", "| touch pwned", "../../pwned", "/tmp/../pwned", "a\nb",
         "a\r\x1b[2Jb", "-rf", "'\"\\", "{{x}}", "{{run.id", "%n%n%s", "\x7f", "ä€\U0001f600", " ", "", "a" * 100_000,
         "nul\0", "<script>alert(1)</script>", "#SBATCH --wrap=pwned"]
NUMBERS = ["1e400", "-1e400", "nan", "inf", "1e308", "-1", "0", "1e-320", "99999999999999999999", "1.5", "[]", "true",
           "\"12\"", "1_000_000_000_000"]

# What stands in the study, each value a place for something hostile. Text and numbers as TOML.
STUDY = {
    "title": '"a title"', "variable": "x", "unit": '"mm"', "lower": "0", "upper": "4", "label": '"steel"',
    "constant": "2", "constant_unit": '"m"', "derived": '"x*x"', "constraint": '"x <= 3.9"', "tolerance": "1e-9",
    "output": "y", "output_unit": '"N"', "regex": "'y = (\\S+)'", "file": '"out.txt"', "factor": "1",
    "accept": '"y >= 0"', "echo_tol": "1e-6", "program": '"./simulator"', "argument": '"{{x}}"', "source": '"in.tmpl"',
    "target": '"in.txt"', "copy": '"data.txt"', "link": '"linked.txt"', "env_name": '"LEVEL"', "env_value": '"{{q}}"',
    "parallel": "1", "timeout": '"20 s"', "stall": '"20 s"', "retries": "0", "fail_regex": "'diverged'",
    "fail_file": '"log.txt"', "fail_kind": '"diverged"', "nudge": "0.001", "memory": '"4 GiB"', "cpu": '"1 h"',
    "token": "solver", "tokens": "1", "gold": "5", "design": '"uniform"', "initial": "2", "query": '"auto"',
    "margin": "0", "batch": "1", "seed": "1", "runs": "2", "wall": '"1 h"', "error": "0.001",
}
NAMES = {"variable", "output", "token"}
TEXT = """sonde = 1
title = {title}
[variables.{variable}]
bounds = [{lower}, {upper}]
unit = {unit}
[variables.material]
values = [{label}, "brass"]
[constants]
c = {{ value = {constant}, unit = {constant_unit} }}
[derived]
q = {derived}
[constraints]
most = {{ expr = {constraint}, tol = {tolerance} }}
[outputs.{output}]
unit = {output_unit}
from = {{ regex = {regex}, file = {file}, factor = {factor} }}
accept = {accept}
[echo]
x = {{ regex = 'x = (\\S+)', file = "out.txt", tol = {echo_tol} }}
[simulator]
run = [{program}, {argument}]
templates = {{ {source} = {target} }}
copy = [{copy}]
link = [{link}]
env = {{ {env_name} = {env_value} }}
parallel = {parallel}
timeout = {timeout}
stall = {stall}
retries = {retries}
fail_when = [ {{ file = {fail_file}, regex = {fail_regex}, kind = {fail_kind} }} ]
nudge = {nudge}
limits = {{ memory = {memory}, cpu = {cpu} }}
tokens = {{ {token} = 1 }}
[tokens]
{token} = {tokens}
[gold]
every = {gold}
[design]
kind = {design}
runs = {initial}
[method]
query = {query}
margin = {margin}
batch = {batch}
seed = {seed}
[stop]
runs = {runs}
wall = {wall}
error = {error}
"""
STATUSES = {0, 2, 3, 4, 6, 7}


def toml_text(text):
    return json.dumps(text)  # TOML's basic strings are JSON's


def quoted(text):
    return text if text and text.replace("_", "a").isalnum() and text.isascii() else toml_text(text)


class HostileStudy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.folder = self.top / "deep" / "study"
        self.folder.mkdir(parents=True)
        (self.folder / "simulator").write_text(
            '#!/bin/sh\nprintf "x = %s\\ny = %s\\n" "$1" 1 > out.txt\n')
        (self.folder / "simulator").chmod(0o755)
        (self.folder / "in.tmpl").write_text("x = {{x}}\n")
        for name in ("data.txt", "linked.txt"):
            (self.folder / name).write_text("data\n")

    def sonde(self, *arguments):
        # Not more than the machine has: absurd numbers are to be refused, not allocated.
        return subprocess.run([SONDE, *arguments], cwd=self.folder, capture_output=True, timeout=120,
                              stdin=subprocess.DEVNULL, env={**os.environ, "SONDE_TOKENS": str(self.folder / "t")},
                              preexec_fn=lambda: __import__("resource").setrlimit(
                                  __import__("resource").RLIMIT_AS, (4 << 30, 4 << 30)))

    def attack(self, key, value, runs=True):
        study = TEXT.format(**{**STUDY, key: value})
        (self.folder / "study.toml").write_text(study, errors="surrogatepass")
        what = (key, value[:60])
        checked = self.sonde("check", "study.toml")
        done = [checked]
        if checked.returncode == 0 and runs:
            done.append(self.sonde("run", "-C", "campaign", "study.toml"))
        for process in done:
            self.assertIn(process.returncode, STATUSES, (what, process.stderr[-500:]))
            said = process.stdout + process.stderr
            for byte in b"\x1b\x00\x7f\r":
                self.assertNotIn(byte, said, (what, said[:500]))
            if process.returncode not in (0, 4):
                self.assertTrue(process.stderr.strip(), what)
        strays = [p for p in self.top.rglob("*") if p.name == "pwned"]
        self.assertEqual(strays, [], what)
        self.assertEqual([p.name for p in self.top.iterdir()], ["deep"], what)
        self.assertEqual([p.name for p in (self.top / "deep").iterdir()], ["study"], what)
        subprocess.run(["rm", "-rf", str(self.folder / "campaign")], check=True)
        return done[-1]

    def test_the_study_itself_runs(self):
        self.assertEqual(self.attack("title", STUDY["title"]).returncode, 0)

    def test_words_in_every_text(self):
        texts = [key for key, value in STUDY.items() if value[0] in "\"'"]
        for number, key in enumerate(texts):
            # Half of them a field, and a run for some: those that check accepts are many, and alike.
            for place, word in enumerate(WORDS[number % 2::2]):
                self.attack(key, toml_text(word), runs=(number + place) % 3 == 0)

    def test_words_as_names(self):
        for key in sorted(NAMES):
            for word in WORDS:
                self.assertEqual(self.attack(key, quoted(word)).returncode, 3, (key, word[:60]))

    def test_absurd_numbers(self):
        numbers = [key for key, value in STUDY.items() if value[0] not in "\"'" and key not in NAMES]
        for key in numbers:
            for number in NUMBERS:
                self.attack(key, number, runs=key not in {"runs", "initial", "batch", "parallel"})


if __name__ == "__main__":
    unittest.main()
