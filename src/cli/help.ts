/**
 * What `--help` teaches after each command: a job that runs as it stands, what it prints, and what lies in its files.
 * docs/jobs.md has the rest.
 */

export const simulateHelp = `
Example job.json: two neurons, of which the first excites the second by 0.8; times are in the unit of the parameters:
  { "network": { "cell": "slif", "neurons": 2, "weights": { "edges": [[0, 1, 0.8]] } },
    "input": { "current": [1.5, 0.5] },
    "time": { "t1": 5, "dt": 0.01 }, "paths": 100, "seed": 1 }

  $ saltation simulate job.json --backend cpu
  100 paths on float64 twin on the CPU in 0.48 s
  mean spike count 23.82
  discretisation error of spike times 0.00028, 0.087 % of the interval between spikes (8 paths)

The last line is what the step dt costs; above 1 % there is a warning that names a step that would do.
--out spikes.npz writes spike_times and spike_neurons [paths, slots], with t1 and -1 in slots without a spike, and
spike_counts [paths]; "observed" of a training job takes this file. A job may also have "method" (euler, wong-zakai or
levy), "maxSpikes", "antithetic", "input": { "spikes": … }, and cells with your own equations, which may read inputs by name:
"input": { "inputs": { "g": { "dt": 0.5, "samples": [0, 1, 2], "interpolation": "linear" } } } (docs/jobs.md).`;

export const gradientHelp = `
Example job.json: the mean time of the third spike (index 2) of neuron 0, and its gradient by two parameters:
  { "network": { "cell": "slif" }, "input": { "current": 1.5 },
    "time": { "t1": 5, "dt": 0.01 }, "paths": 100, "seed": 1,
    "loss": { "kind": "mean-spike-time", "neuron": 0, "index": 2 },
    "with": ["current", "vReset"] }

  $ saltation gradient job.json --backend cpu
  100 paths on float64 twin on the CPU in 0.62 s
  value 0.672315 ± 0.016662 (standard error)
  d/d current -1.35246 ± 0.0646065
  d/d vReset 0.0890219 ± 0.00155881
  discretisation error of spike times 0.000099, 0.046 % of the interval between spikes (8 paths)

"with" takes names of the cell's parameters and constant inputs, "weights", "current" and "delays", and of samples the times
at which their sources send ("pixels.times"). Losses that compare with data take "observed"
as a training job does. --out gradients.npz writes value, standard_error, gradient_NAME and
gradient_standard_error_NAME; if the job has "perPath": true, it writes value [paths] and gradient_NAME [paths] or
[paths, entries].`;

export const checkHelp = `
Example job.json: two neurons that are reset to a value, of which the first adds its weight to the voltage of the second. What
comes of two spikes at almost the same time depends on their order, which no gradient of a path sees:
  { "network": { "cell": { "name": "x",
      "state": { "v": "mu * (I - v)", "s": "exp(min(beta * (v - 1), 10))" }, "event": "s",
      "reset": { "v": "-0.4", "s": "log(u)" }, "receive": { "v": "v + w" }, "start": { "s": "log(u)" },
      "parameters": { "mu": 15, "beta": 5 } },
    "neurons": 2, "weights": { "edges": [[0, 1, 2]] } },
    "input": { "current": [1.5, 1.3] },
    "time": { "t1": 1, "dt": 0.01 }, "paths": 1000, "seed": 3,
    "loss": { "kind": "mean-spike-time", "neuron": 1, "index": 1 }, "with": ["current"] }

  $ saltation check job.json --backend cpu
  1000 paths on float64 twin on the CPU in 4.46636 s
  ┌────────────┬───────────────────────┬───────────────────┬───────┬─────────────────────────────────┐
  │ d/d        │ gradient              │ finite difference │ step  │ verdict                         │
  │ current[0] │ -0.561931 ± 0.0217987 │ -0.42205          │ 0.045 │ differs by 0.139881 ± 0.0241453 │
  │ current[1] │ -0.134352 ± 0.0199042 │ -0.278161         │ 0.039 │ differs by -0.14381 ± 0.0249849 │
  └────────────┴───────────────────────┴───────────────────┴───────┴─────────────────────────────────┘
  not unbiased: coincident jumps commute is violated: the neuron's own spike and an arrival at one time: "v" after both depends on their order; to mend it, let spikes arrive at a state that the reset leaves or shifts (i + w beside v), or reset by a shift (v - vReset)

The steps are 10, 3, 1 and 0.3 % of a value either way (of the largest of its parameter where it is 0). A smooth difference
comes nearer to the gradient about ninefold from one to the next; where a path jumps, what separates them stays. A
verdict takes four standard errors, of difference minus gradient path by path: "agrees" if a tenth of the gradient would
have been seen, also if only few paths jump, else "cannot tell", with about how many paths would do. It is exit code 0
whatever the verdict; --json has every step.`;

export const kernelHelp = `
Example job.json: two spike trains of two neurons, lifted to paths of time and counts on [0, t1]:
  { "x": { "spikes": [{ "times": [0.2, 0.5], "neurons": [0, 1] },
                      { "times": [0.3], "neurons": [1] }] },
    "t1": 1, "neurons": 2, "static": { "kind": "rbf", "sigma": 1 } }

  $ saltation kernel job.json --backend cpu
  2 × 2 signature kernels on float64 twin on the CPU in 0.0012 s
  6.89811  2.73451
  2.73451  4.45623

Paths may also be given as points, "x": [[[0, 0], [0.3, 0.5]], …]. With "y" the kernels are those of x with y; with
"statistic": "mmd" or "score" as well, the result is one number, and with "gradient": true and --json its gradient by
spike times or points. --out gram.npz writes gram [rows, columns], or value, gradient_x and gradient_y
[points, channels] or [spikes].`;

export const signatureHelp = `
Example job.json: two paths of two channels, as points:
  { "x": [[[0, 0], [0.3, 0.5], [1, 0.9]],
          [[0, 0], [1, -0.4]]],
    "depth": 2 }

  $ saltation signature job.json --backend cpu
  2 signatures of 7 numbers on float64 twin on the CPU in 0.00039 s
1  1  0.9  0.5  0.335  0.565  0.405
  1  1  -0.4  0.5  -0.2  -0.2  0.08

A signature begins with 1 (level 0); then come the words of each level in lexicographic order. --out signatures.npz
writes signatures [paths, numbers]. "x" may also be spike trains, as in "saltation kernel --help"; "log": "expanded",
"words" or "brackets" gives log-signatures.`;

export const trainHelp = `
The job is one of "saltation simulate" with these fields as well:
  "observed": [[0.21, 0.48], [0.25, 0.5]],              trials of spike times, or { "file": "spikes.npz" }
  "loss": { "kind": "first-spikes", "spikes": 2 },
  "trainable": ["current",                              a name, or one with conditions:
    { "name": "mu1", "transform": "softplus" },           positive (softplus or exp)
    { "name": "vTh", "bounds": [0.5, 2] },                between two values
    { "name": "weights", "mask": "nonzero",               these entries only: "nonzero", or true and false in its shape
      "group": "slow" }],                                 moved by an optimiser of its own, or: "learningRate": 0.01
  "optimiser": { "kind": "rmsprop",                     sgd, rmsprop, adam or adamw, with optax's settings
    "learningRate": 0.003,                              or { "kind": "cosine-decay", "initValue": 0.003, "decaySteps": 500 },
                                                        piecewise-constant, exponential-decay, warmup-cosine-decay
    "clip": { "norm": 1 },                              of the gradient: "norm", "value" or both
    "groups": { "slow": { "learningRate": 0.0001 } } },
  "steps": 500, "seed": 1,
  "checkpoint": "run.checkpoint.json"                   written every 2 s; or { "file": …, "every": seconds }

A job with "data" trains on samples with labels in epochs; it has these in place of "observed", "steps" and "paths":
  "data": { "yinYang": { "samples": 5000, "seed": 1, "from": 2, "to": 22, "bias": 12 } },
  "test": { "data": { "yinYang": { "samples": 1000, "seed": 2, "from": 2, "to": 22, "bias": 12 } } },
  "batch": 50, "epochs": 60,
  "loss": { "kind": "cross-entropy", "neurons": "out" }
Samples of your own are { "file": "train.npz" }: spikes by sample, and labels. No step sees those of "test", on which it says accuracy
and confusion after each epoch; the checkpoint that was best there lies beside the other. examples/yin-yang.json is a whole job.

--confidence, or "confidence": true, says how well the data determine a fit by log-likelihood: standard errors, intervals,
AIC, BIC and a test of the model (docs/confidence.md).
--workers redis://host:port has the workers of a queue (saltation worker) evaluate each step together, for first-spikes and
log-likelihood: the same bits for any number of workers, also where some die (docs/clusters.md).
--out losses.npz writes the loss of every step, "loss" [steps], whatever --history says. Figures are drawn by Vega: npm
install vega vega-lite. Ctrl-C (or SIGTERM) writes the checkpoint and ends with exit code 130 (143); --resume continues
from it with the same bits. docs/training.md has the rest.`;

export const splitHelp = `
Example: the gradient of 65,536 paths in 64 pieces, each a command of its own, and then its value and gradient:
  $ saltation split job.json --shards 64 --out big
  64 shards in big
  run them anywhere, say: ls big/shard-*.json | xargs -P 2 -n 4 saltation run && saltation merge big
  $ ls big/shard-*.json | xargs -P 2 -n 4 saltation run
  $ saltation merge big --json

Shards may run in any order, anywhere that sees the folder, twice or again: merge gives the bits of one run on the same
adapter; several in one command share the start of its process. Losses that look at means over all paths (first-spikes)
have a first round: run big/means-*.json before the rest.
A sweep is a job at each point of --grid: every combination of values by field, or a list of points one by one:
  { "network.parameters.mu1": [5, 10, 15], "input.current": { "from": 1, "to": 2, "count": 11 } }
  [{ "network.parameters.mu1": 5.2, "seed": 1 }, { "network.parameters.mu1": 4.9, "seed": 2 }]
--engine slurm writes big/slurm.sh, --engine snakemake a Snakefile; for a queue see "saltation submit --help", and
docs/clusters.md for all of them.`;

export const mergeHelp = `
Where results are missing, cut off or damaged it says so, and prints the commands that make them (exit code 1). Of a sweep
it prints a list, { "parameters", "result" } for each point; of one that failed, { "parameters", "failed" }. "seconds" is
what all shards took together. --out writes what --out of the job's command writes; spikes need split --spikes.`;

export const submitHelp = `
Example, with a Redis and two workers on this machine (apt-get install redis-server; npm install bullmq ioredis):
  $ saltation worker &
  $ saltation worker &
  $ saltation submit job.json --shards 64 --json

It prints what the job itself would have printed. A worker that dies is replaced by the others, and a Redis that goes away
is waited for. Ctrl-C leaves the shards in the queue: the same command takes up what they came to. A shard that fails
--tries times, or whose job is wrong, ends among the dead letters (saltation queue), and its line is the error here.
docs/clusters.md says how to set this up.`;

export const workerHelp = `
A worker runs each shard in a process of its own. Start one for each GPU, or one for each core with --backend cpu at
submit. SIGTERM ends it after what is under way; what a killed worker had is done by another after --lock seconds.
Whoever can write to the Redis decides what workers compute: keep it within a network that you trust, or give it a
password (redis://:password@host:port; in the environment as SALTATION_REDIS it shows in no list of processes).`;

export const inspectHelp = `
Reads NWB, SONATA, SHD and NIR (HDF5: npm install h5wasm), tables of spikes in Parquet and CSV, npz and JSON, told by how a file
begins and not by its name.

  $ saltation inspect cell.nwb
  cell.nwb: NWB 2.6.0
  ┌───────────────────────────────┬──────────────┬──────────────────────────────┬──────┬─────────────────────────┐
  │ key                           │ what         │ size                         │ unit │ times                   │
  │ units                         │ spike trains │ 5 spikes, 2 neurons, 1 trial │      │ s                       │
  │ stimulus/presentation/current │ time series  │ 4000 samples                 │ A    │ every 0.0001 from 0.5 s │
  └───────────────────────────────┴──────────────┴──────────────────────────────┴──────┴─────────────────────────┘
  in a job:
    "input": { "current": { "dt": 0.1, "samples": { "file": "cell.nwb", "key": "stimulus/presentation/current", "unit": "nA", "timeUnit": "ms", "origin": 500 } } },
    "observed": { "file": "cell.nwb", "key": "units", "timeUnit": "ms", "neurons": [7] }

The job's units are yours to choose: times and values of the file are converted to "timeUnit" and "unit", and "origin" is the
file's time at which the job begins. A "?" stands for a unit that the file does not name. docs/files.md has the rest.`;

export const convertHelp = `
  $ saltation convert cell.nwb spikes.parquet --time-unit ms
  5 spikes in 1 trial, times in ms: NWB 2.6.0 to spikes.parquet
  $ saltation convert cell.nwb current.npz --key stimulus/presentation/current --unit nA --time-unit ms
  4000 samples in nA, every 0.1 ms from 500 ms on: NWB 2.6.0 to current.npz
  $ saltation convert shd.h5 spikes.csv --file-time-unit s --trials 0,1
  $ saltation convert net.nir job.json --spike-area 1e-4
  $ saltation convert job.json net.nir

Times keep their bits where no unit is converted. A CSV has a column of trials where there are several; a row with a trial
alone is a trial without a spike. A file whose unit of time is not known must be told it. docs/files.md has the formats.`;
