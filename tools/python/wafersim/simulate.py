"""Single runs, side by side and remembered."""
import concurrent.futures
import json
import os
import pathlib
import tempfile

from . import program
from .results import Result


def _cached(folder, key):
    file = pathlib.Path(folder) / f"{key}.json"
    return file.read_text(encoding="utf-8") if file.exists() else None


def _keep(folder, key, text):
    """A file that is there is complete, also when several processes write it."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
        file.write(text)
    os.replace(file.name, pathlib.Path(folder) / f"{key}.json")


def simulate(machine, workload, cache=None, settings=None, **overrides):
    """Runs a workload on a machine (files) and returns its Result.

    Overrides are keys of the machine or the workload with two underscores for a dot
    (`workload__sparsity__level=0.9`); `settings` takes the same as a dict with dots. With `cache`, a folder,
    the same inputs on the same model are run once: results are kept by the program's own key.
    Raises InputError, DoesNotFit or Fault with the program's message."""
    changes = {**program.settings(overrides), **program.settings(settings or {})}
    inputs = [machine, workload, *(word for key, value in changes.items() for word in ("--set", f"{key}={value}"))]
    if cache is None:
        return Result.of(json.loads(program.call("run", *inputs, "--format", "json", "--quiet")))
    key = program.call("run", *inputs, "--key").strip()
    text = _cached(cache, key)
    if text is None:
        text = program.call("run", *inputs, "--format", "json", "--quiet")
        _keep(cache, key, text)
    return Result.of(json.loads(text))


def simulate_all(machine, workload, points, cache=None, jobs=None):
    """simulate() for each dict of settings, in parallel; results in the order of the points. The first error is raised."""
    with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        return list(pool.map(lambda point: simulate(machine, workload, cache=cache, settings=point), points))
