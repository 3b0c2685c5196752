#!/usr/bin/python3
"""What sparsity brings to GPT-3 13B on one CS-2: sparsity.py [FOLDER], which gets sparsity.svg and .png."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools" / "python"))
import wafersim  # noqa: E402
from wafersim import plots  # noqa: E402

LEVELS = [0, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
MACHINE = ROOT / "configs" / "machine" / "cs2.yaml"
WORKLOAD = ROOT / "configs" / "workload" / "gpt3-13b.yaml"


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    # The same batch and micro-batch everywhere, so that only the weights change.
    points = wafersim.sweep(MACHINE, WORKLOAD, {"workload.sparsity.level": LEVELS}, hold={"tokens_per_node": 32768},
                            list=[{"workload.micro_batch": 16}])
    dense = points[0].step.cycles
    speedups = [dense / point.step.cycles for point in points]
    ideals = [point.document.get("sparsity", {}).get("ideal_speedup", 1.0) for point in points]
    for level, point, speedup, ideal in zip(LEVELS, points, speedups, ideals):
        print(f"  {level:4} {point.step.cycles:16,} cycles  {speedup:5.2f} of {ideal:5.2f}")

    plt = plots.style()
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.9))
    left.plot(LEVELS, ideals, ":", color="gray", label="operations skipped")
    left.plot(LEVELS, speedups, "o-", label="simulated")
    left.set(xlabel="share of weights pruned", ylabel="speed-up over dense")
    left.legend()
    plots.parts_of_step(right, [str(level) for level in LEVELS], points)
    right.set_xlabel("share of weights pruned")
    right.legend(ncol=2, loc="lower left", frameon=True)
    figure.tight_layout()
    plots.save(figure, folder / "sparsity.svg", folder / "sparsity.png")


if __name__ == "__main__":
    main()
