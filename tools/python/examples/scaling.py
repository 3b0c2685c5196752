#!/usr/bin/python3
"""Weak and strong scaling of GPT-3 13B from 1 to 192 CS-2: scaling.py [FOLDER], which gets scaling.svg and .png."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools" / "python"))
import wafersim  # noqa: E402
from wafersim import plots  # noqa: E402

NODES = [1, 2, 4, 8, 16, 32, 64, 96, 128, 192]
MACHINE = ROOT / "configs" / "machine" / "cs2.yaml"
WORKLOAD = ROOT / "configs" / "workload" / "gpt3-13b.yaml"


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    weak = wafersim.sweep(MACHINE, WORKLOAD, {"cluster.nodes": NODES}, hold={"tokens_per_node": 32768})
    strong = wafersim.sweep(MACHINE, WORKLOAD, {"cluster.nodes": NODES}, hold={"global_batch": 1536})
    for name, points in (("weak", weak), ("strong", strong)):
        print(name)
        for point in points:
            print(f"  {point.nodes:4} nodes {point.step.cycles:16,} cycles  {100 * point.efficiency:5.1f} %  {point.reason}")

    plt = plots.style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.9))
    ideal = [weak[0].step.tokens_per_second * nodes for nodes in NODES]
    left.plot(NODES, ideal, ":", color="gray", label="linear")
    left.plot(NODES, [point.step.tokens_per_second for point in weak], "o-", label="32,768 tokens on each node")
    left.plot(NODES, [point.step.tokens_per_second for point in strong], "s--", label="1,536 sequences shared")
    left.set(xscale="log", yscale="log", xlabel="CS-2 nodes", ylabel="tokens per second")
    left.set_xticks([1, 4, 16, 64, 192], ["1", "4", "16", "64", "192"])
    left.legend()
    plots.parts_of_step(right, [str(nodes) for nodes in NODES], strong)
    right.set_xlabel("CS-2 nodes, shared batch")
    right.legend(ncol=2, loc="lower left", frameon=True)
    figure.tight_layout()
    plots.save(figure, folder / "scaling.svg", folder / "scaling.png")


if __name__ == "__main__":
    main()
