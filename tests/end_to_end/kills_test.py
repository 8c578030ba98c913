"""Campaigns killed with kill -9 at random moments, again and again: every result, none lost, none run twice. How often
each point was simulated is counted by the simulator itself.

    kills_test.py FOLDER_OF_SONDE uniform|synthesised|batches RUNS KILLS [SEED]
"""
import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

SONDE = pathlib.Path(sys.argv[1]).resolve() / "sonde"
KIND, RUNS, KILLS = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
SEED = int(sys.argv[5]) if len(sys.argv) > 5 else 1

# Counts first, so that a run that is cut short is counted as well; one write, so that lines stay whole.
SIMULATOR = """#!/bin/sh
read -r question
echo "$question" >> {log}
id=${{question#*\\"id\\": }}; id=${{id%%,*}}
sleep 0.0$((id % 4))
echo "{{\\"y\\": {{\\"value\\": $id}}}}"
"""

STUDY = """sonde = 1
[variables.a]
bounds = [-5, 10]
[variables.b]
bounds = [0, 15]
[constraints]
corner = "a + b <= 20"
[outputs.value]
[simulator]
run = ["./simulator"]
parallel = 4
keep = "{keep}"
[design]
kind = "uniform"
{design}
[method]
seed = {seed}
{method}
[stop]
runs = {runs}
"""


def expect(condition, *words):
    if not condition:
        sys.exit(" ".join(map(str, words)))


def answers(folder):
    journal = folder / "study" / "journal.sonde"
    return journal.read_text(errors="replace").count('"kind":"answered"') if journal.exists() else 0


def begin(folder):
    return subprocess.Popen([SONDE, "run", "study.toml"], cwd=folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_it(folder, rng):
    """The delay follows how far the campaign is, so that the kills are spread over all of it."""
    delay, kills = 0.1, 0
    while kills < KILLS:
        process = begin(folder)
        time.sleep(rng.uniform(0.0, 2.0 * delay))
        ended = process.poll()
        process.kill()
        process.wait()
        expect(ended in (None, 0), "sonde run ended with", ended)
        if ended == 0:
            break
        kills += 1
        delay = min(3.0, max(0.005, delay * (0.9 if answers(folder) > RUNS * kills / (KILLS + 1) else 1.1)))
    return kills


def check(folder, log):
    subprocess.run([SONDE, "run", "study.toml"], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=1800)
    status = json.loads(subprocess.run([SONDE, "status", "study.toml", "--json"], cwd=folder, check=True,
                                       capture_output=True, text=True).stdout)
    expect(status["runs"]["asked"] == status["runs"]["ok"] == RUNS, "runs:", status["runs"])
    exported = json.loads(subprocess.run([SONDE, "export", "study.toml", "--format", "json"], cwd=folder, check=True,
                                         capture_output=True, text=True).stdout)
    for run in exported["runs"]:
        expect(run["y"]["value"] == run["id"], "run", run["id"], "has the result of another:", run["y"])
    questions = [json.loads(line) for line in log.read_text().splitlines()]
    counts = collections.Counter(question["id"] for question in questions)
    expect(sorted(counts) == list(range(RUNS)), "ids that were simulated:", len(counts))
    twice = [id for id, count in counts.items() if count > 1]
    expect(not twice, "simulated more than once:", twice)
    asked = {run["id"]: run["x"] for run in exported["runs"]}
    for question in questions:
        expect(asked[question["id"]] == question["x"], "run", question["id"], "was asked at another point")
    left = [p for p in os.listdir("/proc") if p.isdigit() and str(folder).encode() in environment(p)]
    expect(not left, "processes that are left:", left)


def surrogate(folder):
    points = folder / "points.csv"
    points.write_text("a,b\n" + "".join(f"{a},{b}\n" for a in range(-5, 11, 3) for b in range(0, 16, 3)))
    return subprocess.run([SONDE, "predict", "study.toml", "--at", points], cwd=folder, check=True, capture_output=True,
                          text=True).stdout


def undisturbed(folder):
    """The same study in a folder of its own, run in one go."""
    alone = folder / "alone"
    alone.mkdir()
    for name in ("study.toml", "simulator"):
        (alone / name).write_bytes((folder / name).read_bytes().replace(b"asked.log", b"alone.log"))
    (alone / "simulator").chmod(0o755)
    subprocess.run([SONDE, "run", "study.toml"], cwd=alone, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=1800)
    return surrogate(alone)


def environment(process):
    try:
        return pathlib.Path("/proc", process, "environ").read_bytes()
    except OSError:
        return b""


def main():
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        log = folder / "asked.log"
        (folder / "simulator").write_text(SIMULATOR.format(log=log))
        (folder / "simulator").chmod(0o755)
        method = 'pace = "batches"\nbatch = 4' if KIND == "batches" else ""
        design = f"runs = {RUNS}" if KIND == "uniform" else ""
        (folder / "study.toml").write_text(STUDY.format(design=design, seed=SEED, runs=RUNS, keep="all",
                                                        method=method))
        kills = kill_it(folder, rng)
        check(folder, log)
        if KIND == "batches":
            expect(surrogate(folder) == undisturbed(folder), "the surrogate is another one")
        expect(kills >= 0.9 * KILLS, "the campaign was done after", kills, "kills")
    print(f"{RUNS} {KIND} runs, killed {kills} times: every result, none simulated twice")


main()
