"""Runs brought in from another campaign's HDF5 file; and files that were damaged, or made to do harm.

    hdf5_import_test.py FOLDER_OF_SONDE [unittest options]
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

SONDE = pathlib.Path(sys.argv[1]).resolve() / "sonde"
WAIT = 60  # s, for anything that must come: a file that was made to do harm takes no longer
ROWS = 10
VERY_MANY = 10**15

STUDY = """sonde = 1
[variables.chord]
unit = "mm"
bounds = [120, 180]
[variables.reynolds]
bounds = [1e5, 1e7]
scale = "log"
[variables.ribs]
bounds = [2, 8]
integer = true
[variables.material]
values = ["Al 6061", "CFRP, woven", "böhmite"]
[outputs.drag]
unit = "N"
[outputs.output]
[simulator]
kind = "manual"
"""

# The last two went wrong, wholly and in part; some lie outside of the bounds.
MATERIALS = ["Al 6061", '"CFRP, woven"', "böhmite"]
RUNS = "chord,reynolds,ribs,material,drag,output\n" + "\n".join(
    [f"{121 + 5.1 * i},{1.5e5 * (1 + i) / 7},{2 + i % 6},{MATERIALS[i % 3]},{0.1 * i - 3},{i}"
     for i in range(ROWS - 3)]
    + ["300.5,1e6,3,Al 6061,17.25,1e-9", "150,1e6,3,Al 6061,,", "151,1e6,3,böhmite,2.5,"]) + "\n"


class Campaigns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.home = pathlib.Path(cls.place.name)
        (cls.home / "first.toml").write_text(STUDY)
        (cls.home / "runs.csv").write_text(RUNS)
        for arguments in (["import", "runs.csv", "first.toml"],
                          ["export", "first.toml", "--format", "hdf5", "-o", "answered.h5"],
                          ["ask", "first.toml", "-n", "2"],
                          ["export", "first.toml", "--format", "hdf5", "-o", "first.h5"]):
            subprocess.run([SONDE, *arguments], cwd=cls.home, check=True, capture_output=True, timeout=WAIT)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "study.toml").write_text(STUDY)

    def sonde(self, *arguments, status=0):
        done = subprocess.run([SONDE, *map(str, arguments)], cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=WAIT)
        self.assertEqual(done.returncode, status, f"sonde {arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def runs_of(self, campaign):
        return json.loads(self.sonde("export", campaign, "--format", "json").stdout)["runs"]

    def events_of(self, campaign):
        """The journal without what tells one campaign from another."""
        lines = (self.folder / campaign / "journal.sonde").read_text().splitlines()
        events = [json.loads(line[9:]) for line in lines]
        return [event for event in events if event["kind"] not in ("head", "note")]


class Imports(Campaigns):
    def test_runs_become_the_events_that_csv_makes(self):
        self.assertIn(f"{ROWS} runs imported, of these 1 failed ones, of these 5 outside the domain",
                      self.sonde("import", self.home / "answered.h5", "study.toml").stdout)
        self.sonde("import", self.home / "runs.csv", "study.toml", "-C", "by_csv")
        self.assertEqual(self.events_of("study"), self.events_of("by_csv"))
        self.assertEqual(self.runs_of("study"), self.runs_of("by_csv"))

    def test_what_was_imported_is_passed_over_the_second_time(self):
        self.sonde("import", self.home / "answered.h5", "study.toml")
        again = self.sonde("import", self.home / "answered.h5", "study.toml")
        self.assertEqual(again.stdout, f"0 runs imported; {ROWS} passed over: they are known already\n")

    def test_a_campaign_that_runs_takes_them_in(self):
        run = subprocess.Popen([SONDE, "run", "study.toml", "-q"], cwd=self.folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        until = time.monotonic() + WAIT
        while not (self.folder / "study" / "inbox" / ".desk").exists() and time.monotonic() < until:
            time.sleep(0.02)
        self.assertIn(f"{ROWS} runs imported", self.sonde("import", self.home / "answered.h5", "study.toml").stdout)
        self.assertIsNone(run.poll())

    def test_runs_without_an_answer_are_left_out_and_told(self):
        done = self.sonde("import", self.home / "first.h5", "study.toml")
        self.assertIn("2 runs without an answer left out", done.stderr)
        self.assertEqual(len(self.runs_of("study")), ROWS)

    def test_labels_count_not_their_places(self):
        text = STUDY.replace('"Al 6061", "CFRP, woven", "böhmite"', '"böhmite", "glass", "CFRP, woven", "Al 6061"')
        (self.folder / "study.toml").write_text(text)
        self.sonde("import", self.home / "answered.h5", "study.toml")
        materials = [run["x"]["material"] for run in self.runs_of("study")]
        self.assertEqual(materials[:4], ["Al 6061", "CFRP, woven", "böhmite", "Al 6061"])

    def test_columns_count_by_name_in_whatever_order(self):
        head, outputs = STUDY.split("[outputs.drag]")
        blocks = head.split("[variables.")
        text = blocks[0] + "".join("[variables." + block for block in reversed(blocks[1:])) + "[outputs.drag]" + outputs
        (self.folder / "study.toml").write_text(text)
        self.sonde("import", self.home / "answered.h5", "study.toml")
        self.sonde("import", self.home / "runs.csv", "study.toml", "-C", "by_csv")
        self.assertEqual(self.runs_of("study"), self.runs_of("by_csv"))

    def test_an_input_that_the_study_has_not_is_told(self):
        ribs = "[variables.ribs]\nbounds = [2, 8]\ninteger = true\n"
        self.assertIn(ribs, STUDY)
        (self.folder / "study.toml").write_text(STUDY.replace(ribs, ""))
        done = self.sonde("import", self.home / "answered.h5", "study.toml")
        self.assertIn("the study has no variable 'ribs': passed over", done.stderr)

    def test_a_file_of_another_study_says_what_is_missing(self):
        for old, new, words in [
                ("[variables.chord]", "[variables.span]",
                 "is of another study: it has no input 'span'; its inputs are 'chord', 'reynolds', 'ribs', 'material'"),
                ("[outputs.drag]\nunit = \"N\"\n[outputs.output]", "[outputs.mass]",
                 "is of another study: it has no output 'mass'; its outputs are 'drag', 'output'"),
                ('unit = "mm"', 'unit = "m"', "'chord' is in 'mm', in the study in 'm'"),
                ('unit = "N"', 'unit = "kN"', "'drag' is in 'N', in the study in 'kN'"),
                ('"CFRP, woven"', '"CFRP, wove"', "run 1: column 'material': 'CFRP, woven' is no value of 'material'"),
                ("bounds = [2, 8]\ninteger = true", 'values = ["two", "three"]', "run 0: column 'ribs': '2' is no value"),
                ("[variables.reynolds]\nbounds = [1e5, 1e7]\nscale = \"log\"",
                 "[variables.reynolds]\nbounds = [1, 1000000]\ninteger = true", "run 0: column 'reynolds': expected a whole")]:
            with self.subTest(words):
                self.assertIn(old, STUDY)
                (self.folder / "study.toml").write_text(STUDY.replace(old, new))
                done = self.sonde("import", self.home / "answered.h5", "study.toml", status=2)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)
                shutil.rmtree(self.folder / "study", ignore_errors=True)


def replace(file, name, **how):
    del file[name]
    file.create_dataset(name, **how)


def link(file, name, to):
    del file[name]
    file[name] = to


def claims_very_many(file):
    for name in ("x", "status", "run", "drag", "output_output"):
        wide = (4,) if name == "x" else ()
        replace(file, f"runs/{name}", shape=(VERY_MANY, *wide), dtype="f8", chunks=(64, *wide))


def virtual(file):
    layout = h5py.VirtualLayout(shape=(ROWS, 4), dtype="f8")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", shape=(ROWS, 4))
    del file["runs/x"]
    file.create_virtual_dataset("runs/x", layout)


def changed(file, name, at, value):
    values = file[name][:]
    values[at] = value
    file[name][:] = values


def to_directory(path):
    path.unlink()
    path.mkdir()


def to_pipe(path):
    path.unlink()
    os.mkfifo(path)


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * share)])


# What was done to the file, and what the message says of it.
HOSTILE = {
    "an external link": (lambda f: link(f, "runs/x", h5py.ExternalLink("/etc/passwd", "/x")), "/runs/x: is a link into another file"),
    "an external link to all": (lambda f: link(f, "runs", h5py.ExternalLink("other.h5", "/runs")), "/runs: is a link into another file"),
    "a soft link": (lambda f: link(f, "runs/x", h5py.SoftLink("/models")), "/runs/x: is a soft link"),
    "a soft link to itself": (lambda f: link(f, "runs/x", h5py.SoftLink("/runs/x")), "/runs/x: "),
    "a link out of the group": (lambda f: link(f, "runs/drag", h5py.SoftLink("../../secret")), "/runs/drag: "),
    "storage in another file": (lambda f: replace(f, "runs/x", shape=(ROWS, 4), dtype="u1",
                                                  external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]),
                                "/runs/x: its values lie in other files"),
    "names stored in another file": (lambda f: replace(f, "runs/status", shape=(ROWS,), dtype="i1",
                                                       external=[("/etc/passwd", 0, ROWS)]),
                                     "/runs/status: its values lie in other files"),
    "a virtual dataset": (virtual, "/runs/x: its values lie in other files"),
    "petabytes": (claims_very_many, f"/runs/x: claims {VERY_MANY} x 4 values"),
    "very many names": (lambda f: replace(f, "runs/input", shape=(4000000,), dtype=h5py.string_dtype(), chunks=(64,)),
                        "/runs/input: expected a list of 1 to 10000 names"),
    "pieces of gigabytes": (lambda f: replace(f, "runs/x", shape=(ROWS, 4), dtype="f8", maxshape=(None, None),
                                              chunks=(1 << 20, 64)), "/runs/x: is stored in pieces of more than"),
    "a filter of others": (lambda f: replace(f, "runs/x", shape=(ROWS, 4), dtype="f8", chunks=(2, 2), compression="lzf"),
                           "/runs/x: is packed by filter 32000"),
    "texts for numbers": (lambda f: replace(f, "runs/x", shape=(ROWS, 4), dtype=h5py.string_dtype()), "/runs/x: expected numbers"),
    "numbers for texts": (lambda f: replace(f, "runs/input", data=[1, 2, 3, 4]), "/runs/input: expected texts"),
    "a compound": (lambda f: replace(f, "runs/status", shape=(ROWS,), dtype=[("a", "i4")]), "/runs/status: expected numbers"),
    "references": (lambda f: replace(f, "runs/drag", shape=(ROWS,), dtype=h5py.ref_dtype), "/runs/drag: expected numbers"),
    "a group that contains itself": (lambda f: link(f, "runs/x", f["/"]), "/runs/x: expected a dataset, got a group"),
    "a dataset for a group": (lambda f: (f.move("runs", "away"), f.create_dataset("runs", data=1.0)),
                              "/runs: expected a group, got a dataset"),
    "a vector for a matrix": (lambda f: replace(f, "runs/x", data=np.zeros(ROWS)), "/runs/x: expected runs times inputs"),
    "a matrix for a vector": (lambda f: replace(f, "runs/status", data=np.zeros((ROWS, 2))), "/runs/status: expected 10 values, got 10 x 2"),
    "a scalar": (lambda f: replace(f, "runs/drag", data=1.0), "/runs/drag: expected 10 values, got a single value"),
    "nothing": (lambda f: replace(f, "runs/x", data=h5py.Empty("f8")), "/runs/x: has no values"),
    "too few columns": (lambda f: replace(f, "runs/x", data=np.zeros((ROWS, 3))), "/runs/x: expected 10 x 4 values, got 10 x 3"),
    "a short column": (lambda f: replace(f, "runs/drag", data=np.zeros(3)), "/runs/drag: expected 10 values, got 3"),
    "no dataset": (lambda f: f.__delitem__("runs/output_output"), "there is no /runs/output_output"),
    "no runs": (lambda f: f.__delitem__("runs"), "there is no /runs"),
    "a status of its own": (lambda f: changed(f, "runs/status", 3, 9), "/runs/status: expected 0 to 4, got 9 for run 3"),
    "a label too many": (lambda f: changed(f, "runs/x", (3, 3), 7), "'material' of run 3 has one of 3 labels"),
    "half a label": (lambda f: changed(f, "runs/x", (3, 3), 0.5), "'material' of run 3 has one of 3 labels"),
    "an input that is missing": (lambda f: changed(f, "runs/x", (3, 0), np.nan), "run 3: column 'chord': expected a number, got 'nan'"),
    "an infinite output": (lambda f: changed(f, "runs/drag", 3, np.inf), "run 3: 'drag': expected a number within"),
    "a name that is a path": (lambda f: changed(f, "runs/input", 0, "../../etc"), "/runs/input: expected names of letters"),
    "a name that steers": (lambda f: changed(f, "runs/input", 0, "\x1b[2J"), "/runs/input: expected names of letters"),
    "a name twice": (lambda f: changed(f, "runs/input", 0, "ribs"), "/runs/input: the name 'ribs' stands twice"),
    "labels that are no list": (lambda f: changed(f, "runs/input_labels", 3, "[[[[[["), "/runs/input_labels: expected a JSON list"),
    "another schema": (lambda f: f.attrs.__setitem__("sonde_schema", "2.0"), "has schema 2.0; this sonde reads schema 1"),
    "a schema that is a number": (lambda f: f.attrs.__setitem__("sonde_schema", 1.0), "/@sonde_schema: expected texts"),
    "a file of others": (lambda f: f.attrs.__delitem__("sonde_schema"), "is no file that sonde exported"),
}
BROKEN = {
    "a truncated file": (lambda p: cut(p, 0.7), "cannot be opened: truncated file"),
    "a stump": (lambda p: cut(p, 0.001), "cannot be opened"),
    "an empty file": (lambda p: p.write_bytes(b""), "cannot be opened"),
    "no HDF5 at all": (lambda p: p.write_text("chord,drag\n1,2\n"), "cannot be opened"),
    "zeros behind the signature": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000)), "cannot be opened"),
    "a folder": (to_directory, "cannot"),
    "a pipe that nobody writes": (to_pipe, "the file cannot be read"),
    "nothing there": (lambda p: p.unlink(), "the file cannot be read"),
}


class HostileFiles(Campaigns):
    def refused(self, words):
        done = self.sonde("import", "study.toml", "bad.h5", status=2)
        self.assertIn(words, done.stderr)
        self.assertTrue(done.stderr.startswith("sonde: bad.h5: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertNotIn("root:", done.stderr)
        self.assertNotIn("\x1b", done.stderr)
        self.assertEqual(done.stdout, "")
        journal = self.folder / "study" / "journal.sonde"
        self.assertNotIn('"asked"', journal.read_text() if journal.exists() else "", "something was imported")

    def test_what_a_file_must_not_hold_is_one_clear_message(self):
        for name, (harm, words) in HOSTILE.items():
            with self.subTest(name):
                shutil.copy(self.home / "answered.h5", self.folder / "bad.h5")
                with h5py.File(self.folder / "bad.h5", "r+") as file:
                    harm(file)
                self.refused(words)

    def test_what_is_no_whole_hdf5_file_is_one_clear_message(self):
        for name, (harm, words) in BROKEN.items():
            with self.subTest(name):
                shutil.copy(self.home / "answered.h5", self.folder / "bad.h5")
                harm(self.folder / "bad.h5")
                if name == "a folder":
                    self.assertEqual(self.sonde("import", "study.toml", "bad.h5", status=2).stdout, "")
                    shutil.rmtree(self.folder / "bad.h5")
                    continue
                self.refused(words)
                (self.folder / "bad.h5").unlink(missing_ok=True)

    def test_what_lies_beside_the_runs_is_not_looked_at(self):
        shutil.copy(self.home / "answered.h5", self.folder / "odd.h5")
        with h5py.File(self.folder / "odd.h5", "r+") as file:
            file["runs/again"] = file["/"]
            file["models/away"] = h5py.ExternalLink("/etc/passwd", "/x")
            replace(file, "runs/seconds", shape=(VERY_MANY,), dtype="f8", chunks=(64,))
        self.assertIn(f"{ROWS} runs imported", self.sonde("import", "odd.h5", "study.toml").stdout)

    def test_a_file_damaged_anywhere_brings_runs_or_one_message(self):
        whole = (self.home / "answered.h5").read_bytes()
        # Where what is read stands: models are not looked at.
        with h5py.File(self.home / "answered.h5") as file:
            places = [file[f"runs/{name}"].id.get_offset() for name in ("status", "drag", "input")]
        end = max(place or 0 for place in places) + 4096
        for seed in range(60):
            rng = random.Random(seed)
            data = bytearray(whole)
            for _ in range(rng.choice([1, 3, 30])):
                data[rng.randrange(min(end, len(data)))] = rng.randrange(256)
            (self.folder / "bad.h5").write_bytes(data)
            with self.subTest(seed):
                done = subprocess.run([SONDE, "import", "bad.h5", "study.toml", "-C", f"c{seed}"], cwd=self.folder, text=True,
                                      capture_output=True, timeout=WAIT, errors="replace")
                self.assertIn(done.returncode, (0, 2), done.stderr)
                if done.returncode == 2:
                    self.assertTrue(done.stderr.startswith("sonde: bad.h5: "), done.stderr)
                    self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
