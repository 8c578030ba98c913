"""Every system call that changes a file of a campaign fails, or the process dies at it: nothing acknowledged is lost, no
file that does not open, no state from which the campaign does not go on. The same after power cuts, by a model: what was
synced is there, of later pages and names some are.

    faults_test.py FAULTS_CAMPAIGN FAULTY_IO SECONDS|all [SEED]

With SECONDS a sample of the calls that is another one each day; with `all` each of them.
"""
import concurrent.futures
import datetime
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import h5py

PROGRAM, SHIM = sys.argv[1], sys.argv[2]
SECONDS = float("inf") if sys.argv[3] == "all" else float(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else datetime.date.today().toordinal()
MODES = ["kill", "half", "short", "nospace", "eio"]
RUNS = 33
POWER_CUTS = 400
PAGE = 4096
STUCK = 600  # s


def run(folder, **faults):
    environment = {**os.environ, **faults}
    if faults:
        environment.update(LD_PRELOAD=SHIM, FAULTY_FOLDER=str(folder / "campaign"))
    (folder / "campaign").mkdir(exist_ok=True)
    arguments = [PROGRAM, folder / "campaign", folder / "acked"]
    try:
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=STUCK)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(arguments, "stuck", "", "")


def answered(folder):
    looked = subprocess.run([PROGRAM, "--look", folder / "campaign"], capture_output=True, text=True, timeout=STUCK)
    return None if looked.returncode else {int(line) for line in looked.stdout.split()}


def acknowledged(folder):
    acked = folder / "acked"
    return {int(line) for line in acked.read_text().split()} if acked.exists() else set()


def opens(folder):
    file = folder / "campaign" / "c.h5"
    if not file.exists():
        return True
    try:
        with h5py.File(file, "r") as opened:
            return len(opened["runs"]["status"]) >= 0
    except (OSError, KeyError):
        return False


def problems(folder, acked):
    """After a fault, and after the campaign has gone on."""
    found = []
    there = answered(folder)
    if there is None:
        found.append("the journal does not open")
    elif not acked <= there:
        found.append(f"lost: {sorted(acked - there)}")
    if not opens(folder):
        found.append("the HDF5 file does not open")
    again = run(folder)
    if again.returncode != 0:
        found.append(f"it does not go on: {again.returncode} {again.stderr}")
    elif answered(folder) != set(range(RUNS)):
        found.append(f"at the end there is {answered(folder)}")
    elif not opens(folder):
        found.append("the HDF5 file does not open at the end")
    return found


def broken_at(call, mode):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        first = run(folder, FAULTY_AT=str(call), FAULTY_MODE=mode)
        died = first.returncode == -9
        if not died and first.returncode not in (0, 6):
            return died, [f"call {call}, {mode}: status {first.returncode}: {first.stderr}"]
        return died, [f"call {call}, {mode}: {words}" for words in problems(folder, acknowledged(folder))]


class File:
    def __init__(self):
        self.now = bytearray()
        self.synced = b""
        self.dirty = set()

    def write(self, offset, data):
        if len(self.now) < offset:
            self.now.extend(bytes(offset - len(self.now)))
        self.now[offset:offset + len(data)] = data
        self.dirty.update(range(offset // PAGE, (offset + len(data) - 1) // PAGE + 1))

    def cut(self, size):
        self.dirty.update(range(size // PAGE, len(self.now) // PAGE + 1))
        del self.now[size:]
        self.now.extend(bytes(size - len(self.now)))

    def sync(self):
        self.synced, self.dirty = bytes(self.now), set()

    def after_power_cut(self, rng, kept):
        content = bytearray(self.synced)
        for page in sorted(self.dirty):
            if rng.random() >= kept:
                continue
            data = self.now[page * PAGE:(page + 1) * PAGE]
            if len(content) < page * PAGE:
                content.extend(bytes(page * PAGE - len(content)))
            content[page * PAGE:(page + 1) * PAGE] = data
        if len(self.now) > len(content) and rng.random() < kept:
            content.extend(bytes(len(self.now) - len(content)))  # the size was there, the pages were not
        return bytes(content)


class Disk:
    """What a log of calls has made of it."""

    def __init__(self):
        self.names, self.synced_names, self.pending = {}, {}, []
        self.acked = set()

    def apply(self, what, offset, path, other, data):
        if what == "ack":
            self.acked.update(int(line) for line in data.split())
        elif what == "create":
            self.names[path] = File()
            self.pending.append(("create", path, self.names[path]))
        elif what == "write":
            self.names[path].write(offset, data)
        elif what == "cut":
            self.names[path].cut(offset)
        elif what == "sync":
            self.sync(path)
        elif what == "rename":
            file = self.names.pop(path)
            self.names[other] = file
            self.pending.append(("rename", path, other, file))
        elif what == "unlink":
            self.names.pop(path, None)
            self.pending.append(("unlink", path))

    def sync(self, path):
        if path in self.names:
            self.names[path].sync()
            return
        self.synced_names = dict(self.names)
        self.pending = []

    def after_power_cut(self, rng, kept):
        names = dict(self.synced_names)
        for operation in self.pending:
            if rng.random() >= kept:
                continue
            if operation[0] == "create":
                names[operation[1]] = operation[2]
            elif operation[0] == "rename":
                names.pop(operation[1], None)
                names[operation[2]] = operation[3]
            else:
                names.pop(operation[1], None)
        return {path: file.after_power_cut(rng, kept) for path, file in names.items()}


def logged(folder):
    run(folder, FAULTY_LOG=str(folder / "log"), FAULTY_ACKED=str(folder / "acked"))
    text, at, calls = (folder / "log").read_bytes(), 0, []
    while at < len(text):
        head, path, other = text[at:].split(b"\n", 3)[:3] if len(text) - at < 20000 else \
            text[at:at + 20000].split(b"\n", 3)[:3]
        what, size, offset = head.split()
        at += len(head) + len(path) + len(other) + 3
        calls.append((what.decode(), int(offset), path.decode(), other.decode(), text[at:at + int(size)]))
        at += int(size)
    return calls


def power_cut(calls, root, cut, seed):
    rng = random.Random(seed)
    disk = Disk()
    for call in calls[:cut]:
        disk.apply(*call)
    kept = rng.choice([0.0, 0.3, 0.5, 0.8, 1.0])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "campaign").mkdir()
        for path, content in disk.after_power_cut(rng, kept).items():
            (folder / "campaign" / pathlib.Path(path).relative_to(root)).write_bytes(content)
        return [f"power cut after {cut} of {len(calls)} calls, {kept} kept, seed {seed}: {words}"
                for words in problems(folder, disk.acked)]


def main():
    rng, begun, found = random.Random(SEED), time.monotonic(), []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        fine = run(folder, FAULTY_COUNT=str(folder / "count"))
        if fine.returncode or answered(folder) != set(range(RUNS)):
            sys.exit(f"the undisturbed campaign failed: {fine}")
        count = int((folder / "count").read_text())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        calls, root = logged(folder), str(folder / "campaign")
    points = [(call, mode) for call in range(1, count + 1) for mode in MODES]
    cuts = [(rng.randint(0, len(calls)), rng.randrange(1 << 30)) for _ in range(POWER_CUTS)]
    rng.shuffle(points)
    jobs = [lambda p=p: ("fault",) + broken_at(*p) for p in points]
    powered = [lambda c=c: ("cut", False, power_cut(calls, root, *c)) for c in cuts]
    # Alternating, so that a sample holds both.
    order = [job for pair in zip(jobs, powered) for job in pair] + jobs[len(powered):] + powered[len(jobs):]
    done = {"fault": 0, "cut": 0, "died": 0}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        def attempt(job):
            return job() if time.monotonic() - begun < SECONDS else None
        for result in pool.map(attempt, order):
            if result is None:
                continue
            kind, died, words = result
            done[kind] += 1
            done["died"] += died
            found += words
    print(f"{count} calls that change files, {len(points)} faults: {done['fault']} tried ({done['died']} deaths), "
          f"{done['cut']} power cuts; {len(found)} problems; seed {SEED}")
    for words in found[:20]:
        print(words)
    sys.exit(1 if found else 0)


main()
