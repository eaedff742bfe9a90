"""The networks of sizes.ts in Brian 2, compiled (cpp_standalone): the same connections, weights and start.

usage: brian.py FOLDER DT_MS RUNS    (FOLDER has network.json and the arrays sources, targets, weights, v0)
prints JSON: processor seconds of the main loop of each run of one simulated second, and spikes.
"""
import json
import os
import subprocess
import sys

import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, Synapses, defaultclock, device, ms, run, second, set_device

folder, dt, runs = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
built = os.path.join(folder, f"brian-{dt}")
set_device("cpp_standalone", directory=built, build_on_run=False)
defaultclock.dt = dt * ms
with open(os.path.join(folder, "network.json")) as file:
    network = json.load(file)


def array(name, kind):
    return np.fromfile(os.path.join(folder, name), dtype=kind)


tauM, tauS, current = 20 * ms, 5 * ms, network["current"]
neurons = NeuronGroup(
    network["neurons"],
    """dv/dt = (current + x - v) / tauM : 1
    dx/dt = -x / tauS : 1""",
    threshold="v > 1",
    reset="v = 0",
    method="exact",
)
neurons.v = array("v0", "f8")
synapses = Synapses(neurons, neurons, "w : 1", on_pre="x_post += w", delay=1.5 * ms)
synapses.connect(i=array("sources", "u4").astype(int), j=array("targets", "u4").astype(int))
synapses.w = array("weights", "f8")
spikes = SpikeMonitor(neurons)
run(1 * second)
device.build(directory=built, compile=True, run=False)
results = os.path.join(built, "results")
seconds = []
for _ in range(runs):
    subprocess.run(["./main"], cwd=built, check=True, stdout=subprocess.DEVNULL)
    # Brian's own clock counts the processor time of the loop over steps.
    with open(os.path.join(results, "last_run_info.txt")) as file:
        seconds.append(float(file.read().split()[0]))
times = [name for name in os.listdir(results) if name.startswith("_dynamic_array_spikemonitor_t_")]
print(json.dumps({"seconds": seconds, "spikes": os.path.getsize(os.path.join(results, times[0])) // 8}))
