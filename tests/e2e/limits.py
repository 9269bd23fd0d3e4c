#!/usr/bin/env python3
"""Limits of containers and pods, measured: the second table of "What holds where" in docs/USE.md.

    limits.py measure REPRIEVE    measures this machine, and writes what it has seen into its columns of the table
    limits.py manifests FOLDER    writes the manifests, for a machine that has no Python (tools/try-cgroup2)
    limits.py take COLUMN OUTPUT  writes what they have printed there into a column

holds_test.py compares the table with what it sees here.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

USE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "USE.md"
COLUMNS = ["cgroup v1", "cgroup v2", "cgroup v2 of an ordinary user", "none"]
HEAD = "| limit | " + " | ".join(COLUMNS) + " |"

# A child that takes all the memory there is: who is killed with it is what differs.
HOG = "(tail /dev/zero); echo the shell goes on; sleep 3; exit 3"
# The time on a processor that a loop had in three seconds, in ticks of 10 ms: 300, or what others leave of it; 30 under a
# limit of 100m.
SPIN = ("(while :; do :; done) & sleep 3; read a b c d e f g h i j k l m user system rest < /proc/$!/stat; kill $!; "
        "echo had $((user + system)) ticks")

MEMORY, CPU = "{limits: {memory: 64Mi}}", "{limits: {cpu: 100m}, requests: {cpu: 1m}}"
# The row of the table: the resources of the pod, those of its container, its program.
LIMITS = {
    "memory of a container": ("{}", MEMORY, HOG),
    "cpu of a container": ("{}", CPU, SPIN),
    "memory of a pod": (MEMORY, "{}", HOG),
    "cpu of a pod": (CPU, "{}", SPIN),
}


def name_of(row):
    return row.replace(" ", "-")


def manifest(row):
    pod, container, program = LIMITS[row]
    return f"""apiVersion: batch/v1
kind: Job
metadata: {{name: {name_of(row)}}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      resources: {pod}
      containers:
      - name: main
        image: none
        resources: {container}
        command: [sh, -c, '{program}']
"""


def outcome(output):
    """The cell of the table, from what a run has printed; None: neither of what can be."""
    if ticks := re.search(r"had (\d+) ticks", output):
        return "holds" if int(ticks.group(1)) < 60 else "does not hold"
    if "the shell goes on" in output:
        return "holds: one process is killed"
    return "holds: the container is killed" if "exited 137 (OOMKilled) in container main" in output else None


def run(reprieve, row, *flags):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "job.yaml").write_text(manifest(row))
        return subprocess.run([reprieve, "run", "-v", "--logs", *flags, "job.yaml"], cwd=folder, text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def column_of(output):
    """Whose limits they are, by what `run -v` says of itself."""
    found = re.search(r"by (cgroup v[12])", output)
    return found.group(1) if found else "none"


def table():
    """The rows of the table in docs/USE.md, each by its columns."""
    text = USE.read_text()
    rows = re.findall(r"(?m)^\| (.+) \|$", text[text.index(HEAD):].split("\n\n")[0])[1:]
    return {cells[0]: dict(zip(COLUMNS, cells[1:])) for cells in (row.split(" | ") for row in rows)}


def write_column(column, outcomes):
    rows = table()
    text = USE.read_text()
    begin = text.index(HEAD)
    end = text.index("\n\n", begin)
    lines = [HEAD, "|" + "---|" * (len(COLUMNS) + 1)]
    for row in LIMITS:
        cells = rows.get(row, {})
        lines.append(f"| {row} | " + " | ".join(outcomes.get(row) if each == column else cells.get(each, "not measured")
                                                for each in COLUMNS) + " |")
    USE.write_text(text[:begin] + "\n".join(lines) + text[end:])


def measured(reprieve, *flags):
    """The column, and its cells by their rows."""
    outputs = {row: run(reprieve, row, *flags) for row in LIMITS}
    return column_of(outputs["cpu of a container"]), {row: outcome(output) for row, output in outputs.items()}


def printed(output):
    """The same of what a machine without Python has printed, between a line before each and one behind it."""
    parts = {row: re.search(f"== {name_of(row)}\n(.*?)== {name_of(row)} ended", output, re.S) for row in LIMITS}
    return {row: outcome(part.group(1)) if part else None for row, part in parts.items()}


def take(column, outcomes):
    for row, cell in outcomes.items():
        print(f"{row}, {column}: {cell or 'neither held nor failed to'}")
    if None in outcomes.values():
        sys.exit(1)
    write_column(column, outcomes)


def main(what, *arguments):
    if what == "manifests":
        for row in LIMITS:
            (pathlib.Path(arguments[0]) / f"{name_of(row)}.yaml").write_text(manifest(row))
    elif what == "take":
        take(arguments[0], printed(pathlib.Path(arguments[1]).read_text()))
    else:
        for flags in ([], ["--plain-processes"]):
            take(*measured(os.path.abspath(arguments[0]), *flags))


if __name__ == "__main__":
    main(*sys.argv[1:])
