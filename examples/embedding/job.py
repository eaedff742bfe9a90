"""From Python: a job file in, an npz out, nothing but the standard library.

    python3 node_modules/saltation/examples/embedding/job.py

Where NumPy is installed, `numpy.load("spikes.npz")["spike_times"]` reads the same arrays.
"""

import ast
import json
import pathlib
import struct
import subprocess
import tempfile
import zipfile

SALTATION = ["node", str(pathlib.Path(__file__).resolve().parents[2] / "bin" / "saltation.js")]  # or ["npx", "saltation"]


def saltation(command, job, *arguments):
    """Runs a job; returns the object that it prints. Raises RuntimeError with the line about what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "job.json")
        file.write_text(json.dumps(job))
        run = subprocess.run([*SALTATION, command, str(file), "--json", *arguments], capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(run.stderr.strip())
        return json.loads(run.stdout)


def read_npz(file):
    """Arrays of an npz as (shape, flat tuple of numbers)."""
    arrays = {}
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            length = struct.unpack_from("<H", data, 8)[0]
            header = ast.literal_eval(data[10 : 10 + length].decode("latin1"))
            code = {"<f8": "d", "<f4": "f", "<i4": "i", "<u4": "I"}[header["descr"]]
            count = 1
            for size in header["shape"]:
                count *= size
            arrays[name.removesuffix(".npy")] = header["shape"], struct.unpack_from(f"<{count}{code}", data, 10 + length)
    return arrays


if __name__ == "__main__":
    job = {
        "network": {"cell": "slif"},
        "input": {"current": 1.5},
        "time": {"t1": 1, "dt": 0.01},
        "paths": 1000,
        "seed": 1,
        "maxSpikes": 1,
    }
    with tempfile.TemporaryDirectory() as folder:
        spikes = str(pathlib.Path(folder, "spikes.npz"))
        saltation("simulate", job, "--out", spikes)
        shape, times = read_npz(spikes)["spike_times"]
    loss = {"kind": "mean-spike-time", "neuron": 0, "index": 0}
    result = saltation("gradient", {**job, "loss": loss, "with": ["current"]})
    print(
        json.dumps(
            {
                "shape": shape,
                "mean first spike": sum(times) / len(times),
                "value": result["value"],
                "by current": result["gradient"]["current"],
            }
        )
    )
