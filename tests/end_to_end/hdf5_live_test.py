"""A campaign's HDF5 file, read while the campaign runs: whole, consistent and never shorter than before.

    hdf5_live_test.py FOLDER_OF_SONDE [unittest options]
"""
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

SONDE = pathlib.Path(sys.argv[1]).resolve() / "sonde"
WAIT = 200  # s, for anything that must come
RUNS = 60

# Every seventh run fails.
SIMULATOR = """#!/bin/sh
read -r question
id=${question#*\\"id\\": }; id=${id%%,*}
sleep 0.25
[ $((id % 7)) = 6 ] && exit 1
echo "{\\"y\\": {\\"value\\": $id.5}}"
"""

STUDY = f"""sonde = 1
[variables.a]
bounds = [-5, 10]
[variables.b]
values = ["x", "y", "z"]
[outputs.value]
[simulator]
run = ["./simulator"]
parallel = 2
[design]
kind = "uniform"
runs = 40
[stop]
runs = {RUNS}
"""


class Seen:
    """What every look at the file must show, and what the looks have shown together."""

    def __init__(self):
        self.looks, self.rows, self.files = 0, [], set()

    def look(self, path):
        """False where there is no file yet; anything else that goes wrong is raised."""
        if not path.exists():
            return False
        with h5py.File(path, "r") as file:
            runs = file["runs"]
            rows = len(runs["run"])
            lengths = {}
            for group in (runs, runs["lineage"]):
                for name, thing in group.items():
                    if isinstance(thing, h5py.Dataset) and not name.startswith("input") and name != "output":
                        lengths[thing.name] = thing.shape[0]
            expect(set(lengths.values()) == {rows}, "rows that differ:", lengths)
            expect(len(lengths) > 10, "too few datasets:", lengths)
            expect(runs["run"][:].tolist() == list(range(rows)), "numbers of runs", runs["run"][:])
            ok = runs["status"][:] == 0
            expect((np.isnan(runs["value"][:]) == ~ok).all(), "values where none are, or none where some are")
            expect((runs["value"][:][ok] == runs["run"][:][ok] + 0.5).all(), "a value of another run")
            expect(np.isfinite(runs["x"][:]).all(), "inputs that are missing")
            for model in file["models"].values():
                trained = model["value"]["train_run"][:]
                expect(ok[trained].all(), "a model of runs that are not there")
            expect(len(file.attrs["journal_sha256"]) == 64, "no digest of the journal")
            if self.rows:
                expect(rows >= self.rows[-1], "it shrank from", self.rows[-1], "to", rows)
                if rows == self.rows[-1]:
                    expect(ok.sum() >= self.answered, "answers were lost")
            self.answered = ok.sum()
            self.rows.append(rows)
        self.looks += 1
        return True


def expect(condition, *words):
    if not condition:
        raise AssertionError(" ".join(map(str, words)))


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.folder = pathlib.Path(cls.place.name)
        simulator = cls.folder / "simulator"
        simulator.write_text(SIMULATOR)
        simulator.chmod(0o755)
        (cls.folder / "study.toml").write_text(STUDY)
        cls.file = cls.folder / "study" / "study.h5"

    def start(self, *arguments):
        return subprocess.Popen([SONDE, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def test_1_every_look_at_a_campaign_that_runs_finds_a_whole_file(self):
        seen = Seen()
        run = self.start("run", "study.toml", "-q")
        until = time.monotonic() + WAIT
        while run.poll() is None and time.monotonic() < until:
            seen.look(self.file)
        while_it_ran = len(set(seen.rows))
        self.assertEqual(run.wait(), 0, run.stderr.read())
        run.stderr.close()
        self.assertTrue(seen.look(self.file))
        self.assertEqual(seen.rows[-1], RUNS)
        self.assertGreater(seen.looks, 100)
        self.assertGreater(while_it_ran, 2, f"the file was written {while_it_ran} times while the campaign ran")
        self.assertEqual([p.name for p in self.file.parent.iterdir() if ".tmp" in p.name], [])

    def test_2_two_that_export_at_once_leave_every_reader_a_whole_file(self):
        seen = Seen()
        exports = [self.start("export", "study.toml", "--format", "hdf5") for _ in range(4)]
        until = time.monotonic() + WAIT
        while any(one.poll() is None for one in exports) and time.monotonic() < until:
            seen.look(self.file)
        for one in exports:
            self.assertEqual(one.wait(), 0, one.stderr.read())
            one.stderr.close()
        self.assertGreater(seen.looks, 10)
        self.assertEqual([p.name for p in self.file.parent.iterdir() if ".tmp" in p.name], [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
