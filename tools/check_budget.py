#!/usr/bin/python3
"""Checks that the largest shipped runs stay within their time and memory, and that folding identical nodes
changes no figure: check_budget.py BINARY, an optimised one."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
GIB = 1 << 20  # in the KiB that the system counts
# what to run, seconds of CPU, KiB
BUDGETS = [
    ("cs2-192 gpt3-175b", 2, 1 * GIB),
    ("cs2-192 gpt3-175b --set cluster.fold_nodes=false", 60, 4 * GIB),
    ("cs2 brain-120t", 10, 4 * GIB),
    ("cs2-192 brain-120t", 10, 4 * GIB),
]
FIGURES = ("step", "layers", "stations", "attribution", "memory")


def run(binary, case):
    """The result, the seconds of CPU and the KiB of memory that it took."""
    machine, workload, *options = case.split()
    command = [binary, "run", f"configs/machine/{machine}.yaml", f"configs/workload/{workload}.yaml",
               "--format", "json", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{case}: exit code {process.returncode}")
    return json.loads(text), usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    results = {}
    for case, seconds, kib in BUDGETS:
        results[case], took, used = run(binary, case)
        print(f"{took:7.2f} of {seconds} s, {used >> 10:5} of {kib >> 10} MiB: {case}")
        if took > seconds or used > kib:
            sys.exit(f"{case}: over its budget")
    folded, each = (results[BUDGETS[i][0]] for i in (0, 1))
    for figure in FIGURES:
        if folded[figure] != each[figure]:
            sys.exit(f"{figure}: folding nodes changes it")


if __name__ == "__main__":
    main()
