"""No code of an instruction set is shared: of an inline function the linker keeps one copy, and an old
processor would meet new instructions in it."""
import subprocess
import sys

problems = []
for path in sys.argv[1:]:
    words = subprocess.run(["nm", "-C", path], capture_output=True, text=True, check=True).stdout
    for line in words.splitlines():
        kind, _, name = line[17:].partition(" ")
        if kind in "WwVvu" and not name.startswith("DW.ref.") and "Eigen_v" not in name:
            problems.append(f"{path}: {name}")
print("\n".join(problems) or "nothing is shared")
sys.exit(1 if problems else 0)
