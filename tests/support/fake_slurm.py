"""A Slurm of one machine without a cluster, that fails on demand.

    fake_slurm.py sbatch|squeue|scancel|scontrol FOLDER ARGUMENTS...

FOLDER holds its state, and plan.json, what is to go wrong:
    {"sbatch": [...], "squeue": [...]}  faults of the first, second, ... call: "" for none, else
        unreachable  nobody answers             lost     accepted, but nobody answers
        refuse       an unknown partition       deaf     hangs, nothing was accepted
        forget       acknowledged, then lost; its number is given out again
        hang         accepted, but hangs        garbage  (squeue) prints something else
    {"tasks": [...]}  of the first, second, ... task to be accepted, once the file FOLDER/ready is there:
        node_fail, preempt, timeout, timeout_kill, cancel, oom   its job ends so
        warn         told that its time is nearly over
        requeue      started once more while it runs, which ends first
        vanish       its processes die, and the queue forgets it
        overlook     it runs on, but the queue forgets it
        collide      as cancel, by a controller that was restarted
        launch       FAILED before its script is begun      pending  cancelled by someone before it began
        never        waits for nodes that there are none of
        bounce       CANCELLED on a node before its script is begun
While FOLDER/down exists nobody answers.
"""
import contextlib
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

COMMAND, FOLDER, ARGUMENTS = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
WAIT = 60  # s, for anything that must come


@contextlib.contextmanager
def state():
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = FOLDER / "state.json"
        now = json.loads(file.read_text()) if file.exists() else {"next": 1, "tasks": [], "calls": {}}
        yield now
        file.with_suffix(".new").write_text(json.dumps(now))
        file.with_suffix(".new").rename(file)


def fault_of(now, kind):
    """Of the next call, or task, of this kind."""
    file = FOLDER / "plan.json"
    faults = json.loads(file.read_text()).get(kind, []) if file.exists() else []
    number = now["calls"].get(kind, 0)
    now["calls"][kind] = number + 1
    return faults[number] if number < len(faults) else ""


def fail(words):
    print(f"{COMMAND}: error: {words}", file=sys.stderr)
    sys.exit(1)


def unreachable():
    fail("Batch job submission failed: Unable to contact slurm controller (connect failure)")


def find(now, task):
    return next((t for t in now["tasks"] if t["job"] == task["job"] and t["index"] == task["index"]), None)


def change(task, **values):
    with state() as now:
        there = find(now, task)
        if there:
            there.update(values)


def sbatch():
    options = dict(a.lstrip("-").partition("=")[::2] for a in ARGUMENTS if a.startswith("-"))
    script = [a for a in ARGUMENTS if not a.startswith("-")]
    first, last = map(int, options["array"].split("-"))
    with state() as now:
        fault = fault_of(now, "sbatch")
        job = now["next"]
        tasks = []
        if fault not in ("deaf", "forget", "unreachable", "refuse"):
            now["next"] += 1
            for index in range(first, last + 1):
                tasks.append({"job": job, "index": index, "state": "PENDING", "reason": "None", "exit": 0, "node": "",
                              "name": options["job-name"], "fault": fault_of(now, "tasks")})
            now["tasks"] += tasks
    if tasks and os.fork() == 0:
        shepherds(tasks, script)
    if fault == "refuse":
        fail("Batch job submission failed: Invalid partition name specified")
    if fault in ("deaf", "hang"):
        time.sleep(WAIT)
    if fault in ("lost", "unreachable"):
        unreachable()
    print(job)


def shepherds(tasks, script):
    """What slurmctld and the nodes would do, in the background."""
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for task in tasks:
        if os.fork() == 0:
            try:
                run(task, script)
            finally:
                os._exit(0)
    os._exit(0)


def started(task, script, restarts=0):
    environment = dict(os.environ, SLURM_JOB_ID=str(task["job"] + task["index"]), SLURM_ARRAY_JOB_ID=str(task["job"]),
                       SLURM_ARRAY_TASK_ID=str(task["index"]), SLURM_JOB_NAME=task["name"], SLURMD_NODENAME="n1")
    if restarts:
        environment["SLURM_RESTART_COUNT"] = str(restarts)
    return subprocess.Popen(["/bin/sh", *script], env=environment, start_new_session=True, close_fds=True)


def wait_for(file):
    end = time.monotonic() + WAIT
    while not (FOLDER / file).exists() and time.monotonic() < end:
        time.sleep(0.01)


def run(task, script):
    fault = task["fault"]
    if fault == "never":
        return change(task, reason="PartitionNodeLimit")
    if fault == "pending":
        return change(task, state="CANCELLED")
    if fault == "bounce":
        return change(task, state="CANCELLED", node="n1")
    if fault == "launch":
        return change(task, state="FAILED", reason="JobLaunchFailure")
    process = started(task, script)
    change(task, state="RUNNING", node="n1", pid=process.pid)
    if fault:
        wait_for("ready")
        ended = happen(task, script, process, fault)
        if ended:
            return change(task, state=ended[0], reason=ended[1])
    status = process.wait()
    with state() as now:
        there = find(now, task)
        if there and there["state"] == "RUNNING":
            code = status << 8 if status >= 0 else -status
            there.update(state="FAILED" if status else "COMPLETED", exit=code,
                         reason="NonZeroExitCode" if status else "None")


def happen(task, script, process, fault):
    def end_by(number):
        process.send_signal(number)
        process.wait()

    if fault == "requeue":
        started(task, script, restarts=1).wait()
        return "COMPLETED", "None"
    if fault in ("vanish", "overlook"):
        if fault == "vanish":
            end_by(signal.SIGKILL)
        with state() as now:
            now["tasks"].remove(find(now, task))
            now["next"] = 1  # of a controller that was killed
        return None if fault == "overlook" else ("", "")
    if fault == "oom":
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
        for number in children.stdout.split():
            os.kill(int(number), signal.SIGKILL)
        process.wait()
        return "OUT_OF_MEMORY", "OutOfMemory"
    if fault == "warn":
        end_by(signal.SIGUSR1)
        return "COMPLETED", "None"
    by, words = {"node_fail": (signal.SIGKILL, ("NODE_FAIL", "NodeDown")),
                 "preempt": (signal.SIGKILL, ("PREEMPTED", "None")),
                 "timeout": (signal.SIGTERM, ("TIMEOUT", "TimeLimit")),
                 "timeout_kill": (signal.SIGKILL, ("TIMEOUT", "TimeLimit")),
                 "collide": (signal.SIGTERM, ("CANCELLED", "None")),
                 "cancel": (signal.SIGTERM, ("CANCELLED", "None"))}[fault]
    if fault == "collide":
        (FOLDER / "restarts").write_text("1")
    end_by(by)
    return words


def squeue():
    with state() as now:
        fault = fault_of(now, "squeue")
        tasks = now["tasks"]
    if fault == "unreachable":
        fail("slurm_load_jobs error: Unable to contact slurm controller (connect failure)")
    if fault == "garbage":
        print("\x1b[31mWelcome to the cluster!\x1b[0m | maintenance | tonight\n1|2")
        return
    if fault == "hang":
        time.sleep(WAIT)
    print("77|N/A|RUNNING|None|0|n9|somebody's | job|")
    for t in tasks:
        print(f'{t["job"]}|{t["index"]}|{t["state"]}|{t["reason"]}|{t["exit"]}|{t["node"]}|{t["name"]}|')


def scancel():
    name = next(a.partition("=")[2] for a in ARGUMENTS if a.startswith("--name="))
    ids = [a for a in ARGUMENTS if not a.startswith("-")]
    with state() as now:
        for t in now["tasks"]:
            if t["name"] == name and (not ids or f'{t["job"]}_{t["index"]}' in ids) and t["state"] in ("PENDING", "RUNNING"):
                t["state"] = "CANCELLED"
                if "pid" in t:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(t["pid"], signal.SIGTERM)


def scontrol():
    file = FOLDER / "restarts"
    print(f"Configuration data\nBOOT_TIME               = {file.read_text() if file.exists() else 0}")


if (FOLDER / "down").exists():
    unreachable()
{"sbatch": sbatch, "squeue": squeue, "scancel": scancel, "scontrol": scontrol}[COMMAND]()
