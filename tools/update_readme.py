#!/usr/bin/python3
"""Writes what the program prints today into the examples of README.md and docs/guide.md:
update_readme.py BINARY [--check]

With --check it writes nothing, and exits 1 when one of them shows something else."""
import difflib
import functools
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHOWN_NODES = (1, 4, 16, 64, 128, 192)
CS2 = "configs/machine/cs2.yaml"


def output_of(binary, *arguments):
    return subprocess.run([binary, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                          text=True).stdout


def headline(text):
    """A report down to where its cycles go, without layers and what follows."""
    return text.partition("\n\nLayers")[0]


def first_figures(text):
    return "\n".join(text.splitlines()[:7])


@functools.cache
def points(binary, study):
    lines = output_of(binary, "sweep", f"configs/study/gpt3-13b-{study}.yaml", "--format", "jsonl", "--quiet")
    return {point["nodes"]: point for point in map(json.loads, lines.splitlines())}


def boxes_table(binary):
    """Cycles and speed-up by the block that a mask keeps together (down) and that a core skips (across)."""
    lines = output_of(binary, "sweep", "configs/study/boxes-not-pallets.yaml", "--format", "jsonl", "--quiet")
    rows = {}
    for point in map(json.loads, lines.splitlines()):
        text = f"{point['step']['cycles']:,} ({point['sparsity']['speedup']:.2f})"
        rows.setdefault(point["set"]["workload.sparsity.block_size"], []).append(text)
    yield "| weights pruned in blocks of | skips weight by weight | blocks of 16 | of 32 | of 64 |"
    yield "|--:|--:|--:|--:|--:|"
    for size, cells in rows.items():
        yield f"| {size} | {' | '.join(cells)} |"


def study_rows(binary, shown, reason_of):
    weak, strong = points(binary, "weak"), points(binary, "strong")
    for nodes in shown:
        cells = [f"{point['step']['cycles']:,} | {100 * point['efficiency']:.1f} %" for point in
                 (weak[nodes], strong[nodes])]
        yield f"| {nodes} | {cells[0]} | {cells[1]} | {reason_of(strong[nodes]['reason'])} |"


def scaling_table(binary):
    yield "| nodes | weak: step cycles | efficiency | strong: step cycles | efficiency | where it drops |"
    yield "|--:|--:|--:|--:|--:|---|"
    yield from study_rows(binary, SHOWN_NODES, lambda reason: reason.split(";")[0])


def study_table(binary):
    return study_rows(binary, (1, 2, 4, 16, 64, 96, 192), lambda reason: reason.partition(" +")[0])


def with_example(page, binary, command, shorten):
    """The block that begins with this command, with its output of today."""
    output = shorten(output_of(binary, *command.split()))
    shown = f"$ build/release/wafersim {command}\n"
    page, found = re.subn(re.escape(f"```\n{shown}") + r".*?\n```", lambda _: f"```\n{shown}{output}\n```", page,
                          flags=re.DOTALL)
    if found != 1:
        sys.exit(f"the example 'wafersim {command}' is there {found} times, not once")
    return page


def with_section(page, report, title, rows=None):
    """The block that begins with this title, as the report has it today; of its lines only `rows`, if given."""
    section = next(part for part in report.split("\n\n") if part.startswith(title)).rstrip()
    if rows:
        lines = [line for line in section.splitlines() if any(f"  {row} " in line for row in rows)]
        section = "\n".join(section.splitlines()[:2] + lines + ["  ..."])
    page, found = re.subn(rf"```\n{re.escape(title)}.*?\n```", lambda _: f"```\n{section}\n```", page, flags=re.DOTALL)
    if found != 1:
        sys.exit(f"a block '{title}' is there {found} times, not once")
    return page


def resident_table(binary):
    for tokens in (2048, 4096, 8192, 16384, 32768, 53248):
        step = json.loads(output_of(binary, "run", CS2, "configs/workload/gpt3-6.7b.yaml", "--quiet", "--format", "json", "--set",
                                    f"workload.tokens_per_node={tokens}"))
        cycles = step["step"]["cycles"]
        parts = {part["part"]: part["cycles"] / cycles for part in step["attribution"]}
        lanes = next(station for station in step["stations"] if station["name"] == "node.io")
        shares = [step["step"]["utilization"], parts["compute"], parts["fabric"], parts["io"], lanes["busy_fraction"]]
        yield (f"| {tokens:,} | {cycles:,} | {step['step']['tokens_per_second']:,.0f} | "
               + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |")


def readme_of_today(page, binary):
    page = with_example(page, binary, f"run {CS2} configs/workload/gpt3-6.7b.yaml", headline)
    page = with_example(page, binary, f"describe {CS2}", first_figures)
    table = "\n".join(scaling_table(binary))
    return re.sub(r"\| nodes \|.*?\n\n", lambda _: table + "\n\n", page, flags=re.DOTALL)


def guide_of_today(page, binary):
    for command, model in (("scale", "gpt3-175b"), ("scale", "brain-120t"), ("pipeline", "bert-large"),
                           ("pipeline", "gpt2")):
        page = with_example(page, binary, f"{command} {CS2} configs/workload/{model}.yaml", str.rstrip)
    step = output_of(binary, "run", CS2, "configs/workload/gpt3-6.7b.yaml", "--quiet")
    for title in ("Bottleneck:", "Where the cycles go", "Stations in one step", "Memory (wafer.sram:"):
        page = with_section(page, step, title)
    page = with_section(page, step, "Layers: cycles of each", ("wte", "h.*.attn.c_attn", "h.*.attn.attention"))
    pruned = output_of(binary, "run", "configs/machine/cs2-192.yaml", "configs/workload/gpt3-175b.yaml", "--quiet", "--set",
                       "workload.sparsity.level=0.9")
    page = with_section(page, pruned, "Sparsity\n")
    table = "\n".join(study_table(binary))
    page = re.sub(r"(\| nodes \| weak, .*?\n.*?\n).*?\n\n", lambda head: f"{head[1]}{table}\n\n", page, flags=re.DOTALL)
    table = "\n".join(resident_table(binary))
    page = re.sub(r"(\| resident tokens \|.*?\n.*?\n).*?\n\n", lambda head: f"{head[1]}{table}\n\n", page, flags=re.DOTALL)
    page = with_example(page, binary, f"layer {CS2} --size 12288x12288 --tokens 65536", str.rstrip)
    table = "\n".join(boxes_table(binary))
    return re.sub(r"(<!-- boxes-not-pallets -->\n).*?\n\n", lambda mark: f"{mark[1]}{table}\n\n", page, flags=re.DOTALL)


def main():
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    binary = str(pathlib.Path(arguments[0]).resolve())
    stale = []
    for name, of_today in (("README.md", readme_of_today), ("docs/guide.md", guide_of_today)):
        file = ROOT / name
        old = file.read_text(encoding="utf-8")
        new = of_today(old, binary)
        if "--check" not in sys.argv:
            file.write_text(new, encoding="utf-8")
        elif new != old:
            stale += difflib.unified_diff(old.splitlines(), new.splitlines(), name, "today", lineterm="")
    if stale:
        sys.exit("\n".join(stale))


if __name__ == "__main__":
    main()
