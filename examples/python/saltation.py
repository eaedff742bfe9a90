"""Saltation from Python: jobs as dictionaries, results as NumPy arrays. One file, to be copied beside a program of yours.

    import saltation

    job = {"network": {"cell": "slif"}, "input": {"current": 1.5}, "time": {"t1": 1, "dt": 0.01}, "paths": 1000}
    result = saltation.run("simulate", job)
    result["meanSpikeCount"], result.arrays["spike_times"]

It needs Python 3.9, NumPy, and the command: `npm install saltation` in the folder of the program, or where the variable
SALTATION says ("node /path/to/saltation/bin/saltation.js"). Files that a job names are found from the current folder.
"""

import json
import os
import pathlib
import shlex
import subprocess
import tempfile

import numpy as np

__all__ = ["SaltationError", "Result", "run", "inspect", "convert", "load"]


class SaltationError(RuntimeError):
    """What the command says of a job: one line that names the field. `code` is 1 for bad input, 2 for a device that failed."""

    def __init__(self, message, code):
        super().__init__(message)
        self.code = code


class Result(dict):
    """The object that a command prints; `arrays` are those that it wrote, by name."""

    arrays: dict


def command():
    """The command as a list of words: what SALTATION says, the package that this file lies in, or npx."""
    if os.environ.get("SALTATION"):
        return shlex.split(os.environ["SALTATION"])
    here = pathlib.Path(__file__).resolve().parents[2] / "bin" / "saltation.js"
    return ["node", str(here)] if here.exists() else ["npx", "--no-install", "saltation"]


def _plain(value):
    """NumPy's numbers and arrays as JSON has them."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} has no place in a job")


def _call(words, text=None):
    try:
        done = subprocess.run([*command(), *words], input=text, capture_output=True, text=True, encoding="utf-8")
    except FileNotFoundError as error:
        raise SaltationError(f"cannot start {error.filename}: install Node, or set SALTATION to the command", 1) from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no word of why"]
        raise SaltationError(lines[-1].removeprefix("saltation: "), done.returncode)
    return json.loads(done.stdout)


def load(file):
    """The arrays of an npz, and its texts as str, by name."""
    with np.load(file) as arrays:
        return {name: str(a) if a.dtype.kind == "U" and a.ndim == 0 else a for name, a in ((n, arrays[n]) for n in arrays)}


def run(name, job, *, out=None, backend="auto", recording=None, arguments=()):
    """Runs a job: name is simulate, gradient, train, check, kernel or signature.

    job: a dictionary, in which NumPy arrays may stand for lists.
    out: where the arrays are kept as npz; without it they are read and gone.
    recording: the file that the job calls @recording. arguments: further options of the command.
    Raises SaltationError with the command's one line; ValueError for numbers that are not finite.
    """
    text = json.dumps(job, default=_plain, allow_nan=False)
    words = [name, "-", "--json", "--backend", backend, *map(str, arguments)]
    if recording is not None:
        words += ["--recording", os.fspath(recording)]
    with tempfile.TemporaryDirectory() as folder:
        file = out if out is not None else pathlib.Path(folder, "arrays.npz")
        if name != "check":
            words += ["--out", os.fspath(file)]
        result = Result(_call(words, text))
        result.arrays = load(file) if name != "check" else {}
    return result


def inspect(file):
    """What a file holds (`entries`), and fields of a job that use it (`job`)."""
    return _call(["inspect", os.fspath(file), "--json"])


def convert(source, to, **options):
    """Converts between kinds of files: convert("cell.nwb", "spikes.npz", time_unit="ms", neurons=[7])."""
    words = ["convert", os.fspath(source), os.fspath(to), "--json"]
    for name, value in options.items():
        many = isinstance(value, (list, tuple, np.ndarray))
        words += [f"--{name.replace('_', '-')}", ",".join(map(str, value)) if many else str(value)]
    return _call(words)
