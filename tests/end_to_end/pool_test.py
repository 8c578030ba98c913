"""Candidates of a pool from outside: campaigns, single batches, shards.

    pool_test.py FOLDER_OF_SONDE FOLDER_OF_THE_SIMULATORS [unittest options]
"""
import csv
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import h5py

BIN, SIMULATORS = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
SONDE = BIN / "sonde"

STUDY = f"""sonde = 1
[variables.a]
bounds = [-5, 10]
[variables.b]
bounds = [0, 15]
[constraints]
corner = "a + b <= 20"
[outputs.value]
[simulator]
run = ["{SIMULATORS / 'branin'}"]
parallel = 2
[design]
runs = 6
[method]
query = "variance"
batch = 2
pace = "batches"
[stop]
runs = 14
[pool]
file = "pool.csv"
"""


class Pool(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        draw = random.Random(7)
        self.rows = [(draw.uniform(-6, 11), draw.uniform(-1, 16), f"part {i}") for i in range(30000)]
        with open(self.folder / "pool.csv", "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["name", "b", "a"])
            table.writerows((name, b, a) for a, b, name in self.rows)
        (self.folder / "study.toml").write_text(STUDY)

    def sonde(self, *arguments, status=0):
        environment = dict(os.environ, OMP_WAIT_POLICY="passive", GOMP_SPINCOUNT="0", OMP_NUM_THREADS="1")
        done = subprocess.run([SONDE, *map(str, arguments)], cwd=self.folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def table(self, text):
        return list(csv.DictReader(io.StringIO(text)))

    def test_candidates_are_offered_before_the_campaign_has_begun_as_well(self):
        offered = [json.loads(line) for line in self.sonde("ask", "study.toml", "--choices", "3").stdout.splitlines()]
        self.assertEqual(len(offered), 3)
        self.assertEqual(offered[0]["prediction"], None)
        self.assertFalse((self.folder / "study").exists())  # nothing was recorded
        asked = json.loads(self.sonde("ask", "study.toml", "--row", offered[1]["row"], "--lease", "1 s").stdout)
        self.assertEqual((asked["x"], asked["why"]), (offered[1]["x"], "picked"))

    def test_somebody_picks_one_of_the_candidates_like_the_next_query(self):
        study = self.folder / "study.toml"
        study.write_text(STUDY + '[hybrid]\nsteps = [{ from = "snapped" }]\n')
        self.sonde("run", "study.toml", "-q")
        study.write_text(study.read_text().replace("runs = 14", "runs = 16"))
        offered = [json.loads(line) for line in self.sonde("ask", "study", "--choices", "5").stdout.splitlines()]
        again = [json.loads(line) for line in self.sonde("ask", "study", "--choices", "5").stdout.splitlines()]
        self.assertEqual(offered, again)  # nothing was recorded
        self.assertEqual(len(offered), 5)
        distances = [one["distance"] for one in offered]
        self.assertEqual(distances, sorted(distances))
        for one in offered:
            a, b, _ = self.rows[one["row"]]
            self.assertEqual(one["x"], {"a": a, "b": b})
            self.assertGreater(one["deviation"]["value"], 0)
        third = offered[2]
        asked = json.loads(self.sonde("ask", "study.toml", "--row", third["row"], "--lease", "1 s").stdout)
        self.assertEqual((asked["x"], asked["why"]), (third["x"], "picked"))
        self.assertIn("was asked already", self.sonde("ask", "study", "--row", third["row"], status=2).stderr)
        self.assertIn("there is no candidate", self.sonde("ask", "study", "--row", 30000, status=2).stderr)
        self.sonde("run", "study.toml", "-q")
        self.assertIn("picked by somebody", self.sonde("why", asked["id"], "study").stdout)
        self.sonde("replay", "study")

    def test_a_campaign_asks_its_candidates_alone(self):
        self.sonde("run", "study.toml")
        known = {(a, b): name for a, b, name in self.rows}
        runs = self.table(self.sonde("export", "study").stdout)
        self.assertEqual(len(runs), 14)
        points = [(float(run["a"]), float(run["b"])) for run in runs]
        self.assertEqual(len(set(points)), 14)
        for a, b in points:
            self.assertIn((a, b), known)
            self.assertTrue(-5 <= a <= 10 and 0 <= b <= 15 and a + b <= 20)
        why = json.loads(self.sonde("why", 13, "study", "--json").stdout)
        row = why["selection"]["row"]
        self.assertEqual(self.rows[row][:2], points[13])
        self.assertIn("30000 candidates", self.sonde("why", 13, "study").stdout)
        self.sonde("replay", "study")
        with h5py.File(self.folder / "study" / "study.h5") as file:
            self.assertEqual(file["runs/lineage/row"][13], row)
            self.assertEqual(file["runs/lineage/row"][0], -1)

    def test_one_batch_without_a_campaign_is_that_of_its_parts(self):
        done = self.sonde("run", "study.toml", "-C", "earlier")
        (self.folder / "runs.csv").write_text(self.sonde("export", "earlier").stdout)
        for target in (["earlier"], ["study.toml", "--runs", "runs.csv"]):
            whole = self.sonde("select", *target, "-n", 5).stdout
            chosen = self.table(whole)
            self.assertEqual(len({one["row"] for one in chosen}), 5)
            for one in chosen:
                a, b, name = self.rows[int(one["row"])]
                self.assertEqual((float(one["a"]), float(one["b"]), one["name"]), (a, b, name))
                self.assertEqual(one["why"], "variance")
                self.assertGreater(float(one["value_sd"]), 0)
            for part in (1, 2, 3):
                self.sonde("select", *target, "--shard", f"{part}/3", "-o", f"part{part}.json")
            merged = self.sonde("select", *target, "-n", 5, "--merge", "part1.json", "part2.json", "part3.json").stdout
            self.assertEqual(merged, whole)
            self.assertIn("part 2 of 3 is missing",
                          self.sonde("select", *target, "--merge", "part1.json", "part3.json", status=2).stderr)
            lines = [json.loads(line) for line in self.sonde("select", *target, "-n", 2, "--json").stdout.splitlines()]
            self.assertEqual([str(line["row"]) for line in lines], [one["row"] for one in chosen[:2]])
            self.assertEqual(lines[0]["carried"], {"name": chosen[0]["name"]})
        self.assertIn("was made of other runs", self.sonde(
            "select", "study.toml", "--runs", "runs.csv", "--by", "integrated variance", "--merge", "part1.json",
            "part2.json", "part3.json", status=2).stderr)

    def test_a_pool_in_hdf5_is_the_same_one(self):
        with h5py.File(self.folder / "pool.h5", "w") as file:
            file["a"] = [a for a, _, _ in self.rows]
            file.create_dataset("b", data=[b for _, b, _ in self.rows], compression="gzip", chunks=(1000,))
            file["name"] = [name for _, _, name in self.rows]
            file["mass"] = [float(i) for i in range(len(self.rows))]
            file["short"] = [1.0]
            file.create_group("more")["x"] = 1.0
        (self.folder / "runs.csv").write_text("a,b,value\n" + "".join(
            f"{a},{b},{a * b}\n" for a, b in [(0, 1), (1, 5), (9, 2), (-3, 9), (4, 12)]))
        select = ["select", "study.toml", "--runs", "runs.csv", "-n", 4]
        of_csv = self.table(self.sonde(*select).stdout)
        of_hdf5 = self.table(self.sonde(*select, "--pool", "pool.h5").stdout)
        for one, other in zip(of_csv, of_hdf5):
            self.assertEqual(float(other.pop("mass")), float(one["row"]))
            self.assertEqual(one, other)
        for part in (1, 2):
            self.sonde(*select, "--pool", "pool.h5", "--shard", f"{part}/2", "-o", f"{part}.json")
        merged = self.table(self.sonde(*select, "--pool", "pool.h5", "--merge", "1.json", "2.json").stdout)
        self.assertEqual([one["row"] for one in merged], [one["row"] for one in of_csv])
        (self.folder / "study.toml").write_text(STUDY.replace("pool.csv", "pool.h5"))
        self.sonde("run", "study.toml")
        self.assertEqual(len(self.table(self.sonde("export", "study").stdout)), 14)

    def test_a_pool_made_to_do_harm_is_refused(self):
        (self.folder / "runs.csv").write_text("a,b,value\n1,2,3\n2,3,4\n3,5,4\n")
        def refused(fill):
            with h5py.File(self.folder / "bad.h5", "w") as file:
                fill(file)
            return self.sonde("select", "study.toml", "--runs", "runs.csv", "--pool", "bad.h5", status=6).stderr
        self.assertIn("there is no list 'a'", refused(lambda file: file.create_dataset("b", data=[1.0])))
        def of_two_lengths(file):
            file["a"], file["b"] = [1.0, 2.0], [1.0]
        self.assertIn("/b: expected 2 values, got 1", refused(of_two_lengths))
        def linked(file):
            file["a"] = [1.0]
            file["b"] = h5py.ExternalLink("/etc/passwd", "/b")
        self.assertIn("/b: is a link into another file", refused(linked))
        def of_texts(file):
            file["a"], file["b"] = [1.0], ["x"]
        self.assertIn("/b: expected numbers", refused(of_texts))
        def not_a_number(file):
            file["a"], file["b"] = [1.0], [float("nan")]
        self.assertIn("/b: row 0: expected a number", refused(not_a_number))
        (self.folder / "bad.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
        self.sonde("select", "study.toml", "--runs", "runs.csv", "--pool", "bad.h5", status=6)

    def test_steps_of_a_hybrid(self):
        study = STUDY + '[hybrid]\nsteps = [{ from = "pool", runs = 3 }, { from = "synthesis", runs = 3 }, ' \
                        '{ from = "snapped" }]\n'
        (self.folder / "study.toml").write_text(study)
        words = self.sonde("check", "study.toml").stdout
        admissible = sum(-5 <= a <= 10 and 0 <= b <= 15 and a + b <= 20 for a, b, _ in self.rows)
        self.assertIn(f"pool      pool.csv: 30000 candidates, {admissible} of them admissible\n", words)
        self.assertIn("3 from the pool, then 3 by synthesis, then by synthesis, snapped to the pool", words)
        self.sonde("run", "study.toml")
        known = {(a, b) for a, b, _ in self.rows}
        runs = self.table(self.sonde("export", "study").stdout)
        made = "".join("p" if (float(run["a"]), float(run["b"])) in known else "s" for run in runs)
        self.assertEqual(made, "pppppp" + "ppp" + "sss" + "pp")

    def test_what_is_wrong_is_said(self):
        (self.folder / "bare.toml").write_text(STUDY.split("[pool]")[0])
        self.assertIn("two observations of each output", self.sonde("ask", "study.toml", "-n", 1).stdout * 0 +
                      self.sonde("select", "study.toml", status=2).stderr)
        (self.folder / "runs.csv").write_text("a,b,value\n1,2,3\n2,3,4\n3,5,4\n")
        few = ["bare.toml", "--runs", "runs.csv"]
        self.assertIn("expected candidates: --pool FILE", self.sonde("select", *few, status=2).stderr)
        self.assertIn("none.csv", self.sonde("select", *few, "--pool", "none.csv", status=6).stderr)
        self.assertIn("expected I from 1 to N", self.sonde("select", *few, "--pool", "pool.csv", "--shard", "4/3",
                                                           status=2).stderr)
        self.assertIn("expected I/N", self.sonde("select", *few, "--pool", "pool.csv", "--shard", "x", status=2).stderr)
        (self.folder / "study.toml").write_text(STUDY.replace("pool.csv", "gone.csv"))
        self.assertIn("study.toml:21:1: pool.file: the file", self.sonde("check", "study.toml", status=3).stderr)
        (self.folder / "study.toml").write_text(STUDY + "[hybrid]\nsteps = [{ from = 'pool' }, { from = 'snapped' }]\n")
        self.assertIn("'runs' in every step but the last", self.sonde("check", "study.toml", status=3).stderr)
        (self.folder / "study.toml").write_text(STUDY)
        (self.folder / "pool.csv").write_text("name,a,b\nx,1,2\ny,z,3\n")
        self.assertIn("pool.csv:3: column 'a': expected a number, got 'z'",
                      self.sonde("run", "study.toml", "-C", "new", status=3).stderr)
        self.sonde("select", *few, "--pool", "pool.csv", status=2)
        (self.folder / "pool.csv").write_text("a,b\n10,15\n20,1\n")
        self.assertIn("none of its 2 candidates is admissible", self.sonde("check", "study.toml", status=3).stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
