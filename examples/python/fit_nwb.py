# %% [markdown]
# # A cell fitted to an NWB file
# Cells begin with `# %%`: run the file as a whole, or cell by cell in VS Code, Spyder or Jupyter (with jupytext).
#
#     python3 fit_nwb.py [cell.nwb]
#
# Without a file it makes one by h5py, of the synthetic recording that comes with the package: 6 s of a noisy current and
# the spikes of one trial, of a cell whose true parameters are known.

# %%
import json
import pathlib
import sys
import tempfile

import saltation

HERE = pathlib.Path(__file__).resolve().parent


def synthetic_nwb(file):
    """Writes the synthetic recording as NWB: a unit in seconds, and a current in pA with its conversion to A."""
    import h5py
    import numpy as np

    data = HERE.parent / "data" / "synthetic-recording.json"
    if not data.exists():
        sys.exit("usage: python3 fit_nwb.py cell.nwb (the synthetic recording lies in the package, beside this file's folder)")
    recording = json.loads(data.read_text())
    with h5py.File(file, "w") as nwb:
        nwb.attrs["nwb_version"] = "2.6.0"
        units = nwb.create_group("units")
        units["spike_times"] = np.array(recording["trials_spike_times_ms"][0]) / 1000
        units["spike_times_index"] = np.array([len(units["spike_times"])], dtype="u4")
        units["id"] = np.array([7])
        series = nwb.create_group("stimulus/presentation/current")
        data = series.create_dataset("data", data=np.array(recording["current_pA"]), compression="gzip")
        data.attrs["unit"] = "amperes"
        data.attrs["conversion"] = 1e-12
        begin = series.create_dataset("starting_time", data=0.0)
        begin.attrs["rate"] = 1000 / recording["dt_ms"]
        begin.attrs["unit"] = "seconds"
    return recording["true_parameters"]


truth = {}
if len(sys.argv) > 1:
    recording = sys.argv[1]
else:
    recording = pathlib.Path(tempfile.mkdtemp(), "cell.nwb")
    truth = synthetic_nwb(recording)

# %% What is inside, and how a job names it: units are the job's (ms, nA), and the file's are converted.
contents = saltation.inspect(recording)
print(contents["format"])
for entry in contents["entries"]:
    print(f"  {entry['key']}: {entry['what']}, {entry['size']}")
fields = contents["job"]
print(json.dumps(fields, indent=2))

# %% The job: a generalised integrate-and-fire cell, by the log-likelihood of the spikes that were recorded.
dt = fields["input"]["current"]["dt"]
positive = [{"name": name, "transform": "exp"} for name in ("tau", "gain", "tauEta")]
voltages = [{"name": name, "group": "voltages"} for name in ("vTh", "vReset", "jEta")]
job = {
    "network": {"cell": "gif", "parameters": {"jGamma": 0, "k": 0}},
    **fields,
    "time": {"t1": 4000, "dt": dt},
    "paths": 100,
    "seed": 1,
    "loss": {"kind": "log-likelihood"},
    "trainable": positive + voltages,
    "optimiser": {
        "kind": "adam",
        "learningRate": {"kind": "cosine-decay", "initValue": 0.1, "decaySteps": 100},
        "clip": {"norm": 10},
        "groups": {"voltages": {"learningRate": {"kind": "cosine-decay", "initValue": 0.5, "decaySteps": 100}}},
    },
    "steps": 100,
}
fit = saltation.run("train", job)

# %% What was found.
loss = fit.arrays["loss"]
print(f"minus log-likelihood {loss[0]:.1f} → {loss[-1]:.1f} in {len(loss)} steps")
for name, value in fit["parameters"].items():
    print(f"  {name} {value:.3g}" + (f" (true: {truth[name]})" if name in truth else ""))
