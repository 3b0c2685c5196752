"""Finds and calls the program."""
import os
import pathlib
import shutil
import subprocess

from .errors import WafersimError, error_of


def path():
    above = pathlib.Path(__file__).resolve().parents
    # In the repository: tools/python/wafersim. Installed: PREFIX/lib/python3.x/site-packages/wafersim.
    installed = above[2].name.startswith("python3")
    beside = above[4] / "bin" / "wafersim" if installed else above[3] / "build" / "release" / "wafersim"
    found = os.environ.get("WAFERSIM") or (str(beside) if beside.exists() else shutil.which("wafersim"))
    if not found:
        raise WafersimError("there is no program: build it, put it on the PATH, or set WAFERSIM")
    return found


def call(*arguments):
    """Standard output of the program; raises what its exit code stands for."""
    done = subprocess.run([path(), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise error_of(done.returncode, done.stderr)
    return done.stdout


def version():
    return call("--version").strip()


def spelled(value):
    """A value as YAML: what --set and studies take."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def settings(overrides):
    """Keys as --set spells them: cluster__nodes=4 is cluster.nodes=4."""
    return {key.replace("__", "."): spelled(value) for key, value in overrides.items()}
