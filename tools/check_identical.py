#!/usr/bin/python3
"""Checks that binaries of different builds give the same bytes, and the same twice: check_identical.py BINARY...

Each runs the cases below in JSON; compilers and optimisation levels must not show in a result."""
import difflib
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CASES = [
    "cs2 gpt3-6.7b",
    "cs1 bert-large",
    "cs3 gpt2-xl",
    "andromeda gpt3-13b",
    "cs2-192 llama2-70b",
    "cs2-192 gpt3-175b",
    "cs2-192 gpt3-175b --set workload.sparsity.level=0.9",
    "cs2-192 brain-120t",
    "cs2 gpt2 --set cluster.nodes=6 --set cluster.fold_nodes=false",
]


def result(binary, case):
    machine, workload, *options = case.split()
    command = [binary, "run", f"configs/machine/{machine}.yaml", f"configs/workload/{workload}.yaml",
               "--format", "json", *options]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
    if done.returncode != 0 or not done.stdout:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def first_differences(a, b, names):
    lines = difflib.unified_diff(a.decode().splitlines(), b.decode().splitlines(), *names, lineterm="", n=0)
    return "\n".join(list(lines)[:20])


def main():
    binaries = [str(pathlib.Path(name).resolve()) for name in sys.argv[1:]]
    if not binaries:
        sys.exit(__doc__)
    for case in CASES:
        expected = result(binaries[0], case)
        for binary in [*binaries[1:], binaries[0]]:
            got = result(binary, case)
            if got != expected:
                sys.exit(f"{case}: results differ\n" + first_differences(expected, got, (binaries[0], binary)))
        print(f"{len(expected):8} bytes, the same {len(binaries) + 1} times: {case}")


if __name__ == "__main__":
    main()
