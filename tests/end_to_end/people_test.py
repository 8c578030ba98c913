"""People and laboratories as oracles: asking, telling, leases, reviews, files that are dropped.

    people_test.py FOLDER_OF_SONDE FOLDER_OF_THE_SIMULATORS [unittest options]
"""
import fcntl
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import h5py

BIN, SIMULATORS = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
SONDE = BIN / "sonde"
WAIT = 120  # s, for anything that must come
KILLS = int(os.environ.get("SONDE_TEST_KILLS", "40"))

MANUAL = """sonde = 1
[variables.a]
bounds = [-5, 10]
[variables.b]
bounds = [0, 15]
[variables.kind]
values = ["oak", "ash"]
[constraints]
corner = "a + b <= 20"
[outputs.value]
[simulator]
kind = "manual"
[design]
kind = "uniform"
runs = 200
[stop]
runs = 200
"""
PROGRAM = MANUAL.replace('kind = "manual"', r"""run = ["sh", "-c", "echo '{\"y\":{\"value\":1}}'"]
parallel = 2""")


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = dict(os.environ, OMP_WAIT_POLICY="passive", GOMP_SPINCOUNT="0", OMP_NUM_THREADS="1")
        self.started = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for process in self.started:
            process.kill()
            process.communicate()

    def study(self, *replaced, text=MANUAL):
        for old, new in replaced:
            self.assertIn(old, text)
            text = text.replace(old, new)
        (self.folder / "study.toml").write_text(text)

    def start(self, *arguments, given=None):
        process = subprocess.Popen([SONDE, *map(str, arguments)], cwd=self.folder, env=self.environment, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.started.append(process)
        if given is not None:
            process.stdin.write(given)
        process.stdin.close()
        process.stdin = None
        return process

    def sonde(self, *arguments, status=0, given=""):
        done = subprocess.run([SONDE, *map(str, arguments)], cwd=self.folder, env=self.environment, text=True,
                              input=given, capture_output=True, timeout=WAIT)
        self.assertEqual(done.returncode, status, f"sonde {arguments}\n{given}\n{done.stdout}\n{done.stderr}")
        return done

    def ask(self, *arguments):
        return [json.loads(line) for line in self.sonde("ask", "study.toml", *arguments).stdout.split("\n") if line]

    def tell(self, *lines, status=0):
        return self.sonde("tell", "study.toml", given="".join(json.dumps(line) + "\n" for line in lines),
                          status=status).stderr

    def status(self):
        return json.loads(self.sonde("status", "study.toml", "--json").stdout)

    def runs(self):
        return json.loads(self.sonde("export", "study.toml", "--format", "json").stdout)["runs"]

    def events(self, *kinds):
        path = self.folder / "study" / "journal.sonde"
        if not path.exists():
            return []
        lines = path.read_text(errors="replace").split("\n")
        events = [json.loads(line[9:]) for line in lines if line.endswith("}")]
        return [e for e in events if not kinds or e["kind"] in kinds]

    def wait_for(self, condition, words="it never came"):
        end = time.monotonic() + WAIT
        while not condition():
            self.assertLess(time.monotonic(), end, words)
            time.sleep(0.02)

    def run_as_desk(self, *arguments):
        desk = self.start("run", "study.toml", *arguments)
        self.wait_for(lambda: any('"begins"' in e.get("text", "") for e in self.events("note")) and self.held())
        return desk

    def held(self):
        with open(self.folder / "study" / "journal.sonde") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def end(self, process, status=130):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, status, out + err)
        return err


class Desk(Folder):
    def test_people_ask_and_tell_while_run_holds_the_journal(self):
        self.study()
        desk = self.run_as_desk()
        problems = []

        def person(name):
            try:
                for _ in range(4):
                    for query in self.ask("-n", 2, "--to", name):
                        self.tell({"id": query["id"], "y": {"value": query["x"]["a"]}, "by": name})
            except Exception as failure:  # of another thread: told by the test itself
                problems.append(failure)

        people = [threading.Thread(target=person, args=(name,)) for name in ("alice", "bob", "carol")]
        for one in people:
            one.start()
        for one in people:
            one.join()
        self.assertEqual(problems, [])
        self.end(desk)
        answered = [e["id"] for e in self.events("answered")]
        self.assertEqual(sorted(answered), sorted(set(answered)))
        self.assertEqual(len(answered), 24)
        handed = [id for e in self.events("leased") for id in e["ids"]]
        self.assertEqual(len(handed), len(set(handed)))  # nobody got what another one has
        for run in self.runs():
            if run["status"] == "ok":
                self.assertEqual(run["y"]["value"], run["x"]["a"])
                self.assertIn(run["host"], ("alice", "bob", "carol"))

    def test_a_manual_study_runs_until_its_rules_stop_it(self):
        self.study(("runs = 200\n[stop]", "runs = 3\n[stop]"), ("runs = 200", "runs = 5"))
        desk = self.run_as_desk()
        told = set()
        while len(told) < 5:
            for query in self.ask():
                self.assertNotIn(query["id"], told)
                told.add(query["id"])
                self.tell({"id": query["id"], "y": {"value": query["x"]["b"]}})
        out, err = desk.communicate(timeout=WAIT)
        self.assertEqual(desk.returncode, 0, err)
        self.assertIn("5 asked, 5 ok", out)
        self.assertEqual(self.status()["state"], "done")

    def test_what_a_program_answers_is_not_handed_to_people_nor_told_twice(self):
        self.study(("echo ", f"until [ -e {self.folder}/go ]; do sleep 0.05; done; echo "), ("runs = 200\n[stop]", "runs = 6\n[stop]"), ("runs = 200", "runs = 6"), text=PROGRAM)
        desk = self.start("run", "study.toml")
        self.wait_for(lambda: self.events("asked"))
        mine = self.ask("-n", 1)[0]["id"]
        self.assertNotIn(mine, [0, 1])
        self.tell({"id": mine, "y": {"value": 7}})
        said = self.tell({"id": 0, "y": {"value": 8}}, status=2)
        self.assertIn("query 0 is simulated here, and nobody asked for it", said)
        taken = self.ask("--again")  # while the program is at it
        self.assertEqual([q["id"] for q in taken], [0])
        self.assertGreater(taken[0]["until"], time.time() + 3000)
        self.tell({"id": 0, "y": {"value": 8}})
        (self.folder / "go").touch()
        self.assertEqual(desk.wait(timeout=WAIT), 0, desk.communicate())
        answered = [e["id"] for e in self.events("answered")]
        self.assertEqual(len(answered), len(set(answered)))
        values = {r["id"]: r["y"]["value"] for r in self.runs()}
        self.assertEqual((values[mine], values[0], values[1]), (7, 8, 1))

    def test_what_somebody_asked_for_and_did_not_tell_in_time_is_simulated(self):
        self.study(("echo ", "sleep 0.5; echo "), ("runs = 200\n[stop]", "runs = 3\n[stop]"), ("runs = 200", "runs = 3"), text=PROGRAM)
        desk = self.start("run", "study.toml")
        self.wait_for(lambda: self.events("asked"))
        asked = self.sonde("ask", "study.toml", "--lease", "1 s")
        out, err = desk.communicate(timeout=WAIT)
        self.assertEqual(desk.returncode, 0, err)
        self.assertIn("1 query is in other hands", err)
        self.assertEqual((len(self.runs()), self.status()["runs"]["open"]), (3, 0))
        self.assertEqual(json.loads(asked.stdout)["id"], 2)

    def test_no_more_than_the_budget_is_asked_for(self):
        self.study(("runs = 200\n[stop]", "runs = 5\n[stop]"), ("runs = 200", "runs = 5"))
        for count in (3, 2, 0):
            done = self.sonde("ask", "study.toml", "-n", 3)
            self.assertEqual(len(done.stdout.splitlines()), count)
            self.assertEqual("the budget of 5 runs is used" in done.stderr, count < 3)
        self.assertEqual([q["id"] for q in self.ask("--again")], [0])

    def test_another_who_holds_the_journal_is_waited_for_and_then_named(self):
        self.study()
        self.ask("-n", 2)
        with open(self.folder / "study" / "journal.sonde") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            for command, given in (("ask", ""), ("tell", '{"id":0,"y":{"value":1}}\n')):
                begin = time.monotonic()
                said = self.sonde(command, "study.toml", "--wait", "0.5 s", given=given, status=6).stderr
                self.assertGreater(time.monotonic() - begin, 0.5)
                self.assertIn("being written by process", said)
            self.assertEqual(list((self.folder / "study" / "inbox").glob("*.request")), [])
            waiting = self.start("tell", "study.toml", given='{"id":0,"y":{"value":1}}\n')
            self.wait_for(lambda: list((self.folder / "study" / "inbox").glob("*.request")))
        self.assertEqual(waiting.wait(timeout=WAIT), 0, waiting.communicate())
        self.assertEqual(len(self.events("answered")), 1)
        self.assertIn("--wait: expected a duration", self.sonde("ask", "study.toml", "--wait", "soon", status=2).stderr)

    def test_a_request_outlives_whoever_made_it_and_whoever_was_to_carry_it_out(self):
        self.study()
        desk = self.run_as_desk()
        self.wait_for(lambda: self.events("asked"))
        desk.send_signal(signal.SIGSTOP)
        first = self.start("tell", "study.toml", given='{"id":0,"y":{"value":5}}\n')
        inbox = self.folder / "study" / "inbox"
        self.wait_for(lambda: list(inbox.glob("*.request")))
        first.kill()
        first.wait()
        desk.kill()
        desk.wait()
        self.assertEqual(self.events("answered"), [])
        self.ask()  # takes the inbox in
        self.assertEqual([(e["id"], e["y"]) for e in self.events("answered")], [(0, [5.0])])
        self.assertEqual(list(inbox.glob("*.request")) + list(inbox.glob("*.claimed")), [])

    def test_a_request_is_carried_out_once_where_its_file_was_not_removed(self):
        self.study()
        ids = [q["id"] for q in self.ask("-n", 2)]
        inbox = self.folder / "study" / "inbox"
        inbox.mkdir(exist_ok=True)
        lines = "".join(json.dumps({"id": i, "y": {"value": i}}) + "\n" for i in ids)
        tell = json.dumps({"command": "tell", "lines": lines, "source": "stdin"})
        ask = json.dumps({"command": "ask", "count": 3, "to": "", "seconds": None, "tag": "", "again": False, "yes": True})
        replies = []
        for _ in range(2):
            (inbox / "7-t.claimed").write_text(tell)
            (inbox / "8-a.claimed").write_text(ask)
            self.tell(status=0)
            replies.append([json.loads((self.folder / "study" / "outbox" / name).read_text()) for name in ("7-t", "8-a")])
        self.assertEqual(replies[0][1], replies[1][1])
        self.assertEqual([r[0]["err"][:18] for r in replies], ["2 answers recorded"] * 2)
        self.assertEqual(len(replies[0][1]["out"].splitlines()), 3)
        self.assertEqual(len(self.events("answered")), 2)
        self.assertEqual(len(self.runs()), 5)

    def test_nothing_that_was_told_is_lost_or_doubled_however_often_either_is_killed(self):
        self.study()
        chance = random.Random(7)
        told, number = {}, 0
        desk, kills = None, 0
        while kills < KILLS:
            if desk is None or desk.poll() is not None:
                desk = self.start("run", "study.toml", "-q")
            victim = chance.choice(["run", "tell", "both", "nobody"])
            queries = self.ask()
            if not queries:
                continue
            number += 1
            line = json.dumps({"id": queries[0]["id"], "y": {"value": number}})
            teller = self.start("tell", "study.toml", given=line + "\n")
            time.sleep(chance.uniform(0, 0.06))
            if victim in ("run", "both"):
                desk.kill()
                kills += 1
            if victim in ("tell", "both"):
                teller.kill()
                kills += 1
            _, said = teller.communicate(timeout=WAIT)
            if teller.returncode == 0:
                told[queries[0]["id"]] = number
            elif teller.returncode != -signal.SIGKILL:
                self.fail(said)
            else:  # nobody knows: the same once more
                again = self.sonde("tell", "study.toml", given=line + "\n").stderr
                self.assertRegex(again, "1 answer recorded|1 passed over|0 answers recorded")
                told[queries[0]["id"]] = number
        if desk.poll() is None:
            self.end(desk)
        self.tell()  # what the last ones left
        answers = [(e["id"], e["y"][0]) for e in self.events("answered")]
        self.assertEqual(len(answers), len(told))
        self.assertEqual(dict(answers), told)


class Dropped(Folder):
    def old(self, name, text):
        path = self.folder / "study" / "inbox" / name
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(".part")
        temporary.write_text(text)
        os.utime(temporary, (time.time() - 60,) * 2)
        temporary.rename(path)

    def names(self, folder):
        return sorted(p.name for p in (self.folder / "study" / "inbox" / folder).iterdir() if p.is_file() and p.name[0] != ".")

    def test_files_of_a_laboratory_are_taken_in_at_the_next_command(self):
        self.study()
        self.ask("-n", 6)
        self.old("1.jsonl", '{"id":0,"y":{"value":1}}\n{"id":1,"failed":"no coffee"}\n')
        self.old("2.json", json.dumps([{"id": 2, "y": {"value": 2}}, {"id": 3, "y": {"value": 3}}], indent=2))
        self.old("3.csv", "a,b,kind,value\n1,2,oak,5\n3,4,ash,6\n")
        self.old("half.jsonl", '{"id":4,"y":{"value":1}}\n{"id":5,"y":{"val')
        self.old("half.csv", "a,b,kind,value\n1,2,oak,5.1")
        self.old("half.json", '[{"id":4,"y":{"value":1}},')
        self.old("bad.jsonl", '{"id":77,"y":{"value":1}}\n{"id":4,"y":{"value":4}}\n')
        self.old("bad.csv", "a,b,kind,value\n1,2,elm,5\n7,8,oak,1\n")
        self.old("sound.wav", "not ours")
        self.old("list.json", json.dumps([{"id": 4, "y": {"value": 4}}, {"id": 78, "y": {"value": 3}}]))
        self.old("twice.json", '{"id":5,"y":{"value":1},"y":{"value":2}}')
        os.symlink("/etc/passwd", self.folder / "study" / "inbox" / "link.csv")
        os.symlink("/etc/passwd", self.folder / "study" / "inbox" / "link.request")
        os.mkfifo(self.folder / "study" / "inbox" / "pipe.request")
        said = self.tell()
        for name in ("half.csv", "half.json", "half.jsonl", "link.csv", "link.request", "pipe.request", "sound.wav"):
            self.assertRegex(said, f"inbox: {name} .*: passed over")
        self.assertNotIn("passed over", self.tell())
        self.assertEqual(self.names("taken"), ["1.jsonl", "2.json", "3.csv"])
        self.assertEqual(self.names("refused"), ["bad.csv", "bad.csv.why", "bad.jsonl", "bad.jsonl.why", "list.json", "list.json.why", "twice.json", "twice.json.why"])
        self.assertEqual(sorted(p.name for p in (self.folder / "study" / "inbox").iterdir() if p.name[0] != "."),
                         ["half.csv", "half.json", "half.jsonl", "link.csv", "link.request", "pipe.request", "refused", "sound.wav", "taken"])
        self.assertIn("list.json: item 2: there is no query 78", (self.folder / "study" / "inbox" / "refused" / "list.json.why").read_text())
        why = self.folder / "study" / "inbox" / "refused"
        self.assertIn("bad.jsonl:1: there is no query 77", (why / "bad.jsonl.why").read_text())
        self.assertIn("bad.csv:2: column 'kind': 'elm' is no value of 'kind'", (why / "bad.csv.why").read_text())
        self.assertIn("1 run imported", (why / "bad.csv.why").read_text())
        self.assertIn("the key 'y' stands twice", (why / "twice.json.why").read_text())
        counts = self.status()["runs"]
        self.assertEqual((counts["ok"], counts["failed"], counts["open"], counts["imported"]), (7, 1, 1, 3))
        self.old("half.csv", "a,b,kind,value\n1,2,oak,5.125\n")
        self.old("1.jsonl", '{"id":0,"y":{"value":1}}\n{"id":1,"failed":"no coffee"}\n')  # a second time
        self.tell()
        self.assertEqual(self.names("taken"), ["1.2.jsonl", "1.jsonl", "2.json", "3.csv", "half.csv"])
        self.assertEqual(self.status()["runs"]["ok"], 8)

    def test_files_are_taken_in_while_run_works_once_they_rest(self):
        self.study()
        desk = self.run_as_desk()
        self.wait_for(lambda: self.events("asked"))
        inbox = self.folder / "study" / "inbox"
        with open(inbox / "slow.jsonl", "w") as file:
            file.write('{"id":0,"y":')
            file.flush()
            time.sleep(0.3)
            self.assertEqual(self.events("answered"), [])
            file.write('{"value":3}}\n')
        self.wait_for(lambda: (inbox / "taken" / "slow.jsonl").exists())
        self.assertEqual([(e["id"], e["y"]) for e in self.events("answered")], [(0, [3.0])])
        self.assertIn("slow.jsonl taken in", self.end(desk))


class Leases(Folder):
    def test_what_nobody_answered_in_time_is_handed_out_again(self):
        self.study()
        mine = self.ask("-n", 2, "--lease", "2 h", "--to", "alice")
        self.assertEqual([q["to"] for q in mine], ["alice"] * 2)
        self.assertGreater(mine[0]["until"], time.time() + 7000)
        self.assertEqual([q["id"] for q in self.ask("--to", "bob")], [2])
        self.ask("-n", 2, "--lease", "0.001 s", "--to", "alice", "--again")  # the same, and then no longer
        again = self.ask("-n", 3, "--lease", "2 h", "--to", "carol")
        self.assertEqual([q["id"] for q in again], [0, 1, 3])
        self.assertEqual(again[0]["x"], mine[0]["x"])
        self.tell({"id": 0, "y": {"value": 1}, "by": "alice"})  # late, but the point is open
        said = self.tell({"id": 0, "y": {"value": 2}, "by": "carol"}, status=2)
        self.assertIn("query 0 has been answered already", said)
        self.assertEqual([q["id"] for q in self.ask("-n", 2, "--again")], [1, 2])
        self.assertIn("--lease: expected a duration", self.sonde("ask", "study.toml", "--lease", "a while", status=2).stderr)

    def test_answers_come_in_any_order(self):
        self.study()
        ids = [q["id"] for q in self.ask("-n", 4)]
        self.assertEqual([q["id"] for q in self.ask()], [4])  # the others are in somebody's hands
        self.tell(*({"id": i, "y": {"value": i}} for i in reversed(ids)))
        self.assertEqual([r["y"]["value"] for r in self.runs()[:4]], ids)

    def test_what_was_measured_elsewhere_is_not_recorded_here(self):
        self.study()
        asked = self.ask("-n", 2)
        lines = [dict(q, y={"value": 1}) for q in asked]
        name = next(iter(lines[1]["x"]))
        lines[1]["x"][name] += 1e-3
        told = self.sonde("tell", "study.toml", given="\n".join(map(json.dumps, lines)), status=2).stderr
        self.assertIn("1 answer recorded", told)
        self.assertIn("stdin:2: query 1 was asked at", told)

    def test_run_leaves_what_somebody_has_for_a_time_and_waits_for_it(self):
        self.study(("runs = 200\n[stop]", "runs = 4\n[stop]"), ("runs = 200", "runs = 4"), text=PROGRAM)
        self.ask("--lease", "2 h")
        self.ask("--lease", "0.001 s")
        run = self.start("run", "study.toml")
        self.wait_for(lambda: len(self.events("answered")) == 3)
        self.assertIsNone(run.poll())
        self.tell({"id": 0, "y": {"value": 7}})
        out, err = run.communicate(timeout=WAIT)
        self.assertEqual(run.returncode, 0, err)
        self.assertEqual([r["y"]["value"] for r in self.runs()], [7, 1, 1, 1])


class Corrections(Folder):
    def test_a_correction_counts_from_then_on_and_is_on_record(self):
        self.study()
        self.ask("-n", 3)
        self.tell({"id": 0, "y": {"value": 1}}, {"id": 1, "failed": "dropped it"}, {"id": 2, "y": {"value": 4}})
        told = self.tell({"id": 0, "correct": {"y": {"value": 2}}, "reason": "a typing error", "by": "bob"},
                  {"id": 1, "correct": {"y": {"value": 3}}, "reason": "found it", "by": "bob"},
                  {"id": 2, "correct": {"failed": "wrong sample"}, "by": "bob"})
        self.assertIn("3 corrections recorded, 0 queries open", told)
        runs = self.runs()
        self.assertEqual([r["status"] for r in runs], ["ok", "ok", "failed"])
        self.assertEqual([r["y"]["value"] for r in runs[:2]], [2, 3])
        status = self.status()
        self.assertEqual(status["runs"]["corrected"], 3)
        self.assertEqual([e["reason"] for e in self.events("corrected")], ["a typing error", "found it", ""])
        self.assertEqual([e["y"] for e in self.events("answered")], [[1.0], [], [4.0]])  # what was told stays
        self.sonde("export", "study.toml", "--format", "hdf5", "-o", "all.h5")
        with h5py.File(self.folder / "all.h5") as file:
            self.assertEqual(list(file["runs/lineage/corrections"]), [1, 1, 1])
            self.assertEqual(list(file["runs/value"][:2]), [2, 3])
        said = self.tell({"id": 9, "correct": {"y": {"value": 2}}}, {"id": 0, "correct": 3}, {"id": 0, "correct": {"y": {"valu": 2}}}, status=2)
        for part in ("there is no query 9", 'expected "correct": {"y"', "did you mean 'value'?"):
            self.assertIn(part, said)


class Review(Folder):
    def setUp(self):
        super().setUp()
        self.review = ("[design]", "[review]\nbefore = true\n[design]")

    def held_ones(self):
        return [json.loads(line) for line in self.sonde("ask", "study.toml", "--review").stdout.splitlines()]

    def test_a_query_is_handed_out_once_it_is_approved_or_edited(self):
        self.study(self.review)
        (self.folder / "runs.csv").write_text("a,b,kind,value\n1,1,oak,1\n9,9,ash,2\n2,2,oak,3\n5,5,oak,4\n")
        self.sonde("import", "study.toml", "runs.csv")
        done = self.sonde("ask", "study.toml", "-n", 4)
        self.assertEqual(done.stdout, "")
        self.assertIn("4 queries wait for review", done.stderr)
        self.assertIn("4 queries wait for review", self.sonde("ask", "study.toml", "-n", 4).stderr)  # no more of them
        held = self.held_ones()
        self.assertEqual([q["id"] for q in held], [4, 5, 6, 7])
        self.assertEqual(set(held[0]), {"id", "x", "prediction", "deviation", "why", "nearest"})
        self.assertEqual(len(held[0]["nearest"]), 3)
        distances = [n["distance"] for n in held[0]["nearest"]]
        self.assertEqual(distances, sorted(distances))
        said = self.tell({"id": 4, "y": {"value": 1}}, {"id": 4, "edit": {"a": 10, "b": 15}}, {"id": 4, "edit": {"kind": "elm"}},
                         {"id": 4, "edit": {"a": 11}}, {"id": 4, "approve": "yes"}, {"id": 4, "reject": ""}, status=2)
        for part in ("query 4 is held for review", "the edited point breaks 'corner' by 5", "\"elm\" is no value of 'kind'",
                     "breaks 'a' by 1", 'expected "approve": true', 'expected "reject": the reason'):
            self.assertIn(part, said)
        said = self.tell({"id": 4, "approve": True, "by": "boss"}, {"id": 5, "edit": {"a": 1.5, "kind": "oak"}, "reason": "safer", "by": "boss"},
                  {"id": 6, "reject": "it would explode", "by": "boss"})
        self.assertIn("3 reviews recorded, 3 queries open", said)
        self.assertIn("query 6 was rejected", self.tell({"id": 6, "y": {"value": 1}}, status=2))
        self.assertIn("reviewed already", self.tell({"id": 4, "reject": "no"}, status=2))
        handed = self.ask("-n", 4)  # one is held still: one more of the four is new, and held too
        self.assertEqual([q["id"] for q in handed], [4, 5])
        self.assertEqual((handed[1]["x"]["a"], handed[1]["x"]["kind"], handed[1]["x"]["b"]), (1.5, "oak", held[1]["x"]["b"]))
        status = self.status()
        self.assertEqual(status["runs"]["rejected"], 1)
        self.assertEqual(status["runs"]["failed"], 0)
        self.assertEqual(status["review"], {"held": len(self.held_ones()), "approved": 1, "edited": 1, "rejected": 1})
        self.assertEqual([r["status"] for r in self.runs() if r["id"] == 6], ["rejected"])

    def test_run_holds_its_queries_and_asks_another_for_one_that_was_rejected(self):
        self.study(self.review, ("runs = 200\n[stop]", "runs = 3\n[stop]"), ("runs = 200", "runs = 4"), text=PROGRAM)
        desk = self.run_as_desk()
        self.wait_for(lambda: self.held_ones())
        self.assertEqual(self.events("answered"), [])
        self.assertNotIn("simulation", self.end(desk))  # none runs that could be waited for
        desk = self.run_as_desk()
        self.wait_for(lambda: self.held_ones())
        rejected, decided = 0, set()
        while desk.poll() is None:
            for query in self.held_ones():
                if query["id"] in decided:
                    continue
                decided.add(query["id"])
                if rejected < 2:
                    rejected += 1
                    self.tell({"id": query["id"], "reject": "no"})
                else:
                    self.tell({"id": query["id"], "approve": True})
            time.sleep(0.05)
        out, err = desk.communicate()
        self.assertEqual(desk.returncode, 0, err)
        self.assertIn("for review: sonde ask", err)
        counts = self.status()["runs"]
        self.assertEqual((counts["asked"], counts["ok"], counts["rejected"]), (6, 4, 2))


class Several(Folder):
    def setUp(self):
        super().setUp()
        self.people = 'kind = "manual"\npeople = 3\n'

    def test_a_point_goes_to_three_people_and_the_median_counts(self):
        self.study(('kind = "manual"', self.people))
        self.assertIn("say to whom, with --to NAME", self.sonde("ask", "study.toml", status=2).stderr)
        for name, value in (("alice", 1), ("bob", 1.01), ("carol", 5)):
            self.assertEqual([q["id"] for q in self.ask("--to", name, "-n", 1)], [0])
        self.assertEqual([q["id"] for q in self.ask("--to", "dave")], [1])  # three have the first
        self.tell({"id": 0, "y": {"value": 1}, "by": "alice", "confidence": 0.9, "rationale": "saw it"})
        self.assertIn("'alice' has told query 0 already", self.tell({"id": 0, "y": {"value": 2}, "by": "alice"}, status=2))
        self.assertIn('expected "by": a name', self.tell({"id": 0, "y": {"value": 2}}, status=2))
        self.assertIn('expected "confidence" from 0 to 1', self.tell({"id": 0, "y": {"value": 2}, "by": "bob", "confidence": 7}, status=2))
        self.tell({"id": 0, "y": {"value": 1.01}, "by": "bob"})
        self.assertEqual(self.events("answered"), [])
        self.tell({"id": 0, "y": {"value": 5}, "by": "carol"})
        self.assertEqual([(e["y"], e["message"][:9], e["host"]) for e in self.events("answered")],
                         [([1.01], "disputed:", "alice, bob, carol")])
        for name in ("alice", "bob", "carol"):
            self.tell({"id": 1, "y": {"value": 2}, "by": name})
        self.assertEqual(self.events("answered")[1]["message"], "agreed: median of 3")
        people = self.status()["people"]
        self.assertEqual((people["told"], people["by_several"], people["agreed"]), (6, 2, 1))

    def test_in_a_dispute_the_experts_word_is_waited_for(self):
        self.study(('kind = "manual"', self.people.replace("3", "2") + 'dispute = { expert = "eve" }\nagree = 0.1\n'))
        for name in ("alice", "bob"):
            self.ask("--to", name)
        self.ask("--to", "carl", "--again")  # who never tells anything
        self.tell({"id": 0, "y": {"value": 1}, "by": "alice"}, {"id": 0, "failed": "it broke", "by": "bob"})
        self.assertEqual(self.status()["people"]["waiting_for_expert"], [0])
        self.assertIn("query 0 waits for the expert, eve", self.sonde("status", "study.toml").stdout)
        self.assertEqual(self.events("answered"), [])
        self.assertEqual([q["id"] for q in self.ask("--to", "dave")], [1])
        self.assertEqual([q["id"] for q in self.ask("--to", "eve")], [0])
        self.tell({"id": 0, "y": {"value": 1.5}, "by": "eve"})
        self.assertEqual([(e["y"], e["message"]) for e in self.events("answered")], [([1.5], "disputed: eve decides")])

    def test_what_was_told_before_the_process_ended_is_settled_at_the_next_command(self):
        self.study(('kind = "manual"', self.people.replace("3", "1")))
        self.ask()
        self.tell({"id": 0, "y": {"value": 1}, "by": "alice"})
        journal = self.folder / "study" / "journal.sonde"
        lines = journal.read_bytes().splitlines(keepends=True)
        self.assertIn(b'"kind":"answered"', lines[-1])
        journal.write_bytes(b"".join(lines[:-1]))
        self.assertEqual(self.status()["runs"]["open"], 1)
        self.tell()
        self.assertEqual(self.status()["runs"]["ok"], 1)


class Tags(Folder):
    def test_queries_go_to_whom_they_concern(self):
        self.study(("[design]", '[derived]\nsum = "a + b"\n[tags]\nwind = "sum > 8"\nnone = "a > 100"\n[design]'))
        wind = self.ask("-n", 3, "--tag", "wind", "--to", "tunnel")
        self.assertEqual(len(wind), 3)
        for query in wind:
            self.assertGreater(query["x"]["a"] + query["x"]["b"], 8)
            self.assertEqual(query["tags"], ["wind"])
        others = self.ask("-n", len(self.runs()) - 3)  # those that were passed over on the way
        self.assertTrue({q["id"] for q in others}.isdisjoint({q["id"] for q in wind}))
        self.assertIn("carries the tag 'none'", self.sonde("ask", "study.toml", "--tag", "none").stderr)
        self.assertIn("did you mean 'wind'?", self.sonde("ask", "study.toml", "--tag", "wnd", status=2).stderr)
        self.study(("[design]", '[tags]\nwind = "a + 3"\n[design]'))
        self.assertIn("tags.wind: expected a condition", self.sonde("check", "study.toml", status=3).stderr)


class Said(Folder):
    def test_check_says_what_people_have_to_do_with_a_study(self):
        self.study(("[design]", '[review]\nbefore = true\n[tags]\nwind = "a > 3"\n[design]'),
                   ('kind = "manual"', 'kind = "manual"\npeople = 3\ndispute = { expert = " eve " }'))
        said = self.sonde("check", "study.toml").stdout
        for line in ("review    each point waits until it is approved", "people    3 different ones a point", "else eve decides", "tag       wind: a > 3"):
            self.assertIn(line, said)

    def test_an_option_is_named_as_it_may_be_written(self):
        self.study()
        self.assertIn("-n, --count: Value -1", self.sonde("ask", "study.toml", "-n", -1, status=2).stderr)

    def test_nothing_is_to_be_predicted_where_no_run_went_well(self):
        self.study((r"echo '{\"y\":{\"value\":1}}'", "exit 3"), ("runs = 200\n[stop]", "runs = 2\n[stop]"), ("runs = 200", "runs = 2"), text=PROGRAM)
        self.assertNotIn("sonde predict", self.sonde("run", "study.toml", status=4).stdout)


class OddTexts(Folder):
    def test_names_and_reasons_are_inert(self):
        self.study()
        odd = "$(touch pwned); `id`\n../../x\x1b[31m\x07'\"\u0085"
        name = "$(touch pwned); `id`../../x'\" |"
        self.ask("-n", 3, "--to", f"  {name} ")
        self.assertEqual(self.events("leased")[0]["who"], name)
        said = self.sonde("ask", "study.toml", "--to", odd, status=2).stderr
        said += self.tell({"id": 0, "y": {"value": 1}, "by": odd}, status=2)
        self.assertEqual(said.count("a name has no line ends nor other control characters"), 2)
        said += self.tell({"id": 0, "y": {"value": 1}, "by": f"{name}\t", "rationale": odd},
                         {"id": 0, "correct": {"y": {"value": 2}}, "reason": odd, "by": name},
                         {"id": 1, "failed": odd}, {"id": 2, odd: 1}, {"id": 2, "y": {odd: 1}}, status=2)
        desk = self.run_as_desk()
        self.tell({"id": 2, "failed": odd, "by": name})
        said += self.end(desk)
        for steering in ("\x1b", "\x07", "\u0085"):
            self.assertNotIn(steering, said)
            self.assertNotIn(steering, self.sonde("status", "study.toml").stdout)
        self.assertEqual(self.events("told")[0]["by"], name)
        self.assertFalse(list(self.folder.rglob("pwned")))
        self.assertIn("at most 200 bytes, this one has 300", self.tell({"id": 2, "y": {"value": 1}, "by": "x" * 300}, status=2))
        said = self.sonde("tell", "study.toml", given='{"id":2,"failed":"' + "x" * (3 << 20) + '"}\n{"id":2,"y":{"value":1},"id":1}\n', status=2).stderr
        self.assertIn("stdin:1: a line has at most 1 MiB", said)
        self.assertIn("stdin:2: the key 'id' stands twice", said)
        self.assertIn("at most 64 MiB", self.sonde("tell", "study.toml", given="\n" * (65 << 20), status=2).stderr)
        self.assertIn("expected", self.sonde("tell", "study.toml", given="[" * 100000 + "\n", status=2).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
