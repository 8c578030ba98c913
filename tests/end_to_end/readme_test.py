"""The README's tutorial, word for word, in an empty folder.

    readme_test.py README.md FOLDER_OF_THE_PROGRAMS

A block after `<!-- file: NAME -->` is written to NAME; each line of one after `<!-- run -->` is run by sh and
must end with status 0.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

readme, programs = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
BLOCK = re.compile(r"<!-- (file: (?P<file>\S+)|run) -->\n```\w*\n(?P<text>.*?)^```$", re.S | re.M)

environment = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}")
blocks = list(BLOCK.finditer(readme.read_text()))
assert len(blocks) >= 5, "the README has lost its tutorial"

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for block in blocks:
        if block["file"]:
            (folder / block["file"]).write_text(block["text"])
            continue
        for line in block["text"].splitlines():
            done = subprocess.run(["sh", "-c", line], cwd=folder, env=environment, text=True, timeout=300,
                                  stdin=subprocess.DEVNULL, capture_output=True)
            print(f"$ {line}\n{done.stdout}{done.stderr}")
            if done.returncode:
                sys.exit(f"status {done.returncode} of: {line}")

    report = (folder / "beam" / "report.html").read_text()
    assert "<svg" in report and "http://" not in report.replace("http://www.w3.org", ""), "a self-contained report"
    assert (folder / "beam" / "beam.h5").stat().st_size > 0
    predicted = subprocess.run(["sonde", "predict", "beam.toml", "--at", "points.csv"], cwd=folder, env=environment,
                               text=True, capture_output=True, check=True).stdout.splitlines()
    head = predicted[0].split(",")
    assert head[:3] == ["width", "height", "length"] and "deflection_sd" in head and "mass" in head, head
    # By hand: I = 30 mm * (50 mm)^3 / 12 = 3.125e-7 m^4, w = 500 N (1.2 m)^3 / (3 E I) = 4.389 mm; 14.13 kg.
    row = dict(zip(head, predicted[1].split(",")))
    assert row["deflection_trust"] == "inside", row
    row = {name: float(value) for name, value in row.items() if not name.endswith("_trust")}
    assert abs(row["deflection"] - 4.389) < 0.44, row  # a tenth
    assert abs(row["mass"] - 14.13) < 0.14, row        # a hundredth
print("the tutorial holds")
