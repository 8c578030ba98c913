"""Points that arrive from outside: decided upon one by one, resumed, late, unreadable.

    stream_test.py FOLDER_OF_SONDE FOLDER_OF_THE_SIMULATORS [unittest options]
"""
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

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
seed = 3
query = "variance"
pace = "batches"
[stream]
from = "-"
budget = 0.2
[stop]
runs = 16
"""


def points(count, seed=1):
    chance = random.Random(seed)
    return [{"a": chance.uniform(-5, 10), "b": chance.uniform(0, 15)} for _ in range(count)]


def json_lines(rows):
    return "".join(json.dumps({"x": row, "key": i}) + "\n" for i, row in enumerate(rows))


class Stream(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def study(self, *replace):
        text = STUDY
        for old, new in replace:
            self.assertIn(old, text)
            text = text.replace(old, new)
        (self.folder / "study.toml").write_text(text)

    def sonde(self, *arguments, given="", status=0):
        done = subprocess.run([SONDE, *map(str, arguments)], cwd=self.folder, input=given, capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def run_with(self, given, *arguments, status=0):
        done = self.sonde("run", "study.toml", *arguments, given=given, status=status)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self):
        return json.loads(self.sonde("status", "study.toml", "--json").stdout)

    def exported(self, campaign="study.toml"):
        return json.loads(self.sonde("export", campaign, "--format", "json").stdout)["runs"]

    def test_each_line_is_answered_by_one(self):
        self.study()
        rows = points(200)
        said = self.run_with(json_lines(rows))
        self.assertEqual([line["arrival"] for line in said], list(range(len(said))))
        self.assertEqual([line["key"] for line in said], list(range(len(said))))
        self.assertLess(len(said), 200)  # the budget of runs was used up before
        runs = self.exported()
        self.assertEqual(len(runs), 16)
        asked = [line for line in said if line["asked"]]
        self.assertEqual([line["id"] for line in asked], list(range(6, 16)))
        for line in asked:
            self.assertEqual(runs[line["id"]]["x"], rows[line["arrival"]])
        for line in said:
            row, value = rows[line["arrival"]], line["predicted"]["value"]
            self.assertLess(value["low95"], value["mean"])
            self.assertIn(value["trust"], ("inside", "edge", "extrapolation"))
            self.assertEqual(line["why"] == "inadmissible", row["a"] + row["b"] > 20)
        stream = self.status()["stream"]
        self.assertEqual((stream["arrived"], stream["asked"], stream["budget"]), (len(said), 10, 0.2))
        self.assertIn("of a budget of 20.0 %", self.sonde("status", "study.toml").stdout)
        self.sonde("replay", "study.toml")
        self.assertIn("number %d of the stream" % asked[3]["arrival"], self.sonde("why", 9, "study.toml").stdout)

    def test_batches_do_not_depend_on_the_workers_nor_on_the_form(self):
        self.study()
        rows = points(200)
        said = self.run_with(json_lines(rows))
        self.assertEqual(self.run_with(json_lines(rows), "--workers", 1, "-C", "one"), said)
        table = "key,b,a\n" + "".join(f"{i},{row['b']!r},{row['a']!r}\n" for i, row in enumerate(rows))
        of_table = self.run_with(table, "-C", "table")
        self.assertEqual([dict(line, key=int(line["key"])) for line in of_table], said)

    def test_a_file_is_gone_on_with_where_it_was_left(self):
        self.study(("from = \"-\"", "from = \"log.jsonl\""))
        (self.folder / "log.jsonl").write_text(json_lines(points(300)))
        first = self.run_with("")
        text = (self.folder / "study.toml").read_text()
        (self.folder / "study.toml").write_text(text.replace("runs = 16", "runs = 22"))
        second = self.run_with("")
        arrivals = [line["arrival"] for line in first + second]
        self.assertEqual(arrivals, list(range(len(arrivals))))
        self.assertEqual([line["key"] for line in first + second], arrivals)
        (self.folder / "study.toml").write_text(text.replace("runs = 16", "runs = 22"))
        self.run_with("", "-C", "whole")
        self.assertEqual([run["x"] for run in self.exported()], [run["x"] for run in self.exported("whole")])

    def test_another_file_is_read_from_its_beginning(self):
        self.study(("from = \"-\"", "from = \"monday.jsonl\""), ("runs = 16", "runs = 40"))
        (self.folder / "monday.jsonl").write_text(json_lines(points(30, 1)))
        (self.folder / "tuesday.jsonl").write_text(json_lines(points(20, 2)))
        self.assertEqual(len(self.run_with("")), 30)
        text = (self.folder / "study.toml").read_text()
        (self.folder / "study.toml").write_text(text.replace("monday", "tuesday").replace("budget = 0.2", "budget = 0.5"))
        self.assertEqual([line["key"] for line in self.run_with("")], list(range(20)))
        (self.folder / "study.toml").write_text(text)
        self.assertEqual(self.run_with(""), [])
        self.assertEqual(self.status()["stream"]["arrived"], 50)
        self.sonde("replay", "study.toml")

    def test_kill_9_decides_no_arrival_twice(self):
        self.study(("from = \"-\"", "from = \"log.jsonl\""), ("runs = 16", "runs = 60"))
        (self.folder / "log.jsonl").write_text(json_lines(points(2000)))
        for _ in range(4):
            process = subprocess.Popen([SONDE, "run", "study.toml"], cwd=self.folder, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(0.4)
            process.kill()
            process.wait()
        self.run_with("")
        runs = self.exported()
        self.assertEqual(len(runs), 60)
        rows = [(run["x"]["a"], run["x"]["b"]) for run in runs]
        self.assertEqual(len(set(rows)), 60)
        known = {(row["a"], row["b"]) for row in points(2000)}
        self.assertLessEqual(set(rows[6:]), known)
        events = [json.loads(line[9:]) for line in (self.folder / "study/journal.sonde").read_text().splitlines()]
        passed = [event for event in events if event["kind"] == "passed"]
        next_one = 0
        for event in passed:
            self.assertEqual(event["first"], next_one)
            next_one += len(event["worth"])
        self.sonde("replay", "study.toml")

    def test_a_file_is_followed_until_it_is_called_off(self):
        self.study(("from = \"-\"", "from = \"log.csv\"\nfollow = true"), ("runs = 16", "runs = 100"))
        rows = points(30)
        with open(self.folder / "log.csv", "w") as log:
            log.write("a,b\n")
            log.flush()
            process = subprocess.Popen([SONDE, "run", "study.toml"], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
            for i, row in enumerate(rows):
                log.write(f"{row['a']},")
                log.flush()
                log.write(f"{row['b']}\n")
                log.flush()
                self.assertEqual(json.loads(process.stdout.readline())["arrival"], i)
            log.truncate(0)  # rotated in place
            log.seek(0)
            time.sleep(0.3)
            log.write("1,2\n")
            log.flush()
            self.assertEqual(json.loads(process.stdout.readline())["arrival"], 30)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.communicate(timeout=60)[0], "")
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.status()["stream"]["arrived"], 31)

    def test_steps_and_the_queue_are_kept_however_many_arrive_at_once(self):
        self.study(("budget = 0.2", "budget = 1.0\nqueue = 2"), ('pace = "batches"', ""), ("runs = 16", "runs = 14"),
                   ("[stop]", '[hybrid]\nsteps = [{ from = "stream", runs = 3 }, { from = "synthesis" }]\n[stop]'))
        said = self.run_with(json_lines(points(200)))
        self.assertEqual(sum(line["asked"] and line["why"] != "audit" for line in said), 3)
        self.assertEqual(len(self.exported()), 14)
        self.study(("budget = 0.2", "budget = 1.0\nqueue = 2\naudit = 0"), ('pace = "batches"', ""), ("parallel = 2", "parallel = 1"),
                   ("run = [", 'run = ["sh", "-c", "sleep 0.3; exec $0", '))
        self.run_with(json_lines(points(60)), "-C", "queue")
        events = [json.loads(line[9:]) for line in (self.folder / "queue/journal.sonde").read_text().splitlines()]
        waiting = 0
        for event in events:
            if event["kind"] == "asked" and event["queries"][0]["id"] >= 6:
                waiting += len(event["queries"])
            waiting -= event["kind"] == "answered" and event["id"] >= 6
            self.assertLessEqual(waiting, 3)  # one runs, two wait

    def test_a_pipe_by_name_loses_nothing(self):
        self.study(("from = \"-\"", "from = \"pipe\""))
        os.mkfifo(self.folder / "pipe")
        writer = subprocess.Popen(["sh", "-c", "cat > pipe"], cwd=self.folder, stdin=subprocess.PIPE, text=True)
        process = subprocess.Popen([SONDE, "run", "study.toml"], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        writer.communicate(json_lines(points(30)), timeout=60)
        said = process.communicate(timeout=60)[0].splitlines()
        self.assertEqual([json.loads(line)["key"] for line in said], list(range(30)))

    def test_without_standard_output_nothing_is_harmed(self):
        self.study()
        self.run_with(json_lines(points(20)))
        done = subprocess.run(["sh", "-c", f"{SONDE} run study.toml >&-"], cwd=self.folder, input=json_lines(points(100, 2)), text=True,
                              capture_output=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.sonde("replay", "study.toml")
        self.assertNotIn("{\"arrival", (self.folder / "study/journal.sonde").read_text())

    def test_arrivals_behind_a_repaired_gap_are_not_shifted(self):
        self.study(("from = \"-\"", "from = \"log.jsonl\""))
        (self.folder / "log.jsonl").write_text(json_lines(points(300)))
        first = self.run_with("")
        journal = self.folder / "study/journal.sonde"
        lines = journal.read_bytes().split(b"\n")
        place = [i for i, line in enumerate(lines) if b'"kind":"passed"' in line][2]
        lines[place] = lines[place].replace(b"worth", b"wurth")
        journal.write_bytes(b"\n".join(lines))
        self.sonde("repair", "study")
        text = (self.folder / "study.toml").read_text()
        (self.folder / "study.toml").write_text(text.replace("runs = 16", "runs = 18"))
        second = self.run_with("")
        self.assertEqual(second[0]["key"], first[-1]["key"] + 1)
        self.assertEqual(second[0]["arrival"], second[0]["key"])

    def served(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.study(("from = \"-\"", f"from = \"http://127.0.0.1:{port}\""), ("runs = 16", "runs = 10"))
        process = subprocess.Popen([SONDE, "run", "study.toml"], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        token = self.folder / "study/token"
        for _ in range(300):
            if token.exists() and len(token.read_text()) == 64:
                break
            time.sleep(0.1)
        return process, port, token

    def post(self, port, body, token, method="POST", path="/arrivals", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        if token:
            headers["Authorization"] = "Bearer " + token
        for attempt in range(50):
            try:
                connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def test_points_are_sent_by_http_and_answered_there(self):
        process, port, token = self.served()
        self.assertEqual(token.stat().st_mode & 0o777, 0o600)
        secret = token.read_text()
        rows, asked, said = points(400), 0, []
        for i in range(0, 400, 3):
            status, text = self.post(port, json_lines(rows[i:i + 3]), secret)
            if status != 200:
                break
            lines = [json.loads(line) for line in text.splitlines()]
            self.assertLessEqual(len(lines), 3)  # the last may be cut short by the end of the budget
            said += lines
            asked += sum(line["asked"] for line in lines)
            if asked == 4:
                break
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual([line["arrival"] for line in said], list(range(len(said))))
        self.assertEqual(asked, 4)
        self.sonde("replay", "study.toml")

    def test_points_are_sent_to_a_socket_that_its_owner_alone_may_open(self):
        self.study(("from = \"-\"", "from = \"unix:points.socket\""), ("runs = 16", "runs = 10"))
        process = subprocess.Popen([SONDE, "run", "study.toml"], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        path, token = self.folder / "points.socket", self.folder / "study/token"
        for _ in range(300):
            if path.exists() and path.stat().st_mode & 0o777 == 0o600 and token.exists():
                break
            time.sleep(0.1)
        rows, asked = points(400), 0
        for i in range(0, 400, 4):
            connection = http.client.HTTPConnection("localhost", timeout=60)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(path))
            connection.request("POST", "/arrivals", json_lines(rows[i:i + 4]),
                               {"Authorization": "bearer " + token.read_text()})
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            if answer.status != 200:
                break
            asked += sum(json.loads(line)["asked"] for line in text.splitlines())
            if asked == 4:
                break
        self.assertEqual(asked, 4)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertFalse(path.exists())

    def test_nobody_without_the_token_is_heard_nor_a_page_of_a_browser(self):
        process, port, token = self.served()
        secret, line = token.read_text(), '{"a": 1, "b": 2}\n'
        self.assertEqual(self.post(port, line, "")[0], 401)
        self.assertEqual(self.post(port, line, secret[:-1] + ("0" if secret[-1] != "0" else "1"))[0], 401)
        self.assertEqual(self.post(port, line, secret, Origin="http://127.0.0.1:%d" % port)[0], 403)
        self.assertEqual(self.post(port, line, secret, Host="evil.example:80")[0], 403)
        self.assertEqual(self.post(port, line, secret, Host="127.evil.com")[0], 403)
        self.assertEqual(self.post(port, line, secret, path="/other")[0], 404)
        self.assertEqual(self.post(port, None, secret, method="GET")[0], 405)
        self.assertEqual(self.post(port, " \n\n", secret)[0], 400)
        self.assertEqual(self.post(port, "x" * (2 << 20), secret)[0], 413)
        self.assertEqual(self.post(port, line * 5000, secret)[0], 413)
        status, text = self.post(port, '{"a": 1}\n' + line, secret)
        self.assertEqual(status, 200)
        self.assertIn("'b' is missing", text.splitlines()[0])
        self.assertEqual(json.loads(text.splitlines()[1])["arrival"], 0)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        token.chmod(0o644)
        self.assertIn("others may read this token", self.sonde("run", "study.toml", status=6).stderr)
        text = (self.folder / "study.toml").read_text()
        (self.folder / "study.toml").write_text(text.replace("127.0.0.1", "0.0.0.0"))
        token.chmod(0o600)
        self.assertIn("can be reached from other machines", self.sonde("run", "study.toml", status=3).stderr)

    def test_what_waited_too_long_is_passed_over(self):
        self.study(("run = [", "run = [\"sh\", \"-c\", \"sleep 0.5; exec $0\", "), ("budget", "deadline = \"0.3 s\"\nbudget"),
                   ("runs = 16", "runs = 8"))
        said = self.run_with(json_lines(points(40)))  # all of them arrive while the design is asked
        self.assertEqual({line["why"] for line in said}, {"late", "inadmissible"})
        self.assertTrue(all("predicted" in line for line in said))

    def test_a_line_that_says_nothing_is_told_and_passed_over(self):
        self.study()
        good = json.dumps({"a": 1, "b": 2})
        said = self.run_with("\n".join([good, "{", '{"x": {"a": 1}}', '{"x": {"a": "no", "b": 1}}', '{"x": 7}', "[1]", "", good]))
        self.assertEqual([line.get("line") for line in said], [None, 2, 3, 4, 5, 6, None])
        self.assertIn("'b' is missing", said[2]["error"])
        self.assertEqual([said[0]["arrival"], said[-1]["arrival"]], [0, 1])
        self.assertEqual(self.status()["stream"]["arrived"], 2)

    def test_what_cannot_be_a_stream_is_refused(self):
        self.study(("from = \"-\"", "from = \"none.csv\""))
        self.assertIn("none.csv", self.sonde("run", "study.toml", status=3).stderr)
        self.assertFalse((self.folder / "study").exists())
        self.study(("from = \"-\"", "from = \"other.csv\""))
        (self.folder / "other.csv").write_text("a,bb\n1,2\n")
        self.assertIn("'b' is missing", self.sonde("run", "study.toml", status=3).stderr)
        self.study(("budget = 0.2", "budget = 2"))
        self.assertIn("the part of the arrivals that may be asked", self.sonde("check", "study.toml", status=3).stderr)
        self.study(("budget = 0.2", "budget = 0.2\nrule = \"fixed\""))
        self.assertIn("threshold", self.sonde("check", "study.toml", status=3).stderr)
        self.study(("budget = 0.2", "budgets = 0.2"))
        self.assertIn("did you mean 'budget'", self.sonde("check", "study.toml", status=3).stderr)
        self.study(("[stream]\nfrom = \"-\"\nbudget = 0.2", "[hybrid]\nsteps = [{ from = \"stream\" }]"))
        self.assertIn("[stream]", self.sonde("check", "study.toml", status=3).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
