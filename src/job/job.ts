/**
 * Job files: one JSON object that says what to simulate, differentiate or train. Their schemas say structure and
 * types; what depends on the network (sizes, names) is checked where the network is built.
 */
import * as z from "zod";
import { methods } from "../plan/plan.js";
import type { SampleOptions } from "../plan/samples.js";
import { solverLimits } from "../signature/definitions/solver.js";
import { solver, staticKernel, whole } from "./signature-job.js";
import { optimiserSchema, trainablesSchema } from "./update-job.js";

// What has an id stands once in the JSON Schema (job-schema.ts), and its uses refer to it.
const finite = z.number();
const perNeuron = z.union([finite, z.array(finite)], {
  error: "expected a finite number, or a list of them (one per neuron)",
});

const equation = z.union([z.string(), z.number()], { error: "expected an equation as text" });
const equations = z.record(z.string(), equation);
const marcus = z.strictObject({
  marcus: equation.describe("a field along which the state moves for a unit of fictitious time"),
});
const port = z
  .union(
    [
      z.strictObject({ marcus: equations.describe("fields along which states move, all together") }),
      z.record(z.string(), z.union([equation, marcus], { error: "expected an equation as text, or { marcus }" })),
    ],
    { error: "expected equations by the names of states, or { marcus }" },
  )
  .meta({ id: "port" });
const event = z
  .strictObject({
    when: equation.describe("the event happens when it crosses 0 upwards"),
    jump: equations.optional(),
    emits: z.boolean().optional().describe("whether it is a spike: recorded, and sent to targets"),
    terminal: z.boolean().optional().describe("whether it ends the path"),
  })
  .meta({ id: "event" });
const cell = z
  .strictObject({
    name: z.string(),
    inputs: z.array(z.string()).optional().describe("input signals that equations may read; default I"),
    let: equations.optional(),
    state: equations,
    noise: z
      .record(
        z.string(),
        z.union([z.string(), z.number(), equations], { error: "expected an equation as text, or some by channel" }),
      )
      .optional(),
    calculus: z.enum(["stratonovich", "ito"]).optional(),
    shared: z.array(z.string()).optional(),
    event: equation.optional(),
    reset: equations.optional(),
    events: z.record(z.string(), event).optional(),
    receive: z
      .record(
        z.string(),
        z.union([equation, marcus, port], { error: "expected an equation as text, or those of a port" }),
      )
      .optional()
      .describe("what a target becomes when a spike of weight w arrives; of several ports, that of each by its name"),
    random: z.record(z.string(), z.enum(["uniform", "normal"])).optional(),
    start: equations.optional(),
    parameters: z.record(z.string(), finite),
    positive: z.array(z.string()).optional(),
    units: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: "cell" });

const blockDelays = z
  .union([finite, z.array(finite), z.array(z.array(finite)), z.array(z.array(z.array(finite)))], {
    error: "expected a finite number, or one for each connection in the shape of the weights (of edges a list)",
  })
  .meta({ id: "block-delays" });
const ofBlock = {
  port: z.string().optional().describe("port of the targets; may be left out where the cell has one"),
  delays: blockDelays
    .optional()
    .describe("time from a spike to its arrival, 0 or more; without, spikes arrive at once"),
};
const weightBlock = z.union(
  [
    z.strictObject({ dense: z.array(z.array(finite)), ...ofBlock }),
    z.strictObject({
      edges: z.array(z.tuple([finite, finite, finite], { error: "expected [from, to, weight]" })),
      ...ofBlock,
    }),
    z.strictObject({ layers: z.array(z.array(z.array(finite))), ...ofBlock }),
    z.strictObject({
      uniform: z.tuple([finite, finite]),
      total: finite.optional(),
      seed: finite.optional(),
      ...ofBlock,
    }),
  ],
  { error: 'expected { "dense": … }, { "edges": … }, { "layers": … } or { "uniform": [low, high] }' },
);
const weights = z
  .union([weightBlock, z.array(weightBlock)], {
    error: 'expected { "dense": … }, { "edges": … }, { "layers": … } or { "uniform": [low, high] }, or a list of such',
  })
  .meta({ id: "weights" });

/** What a job says of times in a file: docs/files.md. */
const times = {
  timeUnit: z.string().optional().describe("the job's unit of time, to which the file's is converted: s, ms or us"),
  origin: finite.optional().describe("the time of the file, in timeUnit, at which the job's time is 0; default 0"),
};
const reference = z.strictObject({ file: z.string(), key: z.string(), scale: finite.optional() });
/** A part of another file: a key of a JSON file, an array of an npz or HDF5 file, a time series of NWB. */
const samplesReference = reference.extend({
  unit: z.string().optional().describe("the job's unit of these values, to which the file's is converted: nA, mV"),
  fileUnit: z.string().optional().describe("the file's, where it names none"),
  ...times,
});
export type SamplesReference = z.infer<typeof samplesReference>;

const samples = z.union([z.array(finite), z.array(z.array(finite)), samplesReference], {
  error: "expected a list of samples (time × neuron), or { file, key }",
});
const interpolation = z
  .enum(["constant", "linear"])
  .optional()
  .describe("between samples: constant (default) holds each up to the next, linear goes straight to it");
const begins = finite.optional().describe("the time of the first sample; default the job's t0");
const signal = z
  .union([finite, z.array(finite), z.strictObject({ dt: finite, samples, interpolation, t0: begins })], {
    error: "expected a finite number, a list of them (one per neuron), or { dt, samples }",
  })
  .meta({ id: "signal" });
export type SignalJob = z.infer<typeof signal>;
const signals = z.record(z.string(), signal).describe("input signals of the cell by name");

/** Numbers by sample: an array of npz or HDF5, lists of a JSON file. */
const arrayReference = reference.extend({ key: z.string().describe("the name of the array") });
export type ArrayReference = z.infer<typeof arrayReference>;
const rows = z
  .union([z.array(finite), z.array(z.array(finite)), arrayReference], {
    error: "expected a list with a number, or a list of numbers, for each sample, or { file, key }",
  })
  .meta({ id: "rows" });
const seriesRows = z
  .union([z.array(z.array(finite)), z.array(z.array(z.array(finite))), arrayReference], {
    error: "expected samples by time of each sample, [samples][time] or [samples][time][neurons], or { file, key }",
  })
  .meta({ id: "series-rows" });
/** What samples have of their own: docs/data.md. */
const ofSamples = {
  inputs: z
    .record(
      z.string(),
      z.union([...rows.options, z.strictObject({ dt: finite, samples: seriesRows, interpolation, t0: begins })], {
        error: "expected numbers by sample, { file, key }, or { dt, samples }",
      }),
    )
    .optional()
    .describe("signals by name; of a network of several populations hidden.I"),
  parameters: z.record(z.string(), rows).optional().describe("parameters by name"),
  initial: z.record(z.string(), rows).optional().describe("states at t0 by name"),
  drivers: z
    .record(
      z.string(),
      z.union(
        [
          z.strictObject({ dt: finite, samples: seriesRows, t0: begins }),
          z.strictObject({
            hurst: finite.describe("of fractional Brownian motion, above 1/4 and below 1"),
            seed: finite,
            dt: finite.optional().describe("of its points; default that of the steps"),
            perNeuron: z.boolean().optional().describe("a path for each neuron; default one for all"),
          }),
        ],
        { error: "expected { dt, samples } or { hurst, seed }" },
      ),
    )
    .optional()
    .describe("paths of noise channels by name"),
};
export type ValuesJob = {
  [K in keyof typeof ofSamples]?: z.infer<(typeof ofSamples)[K]>;
};
const sampleLabels = z
  .union([z.array(finite), arrayReference], { error: "expected a label for each sample, or { file, key }" })
  .optional();
const samplesJob = z
  .strictObject({
    spikes: z
      .union(
        [
          z.strictObject({
            file: z.string().describe("npz of offsets, times and sources, or HDF5 of spike trains"),
            key: z.string().optional(),
            scale: finite.optional(),
          }),
          z.array(z.strictObject({ times: z.array(finite), sources: z.array(finite) })),
        ],
        { error: "expected { file }, or a list with { times, sources } for each sample" },
      )
      .optional()
      .describe("spikes of the network's sources"),
    ...ofSamples,
    labels: sampleLabels,
    trials: finite.optional().describe("paths of each sample, default 1"),
  })
  .meta({ id: "samples" });
export type SamplesJob = z.infer<typeof samplesJob>;

const cellOf = z
  .union([z.string(), cell], { error: "expected the name of a built-in cell, or a cell's equations" })
  .optional();

/** Signals of populations stand in the job itself. */
const ownSignal = z.union(
  [
    finite,
    z.array(finite),
    z.strictObject({
      dt: finite,
      samples: z.union([z.array(finite), z.array(z.array(finite))], {
        error: "expected a list of numbers, or of lists of them (one per neuron)",
      }),
      interpolation,
      t0: begins,
    }),
  ],
  { error: "expected a finite number, a list of them (one per neuron), or { dt, samples }" },
);
const population = z
  .union(
    [
      z.strictObject({ sources: finite.describe("nodes that only send: their spikes come with samples") }),
      z.strictObject({
        poisson: ownSignal.describe("Poisson processes of this rate: a number, one per neuron, or { dt, samples }"),
        neurons: finite.optional().describe("how many; default as many as rates are listed, else 1"),
      }),
      z.strictObject({
        cell: cellOf,
        neurons: finite,
        parameters: z.record(z.string(), perNeuron).optional(),
        inputs: z.record(z.string(), ownSignal).optional(),
        current: ownSignal.optional().describe("short for the input I"),
      }),
    ],
    { error: 'expected { "neurons": …, "cell": … }, { "poisson": … } or { "sources": … }' },
  )
  .meta({ id: "population" });
const law = {
  constant: finite.optional(),
  normal: z.tuple([finite, finite]).optional().describe("mean and standard deviation"),
  uniform: z.tuple([finite, finite]).optional(),
  seed: finite.optional(),
};
const numberOrLaw = z.union([finite, z.strictObject(law)], {
  error: "expected a finite number, or a law: { normal }, { uniform } or { constant }",
});
const projection = z
  .strictObject({
    name: z.string().optional().describe("default from→to"),
    from: z.string(),
    to: z.string(),
    port: z.string().optional().describe("port of the targets; may be left out where their cell has one"),
    weights: z.union(
      [
        z.strictObject({ dense: z.array(z.array(finite)) }),
        z.strictObject({ edges: z.array(z.tuple([finite, finite, finite], { error: "expected [from, to, weight]" })) }),
        z.strictObject({ rowStart: z.array(finite), targets: z.array(finite), weights: z.array(finite) }),
        z.strictObject({
          oneToOne: z.union([...numberOrLaw.options, z.array(finite)], {
            error: "expected a finite number, one for each connection, or a law",
          }),
        }),
        z.strictObject({ allToAll: numberOrLaw }),
        z.strictObject({
          random: z.strictObject({
            probability: finite.optional(),
            in: finite.optional().describe("connections into each target"),
            out: finite.optional().describe("connections out of each sender"),
            autapses: z.boolean().optional(),
            ...law,
          }),
        }),
      ],
      { error: "expected one of dense, edges, rowStart (with targets and weights), oneToOne, allToAll, random" },
    ),
    delays: z
      .union([...numberOrLaw.options, z.array(finite), z.array(z.array(finite))], {
        error: "expected a finite number, one for each connection, or a law",
      })
      .optional()
      .describe("time from a spike to its arrival: one, one for each connection, or a law; without, at once"),
    tied: z
      .union([z.literal(true), z.array(finite)], { error: "expected true, or the group of each connection" })
      .optional()
      .describe("true: one weight for all; or the group of each connection"),
  })
  .meta({ id: "projection" });

const network = z
  .strictObject({
    cell: cellOf,
    neurons: finite.optional(),
    layers: z.array(finite).optional(),
    parameters: z.record(z.string(), perNeuron).optional(),
    weights: weights.optional(),
    populations: z
      .record(z.string(), population)
      .optional()
      .describe("neurons and sources by name, in place of all before"),
    projections: z.array(projection).optional().describe("connections between populations"),
  })
  .meta({ id: "network" });

const solve = {
  network,
  input: z
    .strictObject({
      current: signal.optional().describe("short for the input I"),
      inputs: signals.optional(),
      spikes: z
        .strictObject({
          times: z.array(finite),
          neurons: z.array(finite),
          weights: z.array(finite),
          port: z
            .union([z.string(), z.array(z.string())], { error: "expected the name of a port, or a list of them" })
            .optional()
            .describe("port at which all arrive, or that of each; may be left out where the cell has one"),
        })
        .optional(),
    })
    .optional(),
  time: z
    .strictObject({ t0: finite.optional(), t1: finite, dt: finite })
    .meta({ id: "time" })
    .describe("from t0 (default 0) to t1 in steps of dt, in the unit of the parameters; a whole number of steps fits"),
  method: z.enum(methods).optional().describe("how a step is solved; default levy"),
  // Where there are samples it is left out, and what reads them puts it in (samples-job.ts).
  paths: finite
    .optional()
    .describe("number of Monte Carlo paths; without samples it is needed") as unknown as typeof finite,
  samples: samplesJob.optional().describe("what differs from path to path: a path is a sample, or one of its trials"),
  seed: finite.optional().describe("seed of noise and uniforms, a whole number below 2^32; default 0"),
  maxSpikes: finite.optional().describe("a path stops at its maxSpikes-th event in the whole network"),
  antithetic: z
    .boolean()
    .optional()
    .describe("paths in pairs, the second with the noise of the first turned round; default false"),
  discretisation: z
    .union([z.boolean(), z.strictObject({ tolerance: finite.optional() })], {
      error: 'expected true, false or { "tolerance": … }',
    })
    .meta({ id: "discretisation" })
    .optional()
    .describe(
      "whether the error that spike times owe to dt is measured, default true; tolerance: the part of the mean interval " +
        "between spikes above which there is a warning, default 0.01",
    ),
};

const numbers = (of: string) =>
  z.union([finite, z.array(finite)], { error: `expected ${of}, or a list of them` }).optional();
const neuronName = z.union([finite, z.string()], {
  error: 'expected the number of a neuron, or its name, as "out[3]"',
});
/** Neurons by number or name. */
const neuronNames = z
  .union([finite, z.string(), z.array(neuronName)], {
    error: "expected the number of a neuron, or a list of them, or names",
  })
  .meta({ id: "neurons" });
/** Spikes that count. */
const counted = {
  neuron: neuronNames
    .optional()
    .describe('whose spikes count, added up: numbers, "out[3]", or "out" for all of a population; all where absent'),
  from: finite.optional().describe("where the window begins; default t0"),
  to: finite.optional().describe("where it ends; default t1"),
};
const statisticTarget = finite.optional().describe("what it is to be: the loss is their squared difference");
const targeted = {
  target: numbers("a number").describe(
    "what the mean is to be: the loss is their squared difference; a list has one for each neuron",
  ),
  error: z
    .enum(["mse", "mae", "above", "below"])
    .optional()
    .describe("the difference squared or absolute; or squared where the mean is above the target, or below"),
};
/** Rates that are regularised, neuron by neuron. */
const bounded = {
  neuron: neuronNames.optional().describe('numbers, "out[3]", or "out" for all of a population; default all'),
  from: counted.from,
  to: counted.to,
};

const lookedAt = z
  .union([z.string(), z.array(neuronName)], { error: "expected the name of a population, or a list of neurons" })
  .optional()
  .describe("the neurons that the loss looks at, in its order; default all");

/** Times of the grid. */
const gridTimes = z
  .union([z.array(finite), z.strictObject({ every: finite }), z.literal("t1")], {
    error: 'expected a list of times, { "every": … } or "t1"',
  })
  .describe("times of the grid, rising; every so much time from t0 to t1; or t1 alone")
  .meta({ id: "grid-times" });

/** States at such times. */
const observed = {
  of: z.array(z.string()).optional().describe("names of states; default all"),
  neurons: neuronNames.optional().describe('numbers, "out[3]", or "out" for all of a population; default all'),
  times: gridTimes,
};

const knownLosses =
  "expected mean-spike-time, spike-count, spike-rate, first-passage, fano-factor, interval, first-spikes, expected-signature, signature-mmd, " +
  "signature-score, cross-entropy, target-times, expression, psth, van-rossum, voltage-fit, payoff, rate, silence, sum or log-likelihood";

const one = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("mean-spike-time"), neuron: neuronName.optional(), index: finite.optional() }),
      z.strictObject({ kind: z.literal("spike-count"), ...counted, ...targeted }),
      z.strictObject({ kind: z.literal("spike-rate"), ...counted, ...targeted }),
      z.strictObject({ kind: z.literal("first-passage"), ...counted, count: finite.optional() }),
      z.strictObject({ kind: z.literal("fano-factor"), ...counted, target: statisticTarget }),
      z.strictObject({
        kind: z.literal("interval"),
        neuron: counted.neuron,
        statistic: z
          .enum(["mean", "cv"])
          .optional()
          .describe("the mean of intervals, or their coefficient of variation"),
        target: statisticTarget,
      }),
      z.strictObject({
        kind: z.literal("first-spikes"),
        spikes: finite.optional(),
        error: z.enum(["mse", "mae"]).optional(),
      }),
      z.strictObject({
        kind: z.literal("expected-signature"),
        depth: whole(1, solverLimits.depth),
        matching: z.boolean().optional(),
        levelWeights: z.array(finite).optional(),
      }),
      z.strictObject({
        kind: z.literal("signature-mmd"),
        static: staticKernel.optional(),
        solver: solver.optional(),
        unbiased: z.boolean().optional(),
      }),
      z.strictObject({
        kind: z.literal("signature-score"),
        static: staticKernel.optional(),
        solver: solver.optional(),
      }),
      z.strictObject({
        kind: z.literal("cross-entropy"),
        of: z.enum(["first-spike", "count"]).optional(),
        states: z
          .strictObject({
            state: z.string().optional().describe("the state that is read; default v"),
            read: z
              .enum(["final", "mean", "integral", "max"])
              .optional()
              .describe("over the times: at the last (default), mean, integral, or the largest at these times"),
            times: gridTimes.optional(),
          })
          .optional()
          .describe("classes are told by a state of the neurons, in place of their spikes"),
        neurons: lookedAt,
        temperature: finite.optional(),
      }),
      z.strictObject({
        kind: z.literal("target-times"),
        times: z.union([z.array(z.array(finite)), z.array(z.array(z.array(finite)))], {
          error: "expected [neurons][spikes], or [labels][neurons][spikes]",
        }),
        neurons: lookedAt,
      }),
      z.strictObject({
        kind: z.literal("expression"),
        value: z.string().describe("of t[k], n[k], label, t[label], n[label], t0, t1 and the constants"),
        constants: z.record(z.string(), finite).optional(),
        neurons: lookedAt,
      }),
      z.strictObject({
        kind: z.literal("voltage-fit"),
        state: z.string().optional().describe("the state that the trace is of; default v"),
        neurons: neuronNames.optional().describe('numbers, "out[3]", or "out" for all of a population; default 0'),
        times: gridTimes,
        values: z
          .union([z.array(finite), z.array(z.array(finite))], {
            error: "expected a list of numbers, or a list for each time with one for each neuron",
          })
          .describe("the trace: a number for each time, or a list with one for each neuron"),
      }),
      z.strictObject({
        kind: z.literal("payoff"),
        value: z.string().describe("an expression of states"),
        constants: z.record(z.string(), finite).optional(),
        at: finite.optional().describe("the time at which states are looked at; default t1"),
      }),
      z.strictObject({ kind: z.literal("rate"), most: finite, ...bounded }),
      z.strictObject({ kind: z.literal("silence"), least: finite, ...bounded }),
      z.strictObject({ kind: z.literal("psth"), ...counted, bin: finite.describe("length of a bin") }),
      z.strictObject({ kind: z.literal("van-rossum"), tau: finite, unbiased: z.boolean().optional() }),
      z.strictObject({
        kind: z.literal("log-likelihood"),
        /** Trials of a step; all where absent. */
        batch: finite.optional(),
        /** Parameters that the network has while it is trained, and not when it is simulated. */
        parameters: z.record(z.string(), perNeuron).optional(),
      }),
    ],
    { error: knownLosses },
  )
  .meta({ id: "one-loss" });
/** Kinds of losses but a sum of them. */
export const oneLossKinds: readonly string[] = one.options.map((o) => o.shape.kind.value);
export type OneLossJob = z.infer<typeof one>;

const loss = z
  .discriminatedUnion(
    "kind",
    [
      one,
      z.strictObject({
        kind: z.literal("sum"),
        of: z.array(z.strictObject({ loss: one, weight: finite.optional().describe("default 1") })),
      }),
    ],
    { error: knownLosses },
  )
  .meta({ id: "loss" });
export type LossJob = z.infer<typeof loss>;

const outside = z
  .literal("drop")
  .optional()
  .describe("leave spikes outside t0 to t1 out even where those are all, and take the trials as silent");

const spikesOfFile = {
  outside,
  ...times,
  fileTimeUnit: z.string().optional().describe("the file's unit of time, where it names none"),
  neurons: z
    .array(finite)
    .optional()
    .describe("neurons of the file that become neurons 0, 1, …; default all, as they are"),
  trials: z.array(finite).optional().describe("trials of the file, counted from 0; default all"),
};
/** Spike trains in a file: lists of a JSON file, arrays of an npz, spike trains of HDF5, or a table (Parquet, CSV). */
const spikesReference = z.strictObject({
  file: z.string(),
  key: z.string().optional(),
  scale: finite.optional(),
  ...spikesOfFile,
});
export type SpikesReference = z.infer<typeof spikesReference>;

/** Spike times of repeated trials: lists, or a file of them. */
const trials = z
  .union(
    [
      z.array(z.array(finite)),
      z.strictObject({ times: z.array(z.array(finite)), neurons: z.array(z.array(finite)).optional(), outside }),
      spikesReference,
    ],
    { error: "expected a list of trials (lists of spike times), { times, neurons } or { file, key }" },
  )
  .meta({ id: "trials" });
export type TrialsJob = z.infer<typeof trials>;

/** Observed trains drawn from a network with other values: a true one, to be recovered. */
const simulated = z
  .strictObject({
    simulate: z.strictObject({
      paths: finite,
      seed: finite.optional(),
      current: signal.optional(),
      inputs: signals.optional(),
      parameters: z.record(z.string(), perNeuron).optional(),
      weights: weights.optional(),
      method: z.string().optional(),
      dt: finite.optional(),
      maxSpikes: finite.optional(),
    }),
  })
  .meta({ id: "simulated" });
export type SimulatedJob = z.infer<typeof simulated>;

/** Measures of the fitted network against trains that no step has seen. */
const test = z
  .strictObject({
    paths: finite,
    seed: finite.optional(),
    spikes: finite.optional(),
    depth: finite.optional(),
    every: finite.optional(),
    from: finite.optional(),
    average: finite.optional(),
  })
  .meta({ id: "test" });
export type TestJob = z.infer<typeof test>;

/** Input spikes with labels: a file, or points that are drawn. */
const data = z
  .union(
    [
      z.strictObject({
        file: z.string().describe("npz of offsets, times, sources and labels, or HDF5 of spike trains"),
        key: z.string().optional(),
        labels: z.string().optional().describe("the array of labels; default labels"),
        sourceCount: finite.optional(),
        scale: finite.optional().describe("times are multiplied by it"),
        jitter: finite.optional(),
        ...ofSamples,
      }),
      z.strictObject({
        yinYang: z.strictObject({
          samples: finite,
          seed: finite,
          from: finite.optional(),
          to: finite.optional(),
          bias: z
            .union([finite, z.literal(false)], { error: "expected a time, or false for no bias spike" })
            .optional(),
        }),
        jitter: finite.optional().describe("standard deviation of what moves an input spike in each epoch"),
        ...ofSamples,
      }),
      z.strictObject({
        images: z
          .string()
          .describe("images of the idx format: Fashion-MNIST, MNIST and their relatives; packed or not"),
        labels: z.string().describe("the file of their labels"),
        latency: z
          .strictObject({
            from: finite,
            to: finite,
            early: z.enum(["high", "low"]).optional(),
            threshold: finite.optional().describe("pixels, from 0 to 1, up to this one do not spike"),
            bias: z.union([finite, z.array(finite)], { error: "expected a time, or a list of them" }).optional(),
          })
          .describe("each pixel as one spike: the earlier, the brighter"),
        from: finite.optional().describe("the first image that is taken; default 0"),
        count: finite.optional().describe("how many are taken; default all"),
        jitter: finite.optional(),
        ...ofSamples,
      }),
      z.strictObject({ ...ofSamples, labels: sampleLabels }),
    ],
    { error: "expected { file }, { yinYang: { samples, seed } }, { images, labels, latency } or { inputs }" },
  )
  .meta({ id: "data" });
export type DataSourceJob = z.infer<typeof data>;

const { paths: _, samples: __, ...solveOfData } = solve;
/** How many paths each sample of data has. */
const ofTrials = finite.optional().describe("paths of each sample, default 1");

export const simulateSchema = z.strictObject({
  ...solve,
  states: z.strictObject(observed).optional().describe("states that are kept beside spikes"),
});
/** A simulation of samples: `saltation simulate` takes a job that has `data`. */
export const simulateDataSchema = z.strictObject({
  ...solveOfData,
  data,
  trials: ofTrials,
  states: simulateSchema.shape.states,
});
export type SimulateDataJob = z.infer<typeof simulateDataSchema>;
/** What is asked of a gradient before it is taken. */
const requirements = {
  requireExact: z
    .boolean()
    .optional()
    .describe("refuse a cell for which the derivative of a path does not exist; default true"),
  requireUnbiased: z
    .boolean()
    .optional()
    .describe("refuse a job whose mean gradient is not known to be the derivative of the mean; default false"),
};

const estimator = z
  .enum(["horizon", "pathwise", "score", "mix", "auto"])
  .optional()
  .describe(
    "of gradients: derivatives of paths with what appears at t1 (default); without it; how probable paths are, for losses that jump before t1; the best mix of both; or the cheapest that is known to be unbiased",
  );

export const gradientSchema = z.strictObject({
  ...solve,
  loss,
  with: z
    .array(z.string())
    .describe(
      "what to differentiate by: names of the cell's parameters and constant inputs, weights, current, delays; none: the value alone",
    ),
  perPath: z.boolean().optional().describe("write every path's gradient to the npz"),
  observed: trials.optional(),
  estimator,
  ...requirements,
});
const metrics = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z.literal("spike-trains"),
        t0: finite,
        t1: finite,
        window: finite,
        bin: finite.optional(),
        smooth: finite.optional(),
        neuron: finite.optional(),
        unit: z.string().optional(),
      }),
    ],
    { error: "expected spike-trains" },
  )
  .meta({ id: "metrics" });

/** docs/confidence.md */
const confidence = z
  .strictObject({
    level: finite.optional().describe("probability of intervals and bands, default 0.95"),
    coordinates: z
      .enum(["unconstrained", "natural"])
      .optional()
      .describe(
        "where log L is taken for a parabola: those of the constraints (default), or the parameters themselves",
      ),
    refine: z
      .boolean()
      .optional()
      .describe("go on to the maximum of log L first; default false, and true with a profile"),
    profile: z
      .union([z.literal("all"), z.array(z.string())], { error: 'expected a list of parameters, or "all"' })
      .optional()
      .describe("fitted numbers of which a profile likelihood is wanted: vTh, weights[3]"),
  })
  .meta({ id: "confidence" });

export const trainSchema = z.strictObject({
  ...solve,
  observed: z
    .union([simulated, ...trials.options], {
      error: "expected a list of trials (lists of spike times), { times, neurons }, { file, key } or { simulate }",
    })
    .optional(),
  loss,
  test: test.optional(),
  optimiser: optimiserSchema,
  steps: finite,
  trainable: trainablesSchema,
  commonNoise: z.boolean().optional(),
  estimator,
  checkpoint: z
    .union([z.string(), z.strictObject({ file: z.string(), every: finite.optional() })], {
      error: "expected a file, or { file, every } with seconds between writes",
    })
    .optional(),
  ...requirements,
  metrics: metrics.optional(),
  confidence: z
    .union([z.boolean(), confidence], {
      error: "expected true, false or { level, coordinates, refine, profile }",
    })
    .optional()
    .describe(
      "of a log-likelihood: how well the data determine what was fitted, and whether the model stands for them; default false",
    ),
  units: z
    .record(z.string(), z.string().max(40))
    .optional()
    .describe("for readers: of time, and of parameters by name; nothing is converted"),
});

/** A training on data: `saltation train` takes a job that has `data`. */
export const trainDataSchema = z.strictObject({
  ...solveOfData,
  data,
  batch: finite.describe("samples of a step"),
  epochs: finite,
  trials: ofTrials,
  test: z
    .strictObject({ data, every: finite.optional(), trials: finite.optional(), seed: finite.optional() })
    .optional()
    .describe("samples that no step sees, and how often the network is measured on them, in epochs"),
  loss,
  optimiser: optimiserSchema,
  trainable: trainablesSchema,
  commonNoise: z.boolean().optional(),
  checkpoint: trainSchema.shape.checkpoint,
  ...requirements,
  units: trainSchema.shape.units,
});
export type TrainDataJob = z.infer<typeof trainDataSchema>;

/** With what its files hold of samples, where it has such. */
interface Read {
  readonly sampled?: SampleOptions;
}
export type SolveJob = z.infer<typeof simulateSchema> & Read;
export type GradientJob = z.infer<typeof gradientSchema> & Read;
export type TrainJob = z.infer<typeof trainSchema> & Read;
