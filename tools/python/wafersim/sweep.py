"""Sweeps by the program's own `sweep`: in parallel, resumable, cached by its keys."""
import csv
import io
import json
import pathlib
import tempfile

from . import program
from .results import Point


class Points(list):
    """The points of a sweep in their order."""

    def values(self, key):
        """One key or figure of every point that did not fail, such as "cluster.nodes" or "cycles"."""
        return [point.set[key] if key in point.set else getattr(point.step, key) for point in self if point.step]

    def rows(self):
        """One flat dict per point: its settings, step figures, cycles of each part, efficiency and error."""
        for point in self:
            row = dict(point.set)
            row.update(vars(point.step) if point.step else {})
            row.update({f"part_{part}_cycles": cycles for part, cycles in point.parts.items()})
            yield {**row, "efficiency": point.efficiency, "error": point.error}

    def frame(self):
        """The rows as a pandas DataFrame."""
        import pandas  # only here: everything else does without
        return pandas.DataFrame(list(self.rows()))

    def csv(self):
        rows = list(self.rows())
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


def sweep(machine, workload, grid=None, folder=None, jobs=None, **parts):
    """Runs a study and returns its Points; a point that fails is a Point with its error.

    `grid` maps keys to lists of values. `parts` are other parts of a study file: zip, list, random, derive,
    where, hold (docs/formats/study.md). With `folder` finished points are kept there and not run again."""
    study = {"name": "python", "machine": str(pathlib.Path(machine).resolve()), "workload": str(pathlib.Path(workload).resolve())}
    if grid:
        study["sweep"] = {key: list(values) for key, values in grid.items()}
    study.update(parts)
    with tempfile.TemporaryDirectory(prefix="wafersim-") as place:
        file = pathlib.Path(place) / "study.yaml"
        file.write_text(json.dumps(study), encoding="utf-8")  # JSON is YAML
        options = ["--format", "jsonl", "--quiet"]
        if folder is not None:
            options += ["-o", folder, "--resume"]
        if jobs is not None:
            options += ["-j", jobs]
        try:
            text = program.call("sweep", file, *options)
        except Exception as error:
            raise type(error)(str(error).replace(str(file), "study")) from None
    return Points(Point.of(json.loads(line)) for line in text.splitlines())
