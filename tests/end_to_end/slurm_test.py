"""A campaign through a real Slurm of this machine, whose controller is killed while jobs are submitted and run:
every result, and no run twice, by the count that the simulator keeps itself.

    slurm_test.py FOLDER_OF_SONDE SCRIPTS RUNS KILLS
"""
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SONDE, SCRIPTS = pathlib.Path(sys.argv[1]).resolve() / "sonde", pathlib.Path(sys.argv[2]).resolve()
RUNS, KILLS = int(sys.argv[3]), int(sys.argv[4])
WAIT = 900  # s, for anything that must come
SKIPPED = 77

STUDY = """sonde = 1
[variables.a]
bounds = [0, 1]
[outputs.f]
[simulator]
run = ["./simulator.sh", "{log}", "{{{{run.id}}}}", "{{{{run.attempt}}}}", "{{{{a}}}}"]
where = "slurm"
parallel = {parallel}
[slurm]
partition = "debug"
time = "10 min"
extra = ["--mem=10"]
[design]
kind = "uniform"
runs = {runs}
[method]
seed = 5
[stop]
runs = {runs}
"""
SIMULATOR = """#!/bin/sh
echo "$2 $3" >> "$1"
sleep 0.2
echo "{\\"y\\": {\\"f\\": $4}}"
"""


def expect(condition, *words):
    if not condition:
        raise AssertionError(" ".join(map(str, words)))


def lines_in(file):
    return file.read_text().count("\n") if file.exists() else 0


def kill_controller(cluster):
    """kill -9, and some seconds later it is there again, without what it acknowledged in the last ones."""
    os.kill(int((cluster / "slurmctld.pid").read_text()), signal.SIGKILL)
    time.sleep(5)
    subprocess.run([SCRIPTS / "slurm", "controller", cluster], check=True)


def ended(folder):
    """The runs that ended by themselves, each as often as it did."""
    for result in (folder / "study" / "runs").glob("*/.sonde/result.json"):
        if json.loads(result.read_text())["outcome"] == "exited":
            yield result.parts[-3].split(".")[0]


def campaign(folder, cluster):
    log = folder / "starts.log"
    (folder / "study.toml").write_text(STUDY.format(log=log, runs=RUNS, parallel=min(64, RUNS)))
    (folder / "simulator.sh").write_text(SIMULATOR)
    (folder / "simulator.sh").chmod(0o755)
    begun = time.monotonic()
    with open(folder / "progress", "w") as progress:
        process = subprocess.Popen([SONDE, "run", "study.toml"], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=progress)
    for kill in range(KILLS):
        while lines_in(log) < RUNS * (kill + 1) // (KILLS + 1):
            expect(process.poll() is None, "sonde run ended early:", (folder / "progress").read_text()[-2000:])
            expect(time.monotonic() - begun < WAIT, "the runs never began")
            time.sleep(0.05)
        kill_controller(cluster)
    while process.poll() is None:
        time.sleep(2)
        expect(time.monotonic() - begun < WAIT, "no end:", (folder / "progress").read_text()[-2000:])
        # A restarted controller gives numbers of running jobs out again, and shuts the nodes where it notices.
        subprocess.run(["scontrol", "update", "NodeName=n[1-4]", "State=RESUME"], capture_output=True)
    status = process.returncode
    said = (folder / "progress").read_text()
    expect(status == 0, "sonde run ended with", status, said[-2000:])

    runs = json.loads(subprocess.check_output([SONDE, "export", "study.toml", "--format", "json"], cwd=folder))["runs"]
    expect(len(runs) == RUNS, "runs:", len(runs))
    failed = [run for run in runs if run["status"] != "ok"]
    expect(not failed, "not answered well:", failed[:3])
    # An attempt is started at most once, and another one only after Slurm has killed one that had no result.
    starts = collections.Counter(log.read_text().splitlines())
    expect(max(starts.values()) == 1, "started twice:", [s for s, n in starts.items() if n > 1])
    expect(len({start.split()[0] for start in starts}) == RUNS, "never started:", len(starts))
    results = collections.Counter(ended(folder))
    expect(len(results) == RUNS and max(results.values()) == 1, "results:", len(results),
           [s for s, n in results.items() if n > 1])
    expect(not list((folder / "study" / "runs" / ".slurm").glob("sonde-*")), "arrays that nobody forgot")
    print(f"{RUNS} runs, {len(starts)} starts, {KILLS} kills of slurmctld, {time.monotonic() - begun:.0f} s")


def main():
    path = os.environ["PATH"] + ":/usr/sbin"
    if os.getuid() != 0 or not all(shutil.which(p, path=path) for p in ("slurmctld", "slurmd", "sbatch")):
        print("there is no Slurm here, or we are not root: scripts/deps slurm")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as name:
        folder, cluster = pathlib.Path(name) / "campaign", pathlib.Path(name) / "slurm"
        folder.mkdir()
        try:
            started = subprocess.check_output([SCRIPTS / "slurm", "start", cluster], text=True)
            os.environ["SLURM_CONF"] = started.strip().partition("=")[2]
            campaign(folder, cluster)
        finally:
            subprocess.run([SCRIPTS / "slurm", "stop", cluster])
            time.sleep(1)


main()
