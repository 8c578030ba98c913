#!/usr/bin/env python3
"""One run: gmsh meshes bracket.geo, ccx solves job.inp, the results are one JSON object.

  bracket.py FORCE      in N, spread evenly over the nodes of the tip
"""
import json
import math
import os
import re
import subprocess
import sys

DENSITY = 2.70e-9  # t/mm3, as in job.inp
TO_GRAMS = 1e6


def step(name, command):
    """Runs one program; its words go to NAME.out. Its exit status is returned: ccx's alone says little."""
    with open(name + ".out", "w") as log:
        return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode


def nodes_of(name, lines):
    """Numbers in the node set `name`."""
    numbers, inside = [], False
    for line in lines:
        if line.startswith("*"):
            inside = re.fullmatch(r"\*NSET,\s*NSET=" + name, line.strip(), re.I) is not None
        elif inside:
            numbers += [int(word) for word in line.split(",") if word.strip()]
    return numbers


def solid_only(lines):
    """The mesh without the elements of lines and surfaces, which gmsh writes too."""
    kept, inside = [], True
    for line in lines:
        if line.upper().startswith("*ELEMENT"):
            inside = "TYPE=C3D" in line.upper()
            line = re.sub(r"ELSET=\S+", "ELSET=VOLUME", line)
        elif line.startswith("*"):
            inside = True
        if inside:
            kept.append(line)
    return kept


def mesh(force):
    if step("gmsh", ["gmsh", "-3", "-format", "inp", "-o", "gmsh.inp", "-nt", "1", "bracket.geo"]) != 0:
        sys.exit("gmsh gave up, see gmsh.out")
    with open("gmsh.inp") as file:
        lines = file.read().split("\n")
    tip = nodes_of("TIP", lines)
    if not tip:
        sys.exit("the mesh has no tip")
    with open("mesh.inp", "w") as file:
        file.write("\n".join(solid_only(lines)))
    with open("load.inp", "w") as file:
        file.writelines(f"{node}, 2, {-force / len(tip):.10g}\n" for node in tip)


def rows(block):
    return [[float(word) for word in line.split()] for line in block.split("\n")[1:] if re.match(r"\s+[-\d]", line)]


def mises(x, y, z, xy, xz, yz):
    return math.sqrt(0.5 * ((x - y) ** 2 + (y - z) ** 2 + (z - x) ** 2) + 3 * (xy**2 + xz**2 + yz**2))


def results():
    with open("job.dat") as file:
        text = file.read()
    # Requests for stresses stay on in the step of the frequencies: what follows there are modes.
    static = text.split("E I G E N V A L U E")[0]
    stress, deflection = 0.0, 0.0
    for block in re.split(r"\n\s*(?=displacements|stresses|volume|total volume)", static):
        if block.strip().startswith("stresses"):
            stress = max([stress] + [mises(*row[2:]) for row in rows(block) if len(row) == 8])
        elif block.strip().startswith("displacements"):
            down = [-row[2] for row in rows(block) if len(row) == 4]
            deflection = max(deflection, sum(down) / len(down)) if down else deflection
    volume = float(re.search(r"total volume[^\n]*\n\s*\n\s*(\S+)", text).group(1))
    mode = re.search(r"E I G E N V A L U E   O U T P U T.*?\n\s+1\s+\S+\s+\S+\s+(\S+)", text, re.S)
    return {"max_mises": stress, "tip_deflection": deflection, "mass": volume * DENSITY * TO_GRAMS,
            "first_frequency": float(mode.group(1))}


def main():
    os.environ["LC_ALL"] = "C"
    mesh(float(sys.argv[1]))
    status = step("ccx", ["ccx", "job"])
    with open("ccx.out") as log:
        complaint = next((line.strip() for line in log if "*ERROR" in line), "")
    if status != 0 or complaint:
        sys.exit(f"ccx gave up with {status}: {complaint}")
    print(json.dumps({"y": results()}))


main()
