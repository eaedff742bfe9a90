/** Networks on which the GPU is compared with the float64 twin, and the comparisons. */
import { expect } from "vitest";
import { Engine, EngineNetwork } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import type { Network, NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { type Method, methods, type SolveOptions } from "../../src/plan/plan.js";
import { solveFrom } from "../../src/solve/simulate.js";
import { WorkgroupSolver } from "../../src/solve/workgroup-solver.js";
import { atOnce } from "../support/at-once.js";
import { delayed } from "../support/delayed.js";
import { hybrids } from "../support/hybrid.js";
import { byPorts, parallel, ported } from "../support/ported.js";
import { stiffCases } from "../support/stiff.js";

export const one: NetworkDefinition = { parameters: { sigma2: 0.2, i0: 0.1 }, current: 1.5 };
const sampled: NetworkDefinition = {
  ...one,
  current: { dt: 0.1, samples: Array.from({ length: 20 }, (_, s) => [1.2 + 0.5 * Math.sin(s)]) },
};
export const recurrent: NetworkDefinition = {
  neurons: 5,
  parameters: {
    mu1: [14, 15, 16, 15, 13],
    mu2: 9,
    sigma2: [0.2, 0.3, 0.25, 0.2, 0.1],
    vReset: 1.3,
    v0: [0.1, 0, 0.2, 0.3, 0],
    i0: 0.1,
  },
  weights: {
    dense: Array.from({ length: 5 }, (_, k) => Array.from({ length: 5 }, (_, j) => 0.3 * Math.sin(1 + 3 * k + 7 * j))),
  },
  current: [1.5, 1.4, 1.6, 1.2, 1.3],
};
export const inputSpikes = {
  times: [0.1, 0.1, 0.203, 0.415, 0.4151, 0.62],
  neurons: [0, 1, 4, 2, 3, 0],
  weights: [0.5, 0.8, -0.4, 1.1, 0.6, 0.7],
};
export const layered: NetworkDefinition = {
  layers: [2, 3, 1],
  weights: {
    layers: [
      [
        [0.9, 0.5, 0.7],
        [0.6, 0.8, 0.4],
      ],
      [[0.5], [0.7], [0.9]],
    ],
  },
  parameters: { mu1: 6, mu2: 5, sigma2: 0.25, v0: 1.1, i0: 0.6, vReset: 1.2 },
  current: [1.5, 1.5, 0, 0, 0, 0],
};

/** A cell that uses every operation of the notation, with noise that depends on the state. */
export const everything: NetworkDefinition = {
  cell: {
    name: "everything",
    state: {
      v: "mu * (I + 0.3 * sin(3 * w1) + 0.2 * cos(w1) - v) + 0.1 * tanh(2 * v) - 0.05 * abs(v) ^ 1.5",
      w1: "1 + 0.1 * sqrt(1 + v * v) + (v > 0.5 ? 0.2 : -0.1) * sigmoid(v)",
      s: "exp(min(max(beta * (v - 1), -8), 8)) / (1 + 0.1 * log(2 + v ^ 2) - 0.01 * pow(2, -w1))",
    },
    noise: { w1: "0.1 + 0.05 * cos(w1)" },
    event: "s",
    reset: { v: "v - 1.2", s: "log(u) - 0.02" },
    start: { s: "log(u) - 0.02", w1: "0.3" },
    parameters: { mu: 10, beta: 5 },
  },
  current: 1.4,
};

const networks: [string, NetworkDefinition, Partial<SolveOptions>][] = [
  ["one neuron", one, { paths: 400, t1: 2 }],
  ["one neuron with a sampled current", sampled, { paths: 400, t1: 2 }],
  ["one neuron stopped at its third spike", one, { paths: 400, t1: 2, maxSpikes: 3 }],
  ["a recurrent network of 5", recurrent, { paths: 150, t1: 1 }],
  ["a recurrent network with input spikes", { ...recurrent, inputSpikes }, { paths: 150, t1: 1 }],
  ["the same stopped at its ninth spike", { ...recurrent, inputSpikes }, { paths: 150, t1: 1, maxSpikes: 9 }],
  [
    "one neuron with input spikes",
    { ...one, inputSpikes: { ...inputSpikes, neurons: inputSpikes.times.map(() => 0) } },
    { paths: 150, t1: 1 },
  ],
  [
    "a recurrent network with one sampled current for all",
    { ...recurrent, current: sampled.current! },
    { paths: 60, t1: 1, distribution: "workgroup" },
  ],
  ["three ports, a path per workgroup", byPorts, { paths: 100, t1: 1, distribution: "workgroup" }],
  ["three ports, and several connections from a neuron to another", parallel, { paths: 100, t1: 1 }],
  ["delays of all sizes", delayed, { paths: 100, t1: 1 }],
  ["delays, stopped at the seventh spike", delayed, { paths: 100, t1: 1, maxSpikes: 7 }],
  ["layers of 2, 3 and 1", layered, { paths: 150, t1: 1 }],
  ["spikes that follow jumps at once", atOnce, { paths: 150, t1: 1 }],
  [
    "one neuron that starts at more than twice its threshold, and has to fall below it first",
    {
      cell: atOnce.cell!,
      parameters: { v0: 2.6 },
      current: 1.6,
      inputSpikes: { times: [0.1], neurons: [0], weights: [-2] },
    },
    { paths: 150, t1: 1 },
  ],
  ["jumps, a path per workgroup", atOnce, { paths: 150, t1: 1, distribution: "workgroup" }],
  ...hybrids.map(([name, network]): (typeof networks)[number] => [name, network, { paths: 100, t1: 1 }]),
  ...stiffCases.map(([name, network]): (typeof networks)[number] => [name, network, { paths: 100, t1: 1 }]),
  ["stiff states, a path per workgroup", stiffCases[1]![1], { paths: 100, t1: 1, distribution: "workgroup" }],
  ["a potential that is held, stopped at the third spike", hybrids[0]![1], { paths: 100, t1: 1, maxSpikes: 3 }],
  // Networks of this size go by workgroups unless told otherwise, on adapters of few lanes; elsewhere by invocations.
  ["a path per invocation", { ...recurrent, inputSpikes }, { paths: 150, t1: 0.7, distribution: "invocation" }],
];

const sensitivities: [string, NetworkDefinition, string[]][] = [
  ["one neuron with a sampled current", sampled, ["mu1", "vReset", "current"]],
  ["a recurrent network with input spikes", { ...recurrent, inputSpikes }, ["mu1", "beta", "weights"]],
  ["spikes that follow jumps at once", atOnce, ["mu", "vTh", "v0", "weights"]],
  ["a network of those", hybrids[1]![1], ["mu", "tref", "weights"]],
  ["three ports", parallel, ["tauE", "k", "weights"]],
  ["delays of all sizes", delayed, ["mu1", "weights", "delays"]],
  ["two thresholds", hybrids[4]![1], ["mu", "low", "rest", "weights"]],
  ["stiff states", stiffCases[1]![1], ["mu1", "mu2", "weights"]],
  ["a threshold on a stiff state", stiffCases[2]![1], ["mu", "tau", "current"]],
];

/**
 * Kernels of another method differ in how they draw and add noise: these show it, by invocations and by workgroups, with
 * `euler`; `wong-zakai` is `levy` without its parabola.
 */
const ofEveryMethod = new Set([
  "one neuron with a sampled current",
  "a recurrent network with input spikes",
  "delays of all sizes",
  "spikes that follow jumps at once",
  "every operation",
  "a stiff membrane and a stiff synapse, with noise of both",
  "a network of thresholds on stiff states",
]);
/** Of these the quick suite has one whose draws and kicks differ; other files have more of one neuron. */
const quickOfEveryMethod = new Set(["a recurrent network with input spikes"]);
const sensitivityOfEveryMethod = quickOfEveryMethod;

/** Networks that put together what others of the quick suite have, by kernels that take seconds to compile. */
const ofOthers = new Set([
  "a recurrent network of 5",
  "a recurrent network with one sampled current for all",
  "layers of 2, 3 and 1",
  "a network of those",
  "three ports, and several connections from a neuron to another",
  "a threshold on a stiff state with branches",
  "stiff synapses of a network, some of them not, with input spikes",
  "stiff states, a path per workgroup",
  "a network of thresholds on stiff states",
]);

/** In a page the quick suite has each solver once, by the networks that use most of it. */
const inPage = typeof document !== "undefined";
const everywhere = new Set([
  "one neuron with a sampled current",
  "a recurrent network with input spikes",
  "a path per invocation",
  "every operation",
]);

type Case = [name: string, method: Method, definition: NetworkDefinition, options: Partial<SolveOptions>];
type SensitivityCase = [name: string, method: Method, definition: NetworkDefinition, names: string[]];

const isLong = (method: Method, name: string, always: ReadonlySet<string>): boolean =>
  method === "wong-zakai" || (method === "euler" && (inPage || !always.has(name))) || (inPage && !everywhere.has(name));

/** Kernels are the same text in a page as in Node: there each network is compiled once, and methods where they show. */
const isHere = (method: Method, name: string, always: ReadonlySet<string>): boolean =>
  !inPage || method === "levy" || always.has(name);

/** Every network with every method: those of the quick suite, or the others. */
export const twinCases = (long: boolean): Case[] =>
  methods.flatMap((method) =>
    [...networks, ["every operation", everything, { paths: 300, t1: 1.5 }] as (typeof networks)[number]]
      // euler is refused for noise that depends on the state.
      .filter(([name]) => !(method === "euler" && name === "every operation"))
      .filter(([name]) => isHere(method, name, ofEveryMethod))
      .filter(([name]) => (isLong(method, name, quickOfEveryMethod) || ofOthers.has(name)) === long)
      .map(([name, definition, options]): Case => [name, method, definition, options]),
  );

export const sensitivityCases = (long: boolean): SensitivityCase[] =>
  methods.flatMap((method) =>
    sensitivities
      .filter(([name]) => isHere(method, name, sensitivityOfEveryMethod))
      .filter(([name]) => isLong(method, name, sensitivityOfEveryMethod) === long)
      .map(([name, definition, names]): SensitivityCase => [name, method, definition, names]),
  );

/** The cell with ports has one whose jump does not commute with its noise: kernels and twin agree on its inexact gradient too. */
const exactnessOf = ({ cell }: Pick<NetworkDefinition, "cell">) => (cell === ported ? { requireExact: false } : {});

/** A network on an engine, defined or made by hand. */
export const networkOn = (engine: Engine, given: NetworkDefinition | Network): EngineNetwork =>
  "connections" in given ? new EngineNetwork(engine, given) : engine.network(given);

/** Spike trains, value and gradients on the GPU are those of the twin. */
export async function expectTwin(
  gpu: Engine,
  method: Method,
  definition: NetworkDefinition | Network,
  options: Partial<SolveOptions>,
): Promise<void> {
  const cpu = await Engine.create({ backend: "cpu" });
  const solve = { t1: 1, ...(options.samples ? {} : { paths: 100 }), dt: 0.01, seed: 3, method, ...options };
  const [onGpu, onCpu] = [networkOn(gpu, definition), networkOn(cpu, definition)];
  const spikes = await onGpu.simulate(solve);
  const [a, b] = [await spikes.read(), await (await onCpu.simulate(solve)).read()];
  spikes.dispose();
  // Equal counts and times within 1e-5 on 99.9 % of paths: float32 keeps 1e-7 of the hazard, which at a low rate
  // moves a spike by more; a spike may then also fall on the other side of t1.
  let bad = 0;
  for (let i = 0; i < a.paths; i++) {
    let good = a.counts[i] === b.counts[i];
    for (let n = 0; good && n < a.counts[i]!; n++) {
      good =
        Math.abs(a.times[i * a.slots + n]! - b.times[i * b.slots + n]!) <= 1e-5 &&
        a.neurons[i * a.slots + n] === b.neurons[i * b.slots + n];
    }
    if (!good) bad++;
  }
  expect(bad).toBeLessThanOrEqual(Math.ceil(a.paths / 1000));
  expect(a.counts.reduce((x, y) => x + y, 0)).toBeGreaterThan(2 * a.paths);

  const layout = parameterLayout(onGpu.plan(solve));
  const names = [...layout.views.values()]
    .filter((v) => v.length > 0 && v.differentiable && !v.bySample)
    .map((v) => v.name);
  const neurons = onGpu.network.neurons;
  const loss = firstSpikes(Array.from({ length: neurons }, (_, k) => [0.2 + 0.05 * k, 0.5 + 0.03 * k, 0.7]));
  const with_ = { ...solve, with: names, ...exactnessOf(definition) };
  const [g, c] = [await onGpu.valueAndGradient(loss, with_), await onCpu.valueAndGradient(loss, with_)];
  // 1e-3 relative to the size of each parameter's gradient, or to its standard error where paths cancel: a spike
  // that float32 puts into the neighbouring step changes its own path's gradient by more than rounding.
  expect(Math.abs(g.value / c.value - 1)).toBeLessThan(1e-3);
  expect(Math.abs(g.standardError / c.standardError - 1)).toBeLessThan(1e-3);
  let at = 0;
  for (const name of names) {
    const { length } = layout.views.get(name)!;
    let [difference, size] = [0, 0];
    for (let i = 0; i < length; i++, at++) {
      difference = Math.max(difference, Math.abs(g.flat[at]! - c.flat[at]!));
      size = Math.max(size, Math.abs(c.flat[at]!));
    }
    const errors = [c.gradientStandardError[name]].flat(3) as number[];
    size = Math.max(size, ...errors);
    expect(difference, name).toBeLessThanOrEqual(1e-3 * size);
  }
  cpu.dispose();
}

/** Derivatives of each path's spike times on the GPU are those of the twin. */
export async function expectTwinSensitivities(
  gpu: Engine,
  method: Method,
  definition: NetworkDefinition | Network,
  names: string[],
  samples?: SolveOptions["samples"],
): Promise<void> {
  const cpu = await Engine.create({ backend: "cpu" });
  const of = samples ? { samples } : { paths: 40 };
  const options = { t1: 0.8, dt: 0.02, seed: 5, method, with: names, ...of, ...exactnessOf(definition) };
  const a = await networkOn(gpu, definition).spikeTimeSensitivities(options);
  const b = await networkOn(cpu, definition).spikeTimeSensitivities(options);
  expect(a.directions).toBe(b.directions);
  // Each derivative to 1e-3 of the largest of its path, as for gradients; a path in which a spike changed its step
  // has another derivative, so one in fifty may differ.
  let bad = 0;
  for (let i = 0; i < b.table.paths; i++) {
    let [difference, size] = [0, 0];
    for (let n = 0; n < b.table.counts[i]!; n++) {
      for (let d = 0; d < b.directions; d++) {
        const exact = b.derivatives[(i * b.table.slots + n) * b.directions + d]!;
        difference = Math.max(difference, Math.abs(exact - a.derivatives[(i * a.table.slots + n) * b.directions + d]!));
        size = Math.max(size, Math.abs(exact));
      }
    }
    if (a.table.counts[i] !== b.table.counts[i] || difference > 1e-3 * size) bad++;
  }
  expect(bad).toBeLessThanOrEqual(1);
  cpu.dispose();
}

/**
 * The neurons' fields in workgroup memory or in storage, noise kept or drawn again, lanes beyond the neurons or several
 * neurons a lane: the same operations on the same numbers, but for the order in which lanes add gradients up.
 */
export async function expectAnyLanes(engine: Engine, definition: NetworkDefinition): Promise<void> {
  const network = engine.network({ ...definition, inputSpikes });
  const gpu = engine.gpu!;
  const paths = 40;
  const plan = network.plan({ paths, t1: 1, dt: 0.02, seed: 2, method: "euler" });
  const views = requestedViews(plan.network, parameterLayout(plan), ["weights", "current", "mu1"]);
  const solve = async (forced: { lanes: number; inWorkgroup: boolean; keepNoise: boolean }) => {
    const solver = await WorkgroupSolver.create(gpu, plan, views, forced);
    const solved = await solveFrom(gpu, plan, solver, 0, { value: 64 }, () => paths);
    const cotangents = gpu.upload("cotangents", new Float32Array(solved.slots * paths).fill(1));
    const rows = gpu.buffer("rows", 4 * (1 + solver.gradientRows) * paths);
    const batch = gpu.batch("backward").clear(rows);
    solver.encodeBackward(batch, solved, { spikes: cotangents }, rows, 0, solved.status);
    batch.submit();
    const record = new Uint32Array(await gpu.read(solved.record));
    const counts = new Uint32Array(await gpu.read(solved.counts.storage, solved.counts.byteOffset, 4 * paths));
    const spikes = [...counts].flatMap((n, i) => Array.from({ length: 3 * n }, (_, word) => record[word * paths + i]!));
    const gradient = new Float32Array(await gpu.read(rows));
    for (const used of [solved, cotangents, rows, solver]) used.dispose();
    return { spikes, gradient };
  };
  const [a, b] = [
    await solve({ lanes: 4, inWorkgroup: true, keepNoise: true }),
    await solve({ lanes: 8, inWorkgroup: false, keepNoise: false }),
  ];
  expect(a.spikes.length).toBeGreaterThan(6 * paths);
  expect(b.spikes).toEqual(a.spikes);
  const size = Math.max(...a.gradient.map(Math.abs));
  // Float32 sums of a hundred terms in another order.
  a.gradient.forEach((g, r) => {
    expect(Math.abs(g - b.gradient[r]!)).toBeLessThan(1e-5 * size);
  });
}
