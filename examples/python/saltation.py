"""Saltation from Python: jobs as dictionaries, results as NumPy arrays. One file, to be copied beside a program of yours.

    import saltation

    job = {"network": {"cell": "slif"}, "input": {"current": 1.5}, "time": {"t1": 1, "dt": 0.01}, "paths": 1000}
    result = saltation.run("simulate", job)
    result["meanSpikeCount"], result.arrays["spike_times"]

It needs Python 3.9, NumPy, and the command: `npm install saltation` in the folder of the program or one above it, or with -g, or
where the variable SALTATION says ("node /path/to/saltation/bin/saltation.js"). Files that a job names are found from the current folder.
"""

import json
import os
import pathlib
import shlex
import shutil
import signal
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
    """The command as a list of words: what SALTATION says, the package that this file lies in, one installed here, or for all."""
    if os.environ.get("SALTATION"):
        return shlex.split(os.environ["SALTATION"])
    own = list(pathlib.Path(__file__).resolve().parents)[2:3]
    current = pathlib.Path.cwd()
    for folder in [*own, *(at / "node_modules" / "saltation" for at in (current, *current.parents))]:
        script = folder / "bin" / "saltation.js"
        if script.exists():
            return ["node", str(script)]
    everywhere = shutil.which("saltation")
    if everywhere is None:
        raise SaltationError(f"saltation is not installed: npm install saltation in {current}, or set SALTATION to the command", 1)
    return [everywhere]


def _plain(value):
    """NumPy's numbers and arrays as JSON has them."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} has no place in a job")


def _end(process):
    """Ends a command and what it started."""

    def tell(signal_name):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, getattr(signal, signal_name))
        else:
            process.kill()

    if process.poll() is None:
        tell("SIGTERM")
    try:
        # It takes its temporary files away; a second interrupt comes through.
        process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        tell("SIGKILL")
        process.communicate()


def _call(words, text=None, timeout=None):
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    try:
        process = subprocess.Popen([*command(), *words], **pipes, text=True, encoding="utf-8", start_new_session=True)
    except FileNotFoundError as error:
        raise SaltationError(f"cannot start {error.filename}: install Node, or set SALTATION to the command", 1) from None
    try:
        out, told = process.communicate(text, timeout)
    except subprocess.TimeoutExpired:
        _end(process)
        raise SaltationError(f"timeout: {words[0]} took more than {timeout} s, and was ended; give it more, or less to do", 1) from None
    except BaseException:
        _end(process)
        raise
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        raise SaltationError(f"{words[0]} was ended by {name}", process.returncode)
    if process.returncode != 0:
        lines = told.strip().splitlines() or ["no word of why"]
        raise SaltationError(lines[-1].removeprefix("saltation: "), process.returncode)
    return json.loads(out)


def load(file):
    """The arrays of an npz, and its texts as str, by name."""
    with np.load(file) as arrays:
        return {name: str(a) if a.dtype.kind == "U" and a.ndim == 0 else a for name, a in ((n, arrays[n]) for n in arrays)}


def run(name, job, *, out=None, backend="auto", recording=None, arguments=(), timeout=None):
    """Runs a job: name is simulate, gradient, train, check, kernel or signature.

    job: a dictionary, in which NumPy arrays may stand for lists.
    out: where the arrays are kept as npz; without it they are read and gone.
    recording: the file that the job calls @recording. arguments: further options of the command.
    timeout: seconds after which the command is ended (default never).
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
        result = Result(_call(words, text, timeout))
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
