"""Floors hold, public headers stand alone and include Eigen and the standard library only."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

root, compiler, eigen = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]

FLOOR = {"base": 0, "http": 1, "math": 1, "space": 1, "gp": 2, "query": 3, "oracle": 3, "export": 3, "run": 4,
         "report": 5, "serve": 5, "cli": 6, "supervisor": 5, "python": 5, "web": 5}
# Rooms that a room of a higher floor may not open: math and space are siblings, and oracles have never
# heard of Gaussian processes.
CLOSED = {("oracle", "gp")}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

problems = []


def room(path):
    parts = path.relative_to(root).parts
    folders = parts[2:] if parts[0] == "include" else parts[1:]
    return folders[0] if len(folders) > 1 and folders[0] in FLOOR else None


def target(name):
    first = name.removeprefix("sonde/").split("/")
    return first[0] if len(first) > 1 and first[0] in FLOOR else None


files = [p for top in ("include", "src") for p in sorted((root / top).rglob("*"))
         if p.suffix in (".hpp", ".cpp", ".inl")]
headers = [p for p in files if p.is_relative_to(root / "include")]

for path in files:
    here = room(path)
    for bracket, name in INCLUDE.findall(path.read_text()):
        there = target(name) if bracket == '"' else None
        if here and there and there != here:
            if FLOOR[there] >= FLOOR[here] or (here, there) in CLOSED:
                problems.append(f"{path.relative_to(root)}: '{here}' may not include \"{name}\"")
        if path in headers:
            standard = bracket == "<" and re.fullmatch(r"[a-z_0-9]+", name)
            own = bracket == '"' and name.startswith("sonde/")
            if not (standard or own or name.startswith("Eigen/")):
                problems.append(f"{path.relative_to(root)}: a public header includes <{name}>")


def compiled(*arguments):
    return subprocess.run([compiler, "-std=c++20", "-I", str(root / "include"), "-isystem", eigen, *arguments],
                          stderr=subprocess.PIPE, text=True)


def included(header, seen):
    """The header, and all it includes of its own kind or of Eigen."""
    for _, name in INCLUDE.findall(header.read_text()):
        if name not in seen and name.startswith(("sonde/", "Eigen/")):
            seen.add(name)
            if name.startswith("sonde/"):
                included(root / "include" / name, seen)
    return seen


# All headers in one call would hide a missing include behind an earlier header: one call each. Eigen is
# parsed once for those that include it anyway, which is most of the time.
alone = [p for p in headers if p.suffix == ".hpp"]
with tempfile.TemporaryDirectory() as folder, \
        concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    parsed = pathlib.Path(folder) / "parsed.hpp"
    parsed.write_text("#include <Eigen/Core>\n")
    compiled("-x", "c++-header", str(parsed), "-o", f"{parsed}.gch").check_returncode()

    def words_of_compiling_alone(header):
        first = ["-include", str(parsed)] if "Eigen/Core" in included(header, set()) else []
        done = compiled("-fsyntax-only", "-x", "c++", *first, "-include", str(header), "/dev/null")
        return done.stderr if done.returncode else ""

    for path, words in zip(alone, pool.map(words_of_compiling_alone, alone)):
        if words:
            problems.append(f"{path.relative_to(root)} does not compile alone:\n{words[:2000]}")

print("\n".join(problems) or f"{len(files)} files, {len(headers)} public headers: the floors hold")
sys.exit(1 if problems else 0)
