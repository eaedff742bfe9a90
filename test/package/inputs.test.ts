/** What the public entries refuse: one line, before any work, that names the field and what is wrong with its value. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as saltation from "../../src/index.js";

// As plain JavaScript sees the library: no types.
// biome-ignore lint/suspicious/noExplicitAny: what is given here does not fit the types
const js = saltation as any;
const { Engine, rmsprop, sgd, adam, train, firstSpikes, meanSpikeTime, vanRossum, pathLoss, logLikelihood } = js;
const {
  expectedSignatureLoss,
  signatureMmdLoss,
  signatureScoreLoss,
  liftSpikes,
  signatureMMD,
  twoSampleTest,
  libraryCell,
} = js;

const solve = { paths: 4, t1: 1, dt: 0.1, seed: 1 };
const trial = { times: [0.2, 0.5], neurons: [0, 0] };
const two = [trial, trial];
const [x, y] = [0, 1].map((k) => [0, 1].map((i) => [[0], [k + i]]));
const optimiser = rmsprop({ learningRate: 0.01 });
const training = { ...solve, loss: meanSpikeTime(), optimiser, trainable: ["current"], steps: 2 };

// biome-ignore lint/suspicious/noExplicitAny: as above
let engine: any, network: any, backend: any, checkpoint: any;
beforeAll(async () => {
  engine = await Engine.create({ backend: "cpu" });
  network = engine.network({ current: 1.5 });
  backend = js.signatureBackend(null);
  for await (const step of train(network, { ...training, steps: 1 })) checkpoint = await step.checkpoint();
});
afterAll(() => engine.dispose());

const simulated = (options: unknown) => () => network.simulate(options);
const gradient = (options: object, loss: unknown = meanSpikeTime()) => {
  return () => network.valueAndGradient(loss, { ...solve, with: ["current"], ...options });
};
const trained = (options: object) => async () => {
  for await (const _ of train(network, { ...training, ...options }));
};
const resumed = (changes: object, update: object = {}) => {
  return () => trained({ resume: { ...checkpoint, update: { ...checkpoint.update, ...update }, ...changes } })();
};

type Case = [string, () => unknown, string];
const misspelt: Case[] = [
  ["engine", () => Engine.create({ backnd: "cpu" }), "backnd: is unknown; known: backend, device, power"],
  ["simulate", simulated({ ...solve, maxspikes: 1 }), "maxspikes: is unknown; known: paths, t0, t1, dt, method, seed"],
  ["traces", () => network.stateTraces({ ...solve, neuron: [0] }), "neuron: is unknown"],
  ["sensitivities", () => network.spikeTimeSensitivities({ ...solve, wth: ["current"] }), "wth: is unknown"],
  ["prepare", () => network.prepare({ ...solve, slot: 3 }), "slot: is unknown"],
  ["prepareGradient", () => network.prepareGradient({ ...solve, with: ["current"], slot: 3 }), "slot: is unknown"],
  ["gradient", gradient({ standardError: false }), "standardError: is unknown"],
  ["train", trained({ learningRate: 0.1 }), "learningRate: is unknown; known: paths"],
  ["clip", trained({ clip: { nrm: 1 } }), "optimiser.clip.nrm: is unknown; known: value, norm"],
  ["trainable", trained({ trainable: [{ name: "current", transfrm: "exp" }] }), "trainable[0].transfrm: is unknown"],
  [
    "current",
    () => engine.network({ current: { dt: 0.1, samples: [1], scale: 2 } }).simulate(solve),
    "input.current.scale",
  ],
  [
    "drawn weights",
    () => engine.network({ layers: [1, 1], weights: { uniform: [0, 1], totl: 1 } }),
    "network.weights.totl",
  ],
  ["rmsprop", () => rmsprop({ learningRate: 1, deca: 0.9 }), "optimiser.deca: is unknown"],
  ["sgd", () => sgd({ learningRate: 1, decay: 0.9 }), "optimiser.decay: is unknown"],
  ["adam", () => adam({ learningRate: 1, beta1: 0.9 }), "optimiser.beta1: is unknown"],
  [
    "schedule",
    () => adam({ learningRate: { kind: "cosine-decay", initValue: 1, decaySteps: 2, endValue: 0 } }),
    "optimiser.learningRate.endValue: is unknown; known: kind, initValue, decaySteps, alpha, exponent",
  ],
  ["MMD loss", () => signatureMmdLoss(two, { sttic: {} }), "loss.sttic: is unknown"],
  ["score loss", () => signatureScoreLoss(two, { unbiased: true }), "loss.unbiased: is unknown; known: static, solver"],
  ["signature loss", () => expectedSignatureLoss(two, { depth: 2, match: true }), "loss.match: is unknown"],
  ["van Rossum", () => vanRossum(two, { tau: 1, biased: true }), "loss.biased: is unknown"],
  ["log-likelihood", () => logLikelihood(two, { bach: 1 }), "loss.bach: is unknown"],
  ["path loss", () => pathLoss({ code: "", spikesneeded: 1 }), "loss.spikesneeded: is unknown"],
  ["MMD", () => signatureMMD(backend, x, y, { statc: {} }), "statc: is unknown"],
  [
    "gradient of MMD",
    () => signatureMMD(backend, x, y, { gradient: { X: true } }),
    "gradient.X: is unknown; known: x, y",
  ],
  ["score", () => js.signatureScore(backend, x, y, { unbiased: true }), "unbiased: is unknown"],
  ["Gram", () => js.signatureGram(backend, x, y, { gradient: {} }), "gradient: is unknown"],
  ["static kernel", () => signatureMMD(backend, x, y, { static: { kind: "rbf", sigma: 1, scale: 2 } }), "static.scale"],
  [
    "solver",
    () => signatureMMD(backend, x, y, { solver: { kind: "polynomial", order: 3, dyadic: [1, 1] } }),
    "solver.dyadic",
  ],
  [
    "PSTH",
    () => js.psth([[0.1]], { t0: 0, t1: 1, bin: 0.5, smoth: 1 }),
    "smoth: is unknown; known: t0, t1, bin, smooth",
  ],
  ["two-sample test", () => twoSampleTest(backend, x, y, { permutatons: 10 }), "permutatons: is unknown"],
];
const values: Case[] = [
  ["error of first spikes", () => firstSpikes([[0.2]], "MSE"), 'loss.error: expected one of mse, mae, got "MSE"'],
  ["error as an option", () => firstSpikes([[0.2]], { error: "mse" }), "loss.error: expected one of mse, mae, got {"],
  [
    "flag of MMD loss",
    () => signatureMmdLoss(two, { unbiased: "x" }),
    'loss.unbiased: expected true or false, got "x"',
  ],
  ["flag of MMD", () => signatureMMD(backend, x, y, { unbiased: "no" }), 'unbiased: expected true or false, got "no"'],
  [
    "flag of a schedule",
    () =>
      sgd({
        learningRate: { kind: "exponential-decay", initValue: 1, transitionSteps: 1, decayRate: 1, staircase: 1 },
      }),
    "staircase: expected true or false, got 1",
  ],
  [
    "flag of rmsprop",
    () => rmsprop({ learningRate: 1, centered: "no" }),
    'optimiser.centered: expected true or false, got "no"',
  ],
  ["flag of a gradient", gradient({ requireExact: "no" }), 'requireExact: expected true or false, got "no"'],
  ["flag of its mean", gradient({ requireUnbiased: 1 }), "requireUnbiased: expected true or false, got 1"],
  ["flag of train", trained({ commonNoise: 1 }), "commonNoise: expected true or false, got 1"],
  ["progress", simulated({ ...solve, progress: 3 }), "progress: expected a function, got 3"],
  ["perPath", gradient({ perPath: true }), "perPath: expected a function, got true"],
  ["step below 0", resumed({ step: -1 }), "checkpoint.step: expected a whole number from 0 to 2147483648, got -1"],
  [
    "step beyond the last",
    resumed({ step: 3 }),
    "steps: is 2, but the checkpoint has 3 steps already; ask for as many",
  ],
  ["step as text", resumed({ step: "1" }), 'checkpoint.step: expected a whole number from 0 to 2147483648, got "1"'],
  ["no update", resumed({ update: undefined }), "checkpoint.update.step: expected a whole number"],
  [
    "update's step",
    resumed({}, { step: "1" }),
    'checkpoint.update.step: expected a whole number from 0 to 2147483648, got "1"',
  ],
  ["update without values", resumed({}, { values: undefined }), "checkpoint.update.values: expected a list of numbers"],
  ["update not a number", resumed({}, { values: [null] }), "checkpoint: expected a finite number, got null"],
  ["update without groups", resumed({}, { groups: undefined }), "checkpoint.update.groups: expected a list of groups"],
  [
    "no trainable",
    resumed({ trainable: undefined }),
    "checkpoint.trainable: expected a list of parameters, got undefined",
  ],
  ["device", () => Engine.create({ device: {} }), "device: expected a GPUDevice, got {}; await requestDevice()"],
  ["promise of a device", () => Engine.create({ device: Promise.resolve() }), "device: expected a GPUDevice"],
  ["device and cpu", () => Engine.create({ device: { queue: {} }, backend: "cpu" }), "device: goes with WebGPU"],
  ["power preference", () => Engine.create({ powerPreference: "fast" }), "powerPreference: expected one of low-power"],
  [
    "no engine options",
    () => Engine.create(null),
    "options: expected { backend, device, powerPreference, software, log, threads }, got null",
  ],
  ["no network", () => engine.network(), "network: expected { cell, neurons,"],
  ["cell", () => engine.network({ cell: 3 }), "cell: expected { name, inputs, state,"],
  ["no options", simulated(undefined), "options: expected { paths, t0,"],
  [
    "neurons of traces",
    () => network.stateTraces({ ...solve, neurons: "0" }),
    'neurons: expected a list of neurons, got "0"',
  ],
  ["no loss", gradient({}, null), "loss: expected a loss, such as firstSpikes(…), got null"],
  [
    "name of a loss",
    gradient({}, "mean-spike-time"),
    'loss: expected a loss, such as firstSpikes(…), got "mean-spike-time"',
  ],
  [
    "training without loss",
    trained({ loss: undefined }),
    "loss: expected a loss, such as firstSpikes(…), got undefined",
  ],
  [
    "training without optimiser",
    trained({ optimiser: undefined }),
    "optimiser: expected an optimiser, such as rmsprop(",
  ],
  [
    "optimiser by name",
    trained({ optimiser: "adam" }),
    'optimiser: expected an optimiser, such as rmsprop({ learningRate }), got "adam"',
  ],
  ["group", trained({ groups: { slow: { learningRate: 1 } } }), "optimiser.groups.slow: expected an optimiser"],
  ["groups", trained({ groups: 3 }), "optimiser.groups: expected optimisers by the name of their group, got 3"],
  ["number to differentiate by", gradient({ with: [3] }), "with[0]: expected the name of a parameter, got 3"],
  ["trainable without name", trained({ trainable: [{}] }), "trainable[0]: expected the name of a parameter, got undef"],
  ["cell of the library", () => libraryCell(3), "network.cell: no built-in cell is called 3; known: slif"],
  [
    "path of a table",
    async () => js.spikesOf(await (await network.simulate(solve)).read(), 4),
    "path: expected a whole number from 0 to 3, got 4",
  ],
  ["training of an engine", () => train(engine, training).next(), "network: expected what engine.network(…) gives"],
  ["training with nothing", () => train(network).next(), "options: expected { paths, t0,"],
  ["no settings", () => rmsprop(), "optimiser: expected { learningRate, decay,"],
  ["no path loss", () => pathLoss(), "loss: expected { kind, code,"],
  ["no code", () => pathLoss({}), "loss.code: expected WGSL with fn path_loss, got undefined"],
  ["text as data", () => pathLoss({ code: "", data: ["x"] }), 'loss.data[0]: expected a finite number, got "x"'],
  ["NaN as data", () => pathLoss({ code: "", data: [NaN] }), "loss.data[0]: expected a finite number, got NaN"],
  ["number as data", () => pathLoss({ code: "", data: 5 }), "loss.data: expected a list of numbers, got 5"],
  [
    "spikes needed",
    () => pathLoss({ code: "", spikesNeeded: -1 }),
    "loss.spikesNeeded: expected a whole number from 1",
  ],
  ["no van Rossum", () => vanRossum(two), "loss: expected { tau, unbiased }, got undefined"],
  [
    "no signature loss",
    () => expectedSignatureLoss(two),
    "loss: expected { depth, matching, levelWeights }, got undefined",
  ],
  ["no first spikes", () => firstSpikes(), "loss.observed: expected a list of lists of times, got undefined"],
  ["flat first spikes", () => firstSpikes([0.2, 0.4]), "loss.observed[0]: expected a list of times, got 0.2"],
  ["trials as lists", () => logLikelihood([[0.2, 0.5]]), "observed[0]: expected { times, neurons }"],
  [
    "trains as lists",
    () => expectedSignatureLoss([[0.2]], { depth: 2 }),
    "observed[0]: expected { times, neurons }, got [0.2]",
  ],
  [
    "times as text",
    () => liftSpikes([{ times: ["0.2"], neurons: [0] }], { t0: 0, t1: 1, neurons: 1 }),
    'spikes[0].times[0]: expected a finite number, got "0.2"',
  ],
  [
    "observed as text",
    gradient({}, vanRossum([trial, { times: ["0.2"], neurons: [0] }], { tau: 1 })),
    'observed[1].times[0]: expected a finite number, got "0.2"',
  ],
  [
    "engine as backend",
    () => signatureMMD(engine, x, y),
    "backend: expected what signatureBackend(engine.gpu ?? null) gives",
  ],
  ["no backend", () => js.truncatedSignatures(undefined, x, { depth: 2 }), "backend: expected what signatureBackend("],
  ["engine as device", () => js.signatureBackend(engine), "gpu: expected engine.gpu, or null for the CPU"],
  ["no stretch", () => js.trainStatistics([[0.1]]), "t0: expected a finite number, got undefined"],
];

describe("bad input", () => {
  it.each([...misspelt, ...values])("%s", async (_, act, message) => {
    const error = await (async () => act())().then(
      () => "taken",
      (e) => e,
    );
    expect(error).toMatchObject({ code: "invalid-input", message: expect.stringContaining(message) });
    expect(error.message).not.toContain("\n");
    expect(error.message.startsWith(`${error.field}: `)).toBe(true);
  });

  it("leaves what is right alone", async () => {
    await expect(simulated({ ...solve, progress: undefined, antithetic: false })()).resolves.toBeDefined();
    await expect(simulated({ ...solve, with: ["current"], requireExact: false })()).resolves.toBeDefined();
    await expect(resumed({ note: "from elsewhere" })()).resolves.toBeUndefined();
    await expect(signatureMMD(backend, x, y, { gradient: { x: true }, unbiased: false })).resolves.toBeDefined();
    await expect(twoSampleTest(backend, x, y, { permutations: 9, gradient: { x: true } })).resolves.toHaveProperty(
      "gradientX",
    );
    await expect(gradient({}, signatureScoreLoss(two))()).resolves.toBeDefined();
  });
});
