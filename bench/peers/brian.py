"""
brian.py slif EDGES PATHS STEPS DT | brian.py network EDGES NEURONS STEPS DT: Brian2 compiled (cpp_standalone, float32) by
its own Euler, with spikes and arrivals on the grid. Seconds are those of the compiled run alone.
"""

import os
import resource
import shutil
import sys
import tempfile
import time
import warnings

from peer import absent, of_spikes, serve

warnings.filterwarnings("ignore")
try:
    import brian2 as b2
    import numpy as np
except ImportError as error:
    absent(error)

what, file, count, steps, dt = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
b2.BrianLogger.log_level_error()
b2.prefs.core.default_float_dtype = np.float32
flags = ["-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-march=native", "-std=c++11"]
b2.prefs.codegen.cpp.extra_compile_args_gcc = flags
folder = tempfile.mkdtemp(prefix="saltation-brian-")
b2.set_device("cpp_standalone", build_on_run=False)
S = b2.second
b2.defaultclock.dt = dt * S

if what == "slif":
    from slif import *

    values = dict(mu1=mu1 / S, beta=beta, threshold=threshold, jump=reset, alpha=alpha, sigma=sigma / S**0.5)
    equations = "dv/dt = mu1 * (1.5 - v) + sigma * xi : 1\n"
    start = {}
else:
    from network import *

    values = dict(mu1=mu1 / S, mu2=mu2 / S, beta=beta, threshold=threshold, jump=reset, alpha=alpha, sigma=noise / S**0.5)
    equations = "dv/dt = mu1 * (y + 0.9 - v) + sigma * xi_1 : 1\ndy/dt = -mu2 * y + sigma * xi_2 : 1\n"
    start = dict(v=v0, y=i0)
equations += "ds/dt = exp(clip(beta * (v - threshold), -100, 10 * beta)) / second : 1"
options = dict(threshold="s >= 0", reset="v -= jump\ns = log(rand()) - alpha", method="euler", namespace=values)
group = b2.NeuronGroup(count, equations, **options)
group.s = "log(rand()) - alpha"
for name, value in start.items():
    setattr(group, name, value)
parts = [group]
if what == "network":
    senders, targets, weights = edges(file)
    synapses = b2.Synapses(group, group, "w : 1", on_pre="y_post += w")
    synapses.connect(i=senders, j=targets)
    synapses.w = weights
    parts.append(synapses)
spikes = b2.SpikeMonitor(group)
b2.Network(*parts, spikes).run(steps * dt * S)
began = time.perf_counter()
b2.device.build(directory=folder, compile=True, run=False, debug=False)
built = time.perf_counter() - began


def run(seed):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    b2.device.run(folder, with_output=False, run_args=[])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Of the whole process, also what it takes to start and to write what it recorded.
    return b2.device._last_run_time, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def checked(_):
    # It looks for spikes at the end of a step and gives them the time of its begin.
    i, t = np.asarray(spikes.i), np.asarray(spikes.t / S) + dt
    if what == "network":
        return {"count": int(len(i)), "built": built}
    order = np.lexsort((t, i))
    i, t = i[order], t[order]
    counts = np.bincount(i, minlength=count)
    begin = np.concatenate([[0], np.cumsum(counts)[:-1]])
    times = np.full((count, 3), steps * dt)
    for k in range(3):
        times[counts > k, k] = t[begin[counts > k] + k]
    return {**of_spikes(times, counts, steps * dt), "built": built}


try:
    serve(f"Brian2 {b2.__version__}", run, checked, lambda both: both)
finally:
    shutil.rmtree(folder, ignore_errors=True)
