"""A campaign over simulators/flaky, killed again and again: the journal against the simulator's own log.

    flaky_campaign_test.py FOLDER_OF_SONDE FOLDER_OF_THE_SIMULATORS RUNS KILLS
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import time

BIN, SIMULATORS = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
RUNS, KILLS = int(sys.argv[3]), int(sys.argv[4])
SONDE, FLAKY = BIN / "sonde", SIMULATORS / "flaky"
WAIT = 600  # s, for anything that must come

# What each fault is called in the journal; those that are not here are answered well. A program that is refused
# memory or disk ends by a signal or by itself.
KINDS = {
    "segv": {"signal"}, "abort": {"signal"}, "memory": {"signal", "exit status"},
    "exit": {"exit status"}, "licence": {"exit status"}, "disk": {"disk full"}, "flood": {"exit status"},
    "hang": {"timeout"}, "stubborn": {"timeout"}, "spin": {"timeout"},
    "nan": {"not finite"}, "inf": {"not finite"}, "absurd": {"out of range"},
    "garbage": {"output missing"}, "missing": {"output missing"}, "torn": {"output missing"},
    "silent": {"output missing"}, "deaf": {"output missing"}, "stale": {"output missing"},
    "diverged": {"diverged"}, "wrong_echo": {"echo differs"},
}
WELL = {"none", "slow", "chatty", "orphan"}

STUDY = """sonde = 1
[variables.a]
bounds = [-5, 10]
[variables.b]
bounds = [0, 15]
[outputs.value]
accept = "abs(value) < 1e6"
[echo]
a = {{ json = "result.json", path = "/x/a" }}
[simulator]
run = ["{flaky}", "--files", "--rate", "0.3", "--log", "{log}", "--orphan-seconds", "1", "--slow-seconds", "0.1"]
parallel = 4
timeout = "10 s"
fail_when = [ {{ file = "stderr.txt", regex = "(?i)diverged", kind = "diverged" }} ]
on_failure = {{ "disk full" = "give up" }}
[design]
kind = "uniform"
runs = {design}
[method]
seed = 5
batch = 4
[stop]
runs = {runs}
"""


def expect(condition, *words):
    if not condition:
        sys.exit(" ".join(map(str, words)))


def answers(journal):
    return journal.read_text(errors="replace").count('"kind":"answered"') if journal.exists() else 0


def killed_at(folder, count):
    """Runs until the journal has so many answers, then kill -9. The runs answered by then, which must stay as they are,
    and (id, attempt) of what had finished, answered or not."""
    process = subprocess.Popen([SONDE, "run", "study.toml"], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + WAIT
    while answers(folder / "study" / "journal.sonde") < count:
        expect(process.poll() is None, "sonde run ended with", process.returncode, "before", count, "answers")
        expect(time.monotonic() < end, "there were never", count, "answers")
        time.sleep(0.02)
    process.kill()
    process.wait()
    finished = {tuple(map(int, result.parts[-3].split(".")))
                for kind in ("result", "answer") for result in (folder / "study" / "runs").glob(f"*/.sonde/{kind}.json")}
    return finished, {run["id"]: run for run in exported(folder)["runs"] if run["status"] != "open"}


def exported(folder):
    return json.loads(subprocess.check_output([SONDE, "export", "study.toml", "--format", "json"], cwd=folder))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        log = folder / "faults.log"
        design = RUNS * 9 // 10
        (folder / "study.toml").write_text(STUDY.format(flaky=FLAKY, log=log, runs=RUNS, design=design))
        finished, kept = set(), {}
        for kill in range(KILLS):
            ended, answered = killed_at(folder, RUNS * (kill + 1) // (KILLS + 1))
            finished |= ended
            kept |= answered
        done = subprocess.run([SONDE, "run", "study.toml"], cwd=folder, text=True, capture_output=True, timeout=WAIT)
        expect(done.returncode == 0, "sonde run ended with", done.returncode, done.stderr)
        runs = {run["id"]: run for run in exported(folder)["runs"]}
        expect(sorted(runs) == list(range(RUNS)) or sorted(runs) == list(range(1, RUNS + 1)), "ids:", sorted(runs))

        # A simulation goes on while sonde is dead and is adopted; only what the kill cut before its supervisor was
        # on its own is started again, as another attempt.
        started = [(int(i), int(attempt), fault) for i, attempt, fault in map(str.split, log.read_text().splitlines())]
        twice = [s for s, n in collections.Counter(s[:2] for s in started).items() if n > 1]
        expect(not twice, "started twice (id, attempt):", twice)
        last = {i: (attempt, fault) for i, attempt, fault in sorted(started)}
        expect(sorted(last) == sorted(runs), "never started:", set(runs) - set(last))
        again = [(i, attempt) for i, attempt in finished if last[i][0] != attempt]
        expect(not again, "finished, then started again (id, attempt):", again)
        expect(len(finished) >= (RUNS * KILLS // (KILLS + 1)), "only", len(finished), "had finished")

        committed = {i: fault for i, (_, fault) in last.items()}
        wrong = [(i, fault, runs[i]["status"], runs[i].get("failure")) for i, fault in committed.items()
                 if not told_right(fault, runs[i])]
        expect(not wrong, "answered as something else:", wrong)
        lost = [i for i, run in kept.items() if runs[i] != run]
        expect(not lost, "changed or lost since the kill:", lost)
        counts = collections.Counter(committed.values())
        expect(len(counts) > min(RUNS, 100) // 10, "too few faults to tell:", counts)
        print(f"{RUNS} runs, {KILLS} kills:", ", ".join(f"{n} {fault}" for fault, n in counts.most_common()))


def told_right(fault, run):
    if fault in WELL:
        return run["status"] == "ok" and not run.get("failure")
    return run["status"] in ("failed", "timed out", "timed_out") and run["failure"]["kind"] in KINDS[fault]


main()
