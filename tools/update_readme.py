#!/usr/bin/python3
"""Writes what the program prints today into the README's examples: update_readme.py BINARY [--check]

With --check it writes nothing, and exits 1 when the README shows something else."""
import difflib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
SHOWN_NODES = (1, 4, 16, 64, 128, 192)


def output_of(binary, *arguments):
    return subprocess.run([binary, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                          text=True).stdout


def headline(text):
    """A report down to where its cycles go, without layers and what follows."""
    return text.partition("\n\nLayers")[0]


def first_figures(text):
    return "\n".join(text.splitlines()[:7])


def points(binary, study):
    lines = output_of(binary, "sweep", f"configs/study/gpt3-13b-{study}.yaml", "--format", "jsonl", "--quiet")
    return {point["nodes"]: point for point in map(json.loads, lines.splitlines())}


def scaling_table(binary):
    weak, strong = points(binary, "weak"), points(binary, "strong")
    yield "| nodes | weak: step cycles | efficiency | strong: step cycles | efficiency | where it drops |"
    yield "|--:|--:|--:|--:|--:|---|"
    for nodes in SHOWN_NODES:
        cells = [f"{point['step']['cycles']:,} | {100 * point['efficiency']:.1f} %" for point in
                 (weak[nodes], strong[nodes])]
        reason = strong[nodes]["reason"].split(";")[0]
        yield f"| {nodes} | {cells[0]} | {cells[1]} | {reason} |"


def with_example(readme, binary, command, shorten):
    """The block that begins with this command, with its output of today."""
    output = shorten(output_of(binary, *command.split()))
    shown = f"$ build/release/wafersim {command}\n"
    return re.sub(re.escape(f"```\n{shown}") + r".*?\n```", lambda _: f"```\n{shown}{output}\n```", readme, flags=re.DOTALL)


def main():
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    binary = str(pathlib.Path(arguments[0]).resolve())
    old = README.read_text(encoding="utf-8")
    new = with_example(old, binary, "run configs/machine/cs2.yaml configs/workload/gpt3-6.7b.yaml", headline)
    new = with_example(new, binary, "describe configs/machine/cs2.yaml", first_figures)
    table = "\n".join(scaling_table(binary))
    new = re.sub(r"\| nodes \|.*?\n\n", lambda _: table + "\n\n", new, flags=re.DOTALL)
    if "--check" not in sys.argv:
        README.write_text(new, encoding="utf-8")
    elif new != old:
        sys.exit("\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), "README.md", "today", lineterm="")))


if __name__ == "__main__":
    main()
