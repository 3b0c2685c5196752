"""Pictures of sweeps, as PNG, SVG or PDF; needs matplotlib."""
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend comes first

PARTS = {"compute": "#2f5d8a", "fabric": "#6aa3d5", "io": "#d98c3f", "swarmx": "#e3b76b", "dram": "#8a4f7d",
         "flash": "#b58bb0", "update": "#5a9367", "fill": "#b8b8b8"}


def style():
    """Fonts and sizes that survive a column of a paper; SVG that is the same every time."""
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
                         "grid.alpha": 0.3, "figure.dpi": 100, "savefig.dpi": 200, "svg.hashsalt": "wafersim",
                         "legend.frameon": False})
    return plt


def save(figure, *files):
    for file in files:
        metadata = {"Date": None} if str(file).endswith(".svg") else None
        figure.savefig(file, bbox_inches="tight", metadata=metadata)
    plt.close(figure)


def parts_of_step(axes, labels, points):
    """Stacked bars: what each step is spent on."""
    bottoms = [0.0] * len(points)
    for part, color in PARTS.items():
        shares = [100.0 * point.parts[part] / point.step.cycles for point in points]
        if max(shares) >= 0.5:
            axes.bar(labels, shares, bottom=bottoms, color=color, label=part, width=0.8)
        bottoms = [below + share for below, share in zip(bottoms, shares)]
    axes.set_ylabel("share of the step (%)")
    axes.set_ylim(0, 100)
    axes.grid(axis="x", visible=False)


def line(points, x, figure, *files, series=None, log=False):
    """One figure ("cycles", "tokens_per_second", ...) over the values of a key; one line for each value of `series`."""
    style()
    drawing, axes = plt.subplots(figsize=(4.5, 3))
    names = list(dict.fromkeys(point.set[series] for point in points)) if series else [None]
    for name in names:
        chosen = [point for point in points if point.step and (series is None or point.set[series] == name)]
        axes.plot([point.set[x] for point in chosen], [getattr(point.step, figure) for point in chosen], "o-", label=name)
    axes.set_xlabel(x)
    axes.set_ylabel(figure.replace("_", " "))
    if log:
        axes.set_yscale("log")
    if series:
        axes.legend(title=series)
    save(drawing, *files)
