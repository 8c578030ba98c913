"""Models behind UM-Bridge servers as simulators, and the surrogate behind one: sonde check, run and serve from outside.

    umbridge_test.py FOLDER_OF_SONDE [unittest options]
"""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

SONDE = pathlib.Path(sys.argv[1]).resolve() / "sonde"
PEER = pathlib.Path(__file__).resolve().parent / "umbridge_peer.py"
WAIT = 120  # s, for anything that must come

STUDY = """sonde = 1
[variables.a]
bounds = [0, 2]
[variables.b]
bounds = [0, 2]
[variables.c]
bounds = [0, 2]
[outputs.sum]
[outputs.product]
from = {{ index = 1, factor = 10 }}
accept = "product < 1000"
[simulator]
kind = "umbridge"
urls = [{urls}]
config = {{ offset = 0.5 }}
{more}
[design]
kind = "uniform"
runs = {runs}
[stop]
runs = {runs}
"""


class Peer:
    def __init__(self, *warts):
        self.process = subprocess.Popen([sys.executable, "-u", PEER, *warts], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def count(self):
        with urllib.request.urlopen(self.url + "/Count", timeout=WAIT) as answer:
            return json.load(answer)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def peer(self, *warts):
        peer = Peer(*warts)
        self.addCleanup(peer.end)
        return peer

    def study(self, *urls, more='timeout = "60 s"', runs=1):
        quoted = [url if isinstance(url, str) and url.startswith("{") else json.dumps(url) for url in urls]
        (self.folder / "model.toml").write_text(STUDY.format(urls=", ".join(quoted), more=more, runs=runs))

    def sonde(self, *arguments):
        return subprocess.run([SONDE, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=WAIT)

    def answers(self):
        lines = (self.folder / "model" / "journal.sonde").read_text().splitlines()
        records = [json.loads(line[9:]) for line in lines]
        return [record for record in records if record["kind"] == "answered"]

    def asked(self):
        lines = (self.folder / "model" / "journal.sonde").read_text().splitlines()
        return [query for line in lines for record in [json.loads(line[9:])] if record["kind"] == "asked"
                for query in record["queries"]]


class Warts(Folder):
    """What servers do, and what becomes of the run."""

    def tried(self, *warts, more='timeout = "20 s"'):
        self.study(self.peer(*warts).url, more=more)
        return self.sonde("check", "model.toml", "--try")

    def check_fails(self, wart, kind, *words, more='timeout = "20 s"'):
        with self.subTest(wart):
            done = self.tried(wart, more=more)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn(f"({kind})", done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertNotIn("\x1b", done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)

    def check_goes_well(self, *warts, total="3.5"):
        with self.subTest(" ".join(warts)):
            done = self.tried(*warts)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"sum = {total} 1", done.stdout)

    def test_answers_in_all_forms_of_http_and_json_are_taken(self):
        for warts in (["plain"], ["continues"], ["chunked"], ["chunked", "plain"], ["until_end"], ["close"],
                      ["version_text"]):
            self.check_goes_well(*warts)
        self.check_goes_well("ints", total="12")

    def test_numbers_that_are_none_are_a_failed_run(self):
        for wart in ("bare_nan", "bare_inf", "null"):
            self.check_fails(wart, "not finite", "sum is nan")
        self.check_fails("nan_beside", "not finite", "product is nan")

    def test_the_models_own_error_is_told_in_its_words(self):
        self.check_fails("text_500", "exception", "500 Internal Server Error Server got itself in trouble")
        self.check_fails("exception_what", "exception", "matrix is singular")
        self.check_fails("error_200", "exception", "InvalidOutput: diverged")
        self.check_fails("error_text", "exception", "it broke")

    def test_what_is_no_answer_is_an_output_that_is_missing(self):
        self.check_fails("few_vectors", "output missing", "expected 2 output vectors, got 1")
        self.check_fails("long_vector", "output missing", "output[0]: expected 1 values, got 2")
        self.check_fails("empty_vector", "output missing", "output[0]: expected 1 values, got 0")
        self.check_fails("words", "output missing", 'output[0][0]: expected a number, got "one"')
        self.check_fails("redirect", "output missing", "redirects are not followed")
        for wart in ("no_output", "list", "html", "empty", "cut_json", "huge_number", "deep"):
            self.check_fails(wart, "output missing")

    def test_what_is_no_http_or_beyond_its_bounds_is_refused(self):
        self.check_fails("endless", "output missing", "a body of more than 16777216 bytes")
        self.check_fails("long_status", "output missing", "a line of more than 8192 bytes")
        self.check_fails("long_header", "output missing", "a line of more than 8192 bytes")
        self.check_fails("many_headers", "output missing", "headers of more than 65536 bytes")
        self.check_fails("two_lengths", "output missing", "two lengths")
        for wart in ("huge_length", "negative_length", "huge_chunk", "bad_chunk", "not_http"):
            self.check_fails(wart, "output missing")

    def test_servers_that_are_overloaded_die_or_hang_up_are_said_to(self):
        self.check_fails("busy", "could not start", "503: try later")
        self.check_fails("gateway", "lost", "504")
        for wart in ("dies", "vanishes", "half"):
            self.check_fails(wart, "lost", "the connection was lost")

    def test_an_answer_that_takes_too_long_is_a_timeout_also_when_it_comes_byte_by_byte(self):
        for wart in ("hangs", "drips"):
            self.check_fails(wart, "timeout", "no answer within 0.5 s", more='timeout = "0.5 s"')

    def test_an_answer_that_is_not_accepted_is_out_of_range(self):
        self.study(self.peer().url)
        study = self.folder / "model.toml"
        study.write_text(study.read_text().replace("product < 1000", "product < 5"))
        done = self.sonde("check", "model.toml", "--try")
        self.assertEqual(done.returncode, 4)
        self.assertIn("'product < 5' does not hold (out of range)", done.stderr)


class Beginnings(Folder):
    """Servers that cannot be used at all: status 7, and nothing on the disk."""

    def check_refused(self, url, *words, more='timeout = "20 s"'):
        self.study(url, more=more)
        for command in ("check", "run"):
            done = self.sonde(command, "model.toml")
            self.assertEqual(done.returncode, 7, done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
        self.assertFalse((self.folder / "model").exists())

    def test_a_server_that_is_not_there(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.check_refused(f"http://127.0.0.1:{port}", "no server can be reached", "Connection refused")
        self.check_refused("http://no.such.host.invalid", "the host 'no.such.host.invalid' is not known")

    def test_a_server_that_says_nothing(self):
        self.check_refused(self.peer("hung_info").url, "no answer", more='timeout = "0.5 s"')

    def test_a_server_of_an_older_protocol(self):
        self.check_refused(self.peer("old").url, "the server speaks protocol 0.9, expected 1.0")
        self.check_refused(self.peer("version=0.9").url, "speaks 0.9")

    def test_a_model_that_it_does_not_offer(self):
        self.check_refused(self.peer().url, "no model 'forwards'; did you mean 'forward'?", more='model = "forwards"')

    def test_a_model_of_another_size(self):
        self.check_refused(self.peer().url, "takes 4 numbers (input sizes [4]), the study has 3 variables",
                           more="input_sizes = [4]")
        self.check_refused(self.peer().url, "output 'product' is value number 1 from 0, model 'forward' returns 1",
                           more="output_sizes = [1]")

    def test_what_a_study_gets_wrong_is_told_with_its_place(self):
        for more, words in (('modle = "x"', "did you mean 'model'?"),
                            ('run = ["x"]', "key 'run' is unknown here"), ('timeout = -1', "simulator.timeout"),
                            ('input_sizes = []', "expected a list of lengths")):
            with self.subTest(more):
                self.study("http://127.0.0.1:1", more=more)
                done = self.sonde("check", "model.toml")
                self.assertEqual(done.returncode, 3)
                self.assertRegex(done.stderr, r"model\.toml:\d+:\d+: ")
                self.assertIn(words or "", done.stderr)
        for url, words in (("https://a.b", "is encrypted"), ("ftp://a", "expected an address such as"),
                           ("http://", "expected the name of a host"), ("http://a:0", "expected a port"),
                           ("http://u@h", "host, port and folder alone"), ("http://a b", "without blanks"),
                           ("http://a\n\r\nX: y", "without blanks")):
            with self.subTest(url):
                self.study(url)
                done = self.sonde("check", "model.toml")
                self.assertEqual(done.returncode, 3)
                self.assertIn(words, done.stderr)


class Campaigns(Folder):
    def test_a_server_is_asked_for_its_sizes_once_and_kept_connected(self):
        peer = self.peer()
        self.study(peer.url, runs=20)
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        count = peer.count()
        self.assertEqual(count["Evaluate"], 20)
        # Before anything is made on the disk, and to run.
        self.assertEqual((count["InputSizes"], count["OutputSizes"]), (2, 2))
        self.assertLessEqual(count["connections"], 5)
        for answer, query in zip(self.answers(), self.asked()):
            a, b, c = query["x"].values() if isinstance(query["x"], dict) else query["x"]
            self.assertAlmostEqual(answer["y"][0], a + 2 * b + 0.5, delta=1e-14)
            self.assertEqual(answer["y"][1], 10 * (a * b))

    def test_declared_sizes_are_not_asked_for(self):
        peer = self.peer()
        self.study(peer.url, more="input_sizes = [2, 1]\noutput_sizes = [1, 2]", runs=3)
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        self.assertEqual((peer.count()["InputSizes"], peer.count()["OutputSizes"]), (0, 0))

    def test_servers_share_the_work_by_their_limits(self):
        one, two = self.peer("lasts=0.05"), self.peer("lasts=0.05")
        self.study(one.url, f'{{ url = "{two.url}", parallel = 3 }}', runs=40)
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        self.assertEqual(one.count()["Evaluate"] + two.count()["Evaluate"], 40)
        self.assertEqual(one.count()["most"], 1)
        self.assertGreater(one.count()["Evaluate"], 3)
        self.assertLessEqual(two.count()["most"], 3)
        self.assertGreater(two.count()["most"], 1)

    def test_what_one_server_loses_another_one_is_asked(self):
        bad, good = self.peer("vanishes"), self.peer()
        self.study(bad.url, good.url, more="retries = 1", runs=10)
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        self.assertEqual([answer["status"] for answer in self.answers()], ["ok"] * 10)
        self.assertEqual(good.count()["Evaluate"], 10)

    def test_a_server_that_dies_is_passed_over_and_used_again_when_it_is_back(self):
        mortal, other = self.peer("lasts=0.05"), self.peer("lasts=0.05")
        self.study(mortal.url, other.url, more="retries = 3", runs=60)
        running = subprocess.Popen([SONDE, "run", "model.toml", "-q"], cwd=self.folder, stdout=subprocess.DEVNULL)
        while other.count()["Evaluate"] < 5:
            time.sleep(0.02)
        mortal.end()
        back = self.peer(f"port={mortal.port}", "lasts=0.05")
        self.assertEqual(running.wait(WAIT), 0)
        self.assertEqual([answer["status"] for answer in self.answers()], ["ok"] * 60)
        self.assertGreater(back.count()["Evaluate"], 0)

    def test_while_the_only_server_is_away_nothing_is_spent(self):
        peer = self.peer("lasts=0.05")
        self.study(peer.url, more="", runs=12)
        running = subprocess.Popen([SONDE, "run", "model.toml", "-q"], cwd=self.folder, stdout=subprocess.DEVNULL)
        while peer.count()["Evaluate"] < 3:
            time.sleep(0.02)
        peer.end()
        while not any(answer.get("transient") for answer in self.answers()):
            time.sleep(0.05)
        self.peer(f"port={peer.port}")
        self.assertEqual(running.wait(WAIT), 0)
        runs = json.loads(self.sonde("status", "model.toml", "--json").stdout)["runs"]
        self.assertEqual((runs["ok"], runs["failed"]), (12, 0))
        self.assertIn([a["failure"] for a in self.answers() if a.get("transient")][0], ("lost", "unreachable"))

    def test_tokens_hold_over_all_servers(self):
        one, two = self.peer("lasts=0.02"), self.peer("lasts=0.02")
        self.study(f'{{ url = "{one.url}", parallel = 2 }}', two.url, more="tokens = { seat = 1 }", runs=10)
        with open(self.folder / "model.toml", "a") as study:
            study.write("[tokens]\nseat = 1\n")
        running = subprocess.run([SONDE, "run", "model.toml", "-q"], cwd=self.folder, timeout=WAIT, text=True,
                                 capture_output=True, env={**os.environ, "SONDE_TOKENS": str(self.folder / "t")})
        self.assertEqual(running.returncode, 0, running.stderr)
        self.assertEqual(max(one.count()["most"], two.count()["most"]), 1)
        begun = sorted((answer["started"], answer["seconds"]) for answer in self.answers())
        self.assertEqual(len(begun), 10)

    def test_transient_failures_are_tried_again_on_the_same_server_where_there_is_one(self):
        peer = self.peer("busy", "once=2")
        self.study(peer.url, more="retries = 2")
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        self.assertEqual([(a["status"], a["attempts"]) for a in self.answers()], [("ok", 3)])

    def test_an_error_of_the_model_is_not_tried_again(self):
        peer = self.peer("error_200")
        self.study(peer.url, more="retries = 5")
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 4)  # none went well
        self.assertEqual(peer.count()["Evaluate"], 1)

    def test_an_interruption_calls_off_what_is_waited_for(self):
        peer = self.peer("hangs")
        self.study(peer.url, more="")
        running = subprocess.Popen([SONDE, "run", "model.toml", "-q"], cwd=self.folder, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while peer.count()["Evaluate"] == 0:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(running.poll())  # the first one lets it finish
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(WAIT), 130)
        self.assertEqual(self.answers(), [])

    def test_doctor_looks_at_the_servers(self):
        peer = self.peer()
        self.study(peer.url)
        done = self.sonde("doctor", "model.toml")
        self.assertIn(f"{peer.url}: offers model 'forward'", done.stdout)
        peer.end()
        done = self.sonde("doctor", "model.toml")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, f"FAULT server +{peer.url}: no connection")

    def test_check_shows_servers_with_their_sizes(self):
        peer = self.peer()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            gone = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.study(peer.url, gone)
        done = self.sonde("check", "model.toml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, peer.url + r" +1 +2 \+ 1 +1 \+ 2")
        self.assertRegex(done.stdout, gone + r" +1 +- +no connection")
        servers = json.loads(self.sonde("check", "model.toml", "--json").stdout)["servers"]
        self.assertEqual(servers[0]["input_sizes"], [2, 1])
        self.assertEqual(servers[0]["models"], ["forward", "other"])


class Example(Folder):
    def test_the_example_runs_as_its_page_says(self):
        example = pathlib.Path(__file__).resolve().parents[2] / "examples" / "09_umbridge"
        server = subprocess.Popen([sys.executable, example / "beam_server.py", "0"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        url = server.stdout.readline().strip()
        study = (example / "study.toml").read_text()
        self.assertIn('"http://127.0.0.1:4242"', study)
        (self.folder / "model.toml").write_text(study.replace("http://127.0.0.1:4242", url, 1))
        done = self.sonde("check", "model.toml", "--try")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("deflection = ", done.stdout)
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        self.assertEqual([answer["status"] for answer in self.answers()], ["ok"] * 24)
        outputs = json.loads(self.sonde("status", "model.toml", "--json").stdout)["outputs"]
        self.assertLess(outputs["deflection"]["loo_nrmse"], 0.3)


class Followed(unittest.TestCase):
    def test_what_is_corrected_is_served_anew(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        def sonde(*arguments, given=""):
            return subprocess.run([SONDE, *arguments], cwd=folder.name, input=given, capture_output=True, text=True,
                                  timeout=WAIT, check=True).stdout
        (pathlib.Path(folder.name) / "m.toml").write_text(
            'sonde = 1\n[variables.a]\nbounds = [0, 1]\n[outputs.f]\n[simulator]\nkind = "manual"\n[stop]\nruns = 9\n')
        asked = [json.loads(line) for line in sonde("ask", "m.toml", "-n", "6").splitlines()]
        sonde("tell", "m.toml", given="".join(json.dumps({"id": q["id"], "y": {"f": q["x"]["a"] ** 2}}) + "\n" for q in asked))
        server = subprocess.Popen([SONDE, "serve", "m", "--port", "0"], cwd=folder.name, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        url = server.stdout.readline().strip()
        def mean():
            body = json.dumps({"name": "mean", "input": [[asked[0]["x"]["a"]]], "config": {}}).encode()
            with urllib.request.urlopen(urllib.request.Request(url + "/Evaluate", body), timeout=WAIT) as answer:
                return json.load(answer)["output"][0][0]
        before = mean()
        sonde("tell", "m.toml", given='{"id": 0, "correct": {"y": {"f": 7}}}\n')
        end = time.monotonic() + WAIT
        while abs(mean() - before) < 1 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertGreater(mean(), before + 1)


class Served(Folder):
    """sonde serve, by the rules of the protocol."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.place = pathlib.Path(folder.name)
        peer = Peer()
        try:
            (cls.place / "model.toml").write_text(
                STUDY.format(urls=json.dumps(peer.url), more="parallel = 2", runs=15))
            subprocess.run([SONDE, "run", "model.toml", "-q"], cwd=cls.place, check=True, timeout=WAIT,
                           stdout=subprocess.DEVNULL)
        finally:
            peer.end()
        cls.server = subprocess.Popen([SONDE, "serve", "model", "--port", "0"], cwd=cls.place, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        cls.url = cls.server.stdout.readline().strip()
        cls.port = urllib.parse.urlsplit(cls.url).port
        cls.base = urllib.parse.urlsplit(cls.url).path

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(WAIT)
        cls.server.stdout.close()
        cls.server.stderr.close()

    def ask(self, path, body=None, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data), timeout=WAIT) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def evaluate(self, x, model="mean_sd"):
        status, answer = self.ask("/Evaluate", {"name": model, "input": [x], "config": {}})
        self.assertEqual(status, 200, answer)
        return answer["output"]

    def check_error(self, kind, path, body, raw=None):
        status, answer = self.ask(path, body, raw)
        self.assertEqual((status, list(answer), sorted(answer["error"]), answer["error"]["type"]),
                         (400, ["error"], ["message", "type"], kind), answer)

    def test_it_says_what_it_offers(self):
        self.assertEqual(self.ask("/Info"), (200, {"protocolVersion": 1.0, "models": ["mean", "sd", "mean_sd"]}))
        for model, outputs in (("mean", [2]), ("sd", [2]), ("mean_sd", [2, 2])):
            name = {"name": model}
            self.assertEqual(self.ask("/ModelInfo", name)[1], {"support": {
                "Evaluate": True, "Gradient": True, "ApplyJacobian": True, "ApplyHessian": False}})
            self.assertEqual(self.ask("/InputSizes", name)[1], {"inputSizes": [3]})
            self.assertEqual(self.ask("/OutputSizes", {**name, "config": {}})[1], {"outputSizes": outputs})

    def test_it_predicts_what_the_command_line_predicts(self):
        x = [0.3, 1.2, 0.7]
        (self.place / "points.csv").write_text("a,b,c\n0.3,1.2,0.7\n")
        done = subprocess.run([SONDE, "predict", "model", "--at", "points.csv"], cwd=self.place, capture_output=True,
                              text=True, timeout=WAIT)
        head, values = (line.split(",") for line in done.stdout.split())
        told = dict(zip(head, values))
        mean, sd = self.evaluate(x)
        for j, name in enumerate(("sum", "product")):
            self.assertAlmostEqual(mean[j], float(told[name]), delta=1e-9 * (1 + abs(mean[j])))
            self.assertAlmostEqual(sd[j], float(told[name + "_sd"]), delta=1e-6)
        self.assertEqual(self.evaluate(x, "mean"), [mean])
        self.assertEqual(self.evaluate(x, "sd"), [sd])

    def test_derivatives_are_central_differences(self):
        x, step = [0.3, 1.2, 0.7], 1e-5
        slopes = []  # [input][vector][output]
        for i in range(3):
            above, below = (self.evaluate([v + s * step * (k == i) for k, v in enumerate(x)]) for s in (1, -1))
            slopes.append([[(p - q) / (2 * step) for p, q in zip(u, v)] for u, v in zip(above, below)])
        asked = {"name": "mean_sd", "input": [x], "config": {}, "inWrt": 0}
        for vector in (0, 1):
            sens, vec = [1.5, -0.5], [0.2, -1.0, 0.6]
            status, answer = self.ask("/Gradient", {**asked, "outWrt": vector, "sens": sens})
            self.assertEqual(status, 200)
            for i in range(3):
                expected = sum(s * slopes[i][vector][j] for j, s in enumerate(sens))
                self.assertAlmostEqual(answer["output"][i], expected, delta=1e-4 * (1 + abs(expected)))
            status, answer = self.ask("/ApplyJacobian", {**asked, "outWrt": vector, "vec": vec})
            self.assertEqual(status, 200)
            for j in range(2):
                expected = sum(v * slopes[i][vector][j] for i, v in enumerate(vec))
                self.assertAlmostEqual(answer["output"][j], expected, delta=1e-4 * (1 + abs(expected)))

    def test_what_is_wrong_is_looked_for_in_the_protocols_order(self):
        good = {"name": "mean", "input": [[1, 1, 1]], "config": {}, "outWrt": 0, "inWrt": 0, "sens": [0, 0],
                "vec": [1, 1, 1]}
        for path in ("/Evaluate", "/Gradient", "/ApplyJacobian", "/ApplyHessian", "/ModelInfo", "/InputSizes"):
            self.check_error("ModelNotFound", path, {"name": "wrong"})
            self.check_error("ModelNotFound", path, None, raw=b"")
            self.check_error("InvalidInput", path, None, raw=b"{not json")
            self.check_error("ModelNotFound", path, [1, 2])
        self.check_error("UnsupportedFeature", "/ApplyHessian", {"name": "mean"})
        for path in ("/Evaluate", "/Gradient", "/ApplyJacobian"):
            for wrong in ({"input": [[1, 1, 1, 1]]}, {"input": [[1, 1]]}, {"input": [[1], [1, 1]]}, {"input": []},
                          {"input": "x"}, {"input": [["a", 1, 1]]}, {"input": [[None, 1, 1]]}, {"input": None}):
                self.check_error("InvalidInput", path, {**good, **wrong})
        for path, key in (("/Gradient", "sens"), ("/ApplyJacobian", "vec")):
            for wrong in ({"outWrt": 1}, {"inWrt": 1}, {"outWrt": -1}, {"inWrt": 0.5}, {"outWrt": None},
                          {key: [1]}, {key: [1] * 4}, {key: 3}):
                self.check_error("InvalidInput", path, {**good, **wrong})
        self.assertEqual(self.ask("/elsewhere", good)[0], 404)
        self.assertEqual(self.ask("/Evaluate")[0], 405)

    def test_hostile_requests_are_refused_and_the_next_one_is_answered(self):
        for words, status in ((b"GET /Info HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
                              (b"GET /Info HTTP/1.1\r\nHost: 127.evil.example\r\n\r\n", b"403"),
                              (b"hello\r\n\r\n", b"400"), (b"GET /Info\r\n\r\n", b"400"),
                              (b"GET /" + b"x" * 10000 + b" HTTP/1.1\r\n\r\n", b"431"),
                              (b"GET /Info HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n", b"431"),
                              (b"POST /Evaluate HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
                              (b"POST /Evaluate HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
                              (b"POST /Evaluate HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                               b"400"),
                              (b"POST " + self.base.encode() + b"/Evaluate HTTP/1.1\r\nContent-Length: 900000\r\n\r\n" + b"[" * 900000,
                               b"400")):
            with self.subTest(words[:60]), socket.create_connection(("127.0.0.1", self.port), timeout=WAIT) as client:
                client.sendall(words)
                client.shutdown(socket.SHUT_WR)
                with client.makefile("rb") as stream:
                    self.assertEqual(stream.readline().split()[1], status)
        for half in (b"", b"POST /Evaluate HT", b"POST /Evaluate HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"):
            with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT) as client:
                client.sendall(half)
        self.assertEqual(self.ask("/Info")[0], 200)

    def test_a_connection_carries_many_questions_and_many_connections_are_served_at_once(self):
        body = json.dumps({"name": "mean", "input": [[1, 1, 1]], "config": {}})
        expected = self.evaluate([1, 1, 1], "mean")
        wrong = []

        def converse():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
            for _ in range(50):
                connection.request("POST", self.base + "/Evaluate", body)
                if json.load(connection.getresponse())["output"] != expected:
                    wrong.append("differs")
            connection.close()

        threads = [threading.Thread(target=converse) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_only_who_shows_the_token_is_answered(self):
        bare = f"http://127.0.0.1:{self.port}"
        token = self.base.strip("/")
        self.assertEqual((self.place / "model" / "token").read_text(), token)
        self.assertEqual((self.place / "model" / "token").stat().st_mode & 0o777, 0o600)

        def status(url, **headers):
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=WAIT) as answer:
                    return answer.status
            except urllib.error.HTTPError as refused:
                with refused:
                    return refused.code

        for url in (bare + "/Info", bare + "/metrics", bare + "/" + token, bare + "/" + token[:-1] + "/Info",
                    bare + "/x" + token + "/Info", bare + "//Info"):
            self.assertEqual(status(url), 401, url)
        self.assertEqual(status(bare + "/Info", Authorization="Bearer " + token[:-1] + "x"), 401)
        for scheme in ("Bearer ", "bearer ", "BEARER  "):
            self.assertEqual(status(bare + "/Info", Authorization=scheme + token), 200, scheme)
        for shown in ("Basic " + token, "bearer" + token, token, "bearer ", "bearer"):
            self.assertEqual(status(bare + "/Info", Authorization=shown), 401, shown)
        self.assertEqual(status(self.url + "/Info", Origin="http://evil.example"), 403)
        self.assertEqual(status(self.url + "/Info"), 200)

    def test_prometheus_reads_how_the_campaign_stands(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=WAIT) as answer:
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4")
            text = answer.read().decode()
        names, values = set(), {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                names.add(line.split()[2])
            elif not line.startswith("#"):
                name, rest = line.split("{", 1)
                labels, value = rest.rsplit("} ", 1)
                self.assertIn(name, names)
                values[name, labels] = float(value)
        self.assertEqual(values["sonde_runs", 'campaign="model",state="ok"'], 15)
        states = [value for (name, _), value in values.items() if name == "sonde_runs"]
        self.assertEqual(sum(states), values["sonde_runs_asked", 'campaign="model"'])
        self.assertEqual(values["sonde_running", 'campaign="model"'], 0)
        self.assertGreater(values["sonde_error", 'campaign="model",output="sum"'], 0)

    def test_without_a_token_whoever_can_reach_it_is_answered(self):
        server = subprocess.Popen([SONDE, "serve", "model", "--port", "0", "--open"], cwd=self.place,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        url = server.stdout.readline().strip()
        self.assertRegex(url, r"^http://127\.0\.0\.1:\d+$")
        with urllib.request.urlopen(url + "/Info", timeout=WAIT) as answer:
            self.assertEqual(answer.status, 200)

    def test_it_listens_at_a_file_that_its_owner_alone_may_open(self):
        path = self.folder / "socket"
        command = [SONDE, "serve", "model", "--socket", str(path)]
        server = subprocess.Popen(command, cwd=self.place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        base = server.stdout.readline().strip().removeprefix("http://localhost")
        self.assertEqual(base, self.base)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

        def status(path_asked):
            connection = http.client.HTTPConnection("localhost", timeout=WAIT)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(path))
            try:
                connection.request("GET", path_asked)
                return connection.getresponse().status
            finally:
                connection.close()

        self.assertEqual(status(base + "/Info"), 200)
        self.assertEqual(status("/Info"), 401)
        second = subprocess.run(command, cwd=self.place, capture_output=True, text=True, timeout=WAIT)
        self.assertEqual(second.returncode, 2)
        self.assertIn("a server listens there", second.stderr)
        server.terminate()
        self.assertEqual(server.wait(WAIT), 0)
        self.assertFalse(path.exists())

    def test_it_is_a_simulator_for_another_study(self):
        self.study(self.url, more='model = "mean"', runs=4)
        study = self.folder / "model.toml"
        study.write_text(study.read_text().replace("config = { offset = 0.5 }\n", ""))
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        self.assertEqual([answer["status"] for answer in self.answers()], ["ok"] * 4)


class Serving(Folder):
    def test_it_follows_the_campaign_holds_no_lock_and_ends_with_status_0(self):
        peer = self.peer()
        self.study(peer.url, runs=4)
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        server = subprocess.Popen([SONDE, "serve", "model", "--port", "0"], cwd=self.folder, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.kill)
        self.assertTrue(server.stdout.readline().startswith("http://127.0.0.1:"))
        self.assertIn("of 4 runs", server.stderr.readline())
        study = self.folder / "model.toml"
        study.write_text(study.read_text().replace("[stop]\nruns = 4", "[stop]\nruns = 6"))
        self.assertEqual(self.sonde("run", "model.toml", "-q").returncode, 0)
        self.assertRegex(server.stderr.readline(), "now of [56] runs")
        server.send_signal(signal.SIGINT)
        self.assertEqual(server.wait(WAIT), 0)

    def test_a_campaign_without_a_surrogate_and_a_port_that_is_taken_are_refused(self):
        peer = self.peer()
        self.study(peer.url, runs=1)
        self.sonde("run", "model.toml", "-q")
        done = self.sonde("serve", "model")
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no surrogate yet", done.stderr)
        self.study(peer.url, runs=5)
        self.assertEqual(self.sonde("run", "model.toml", "-q", "-C", "second").returncode, 0)
        done = self.sonde("serve", "second", "--port", str(peer.port))
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot listen", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:])
