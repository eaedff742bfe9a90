/** A neuron of a path per invocation: spikes are those of the twin, of the same bits however the work is cut. */
import { describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine, EngineNetwork } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";
import { carryWhereKept } from "../../src/solve/carried.js";
import { forwardChunk } from "../../src/solve/chunk-solver.js";
import { NeuronSolver } from "../../src/solve/neuron-solver.js";
import { createSolver } from "../../src/solve/simulate.js";
import type { SpikeTable } from "../../src/spikes/table.js";
import { sharedEngine } from "../support/engine.js";
import { fedByNeurons, fiveSamples, fiveValues } from "../support/fed.js";
import { arrangesSums } from "../support/gpu.js";
import { sparseLeaky } from "../support/leaky.js";
import { delayedPopulations } from "../support/populations.js";
import { ported } from "../support/ported.js";

const engine = sharedEngine();

/** Numbers in [0, 1), the same everywhere. */
function generator(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function drawn(neurons: number, probability: number, weight: () => number): [number, number, number][] {
  const next = generator();
  return Array.from({ length: neurons ** 2 }, (_, x) => [Math.floor(x / neurons), x % neurons, weight()] as const)
    .filter(() => next() < probability)
    .map((edge): [number, number, number] => [...edge]);
}

/** Three ports, delays of each connection from two steps on, parallel connections and input spikes, some of them simultaneous. */
function byPorts(): NetworkDefinition {
  const next = generator();
  const edges = (p: number, size: number) => drawn(40, p, () => size * next());
  const [exc, inh, shot] = [edges(0.2, 0.3), edges(0.1, 0.5), edges(0.05, 0.1)];
  const delays = (list: unknown[]): number[] => list.map(() => 0.02 + 0.05 * next());
  return {
    cell: ported,
    neurons: 40,
    weights: [
      { edges: exc, port: "exc", delays: delays(exc) },
      { edges: inh, port: "inh", delays: 0.02 },
      { edges: shot, port: "shot", delays: delays(shot) },
    ],
    parameters: { mu: Array.from({ length: 40 }, () => 11 + 2 * next()) },
    current: 1.4,
    inputSpikes: {
      times: [0, 0.05, 0.05, 0.05, 0.2, 0.2034, 0.2034],
      neurons: [3, 0, 0, 1, 5, 39, 39],
      weights: [0.4, 0.5, 0.3, 0.8, 0.6, 0.2, 0.7],
      port: ["exc", "exc", "inh", "shot", "exc", "inh", "exc"],
    },
  };
}

/** Events that are no spikes, and one that ends its path; a threshold that a peak may reach within a step. */
const cell: CellDefinition = {
  name: "several",
  state: { v: "(I + e - v) / 0.02", e: "-e / 0.03", c: "1" },
  noise: { e: "0.3" },
  events: {
    spike: { when: "v - 1", jump: { v: "0.1 * u" }, emits: true },
    tick: { when: "c - 0.07", jump: { c: "0", e: "e + 0.1" } },
    out: { when: "e - 2.5", terminal: true },
  },
  receive: { e: "e + w" },
  start: { v: "u", c: "0.05 * u" },
  parameters: {},
};
const several: NetworkDefinition = {
  cell,
  neurons: 12,
  weights: { edges: drawn(12, 0.4, () => 0.25), delays: 0.0334 },
  current: 1.05,
};

/** All fire at once: more spikes are under way than there is room for at first. */
const together: NetworkDefinition = {
  cell: { ...cell, name: "together", noise: {}, start: { v: "0.5" } },
  neurons: 24,
  weights: { dense: Array.from({ length: 24 }, () => new Array<number>(24).fill(0.0003)), delays: 0.0123 },
  current: 1.3,
  inputSpikes: { times: [0.004], neurons: [23], weights: [0.1] },
};

/** Equal counts on all paths, neurons in the same order, and times within float32's rounding. */
function expectSame(a: SpikeTable, b: SpikeTable): void {
  expect([...a.counts]).toEqual([...b.counts]);
  for (let i = 0; i < a.paths; i++) {
    for (let n = 0; n < a.counts[i]!; n++) {
      expect(a.neurons[i * a.slots + n]).toBe(b.neurons[i * b.slots + n]);
      // 1e-5: float32 keeps 1e-7 of the hazard, which at a low rate moves a spike by more.
      expect(Math.abs(a.times[i * a.slots + n]! - b.times[i * b.slots + n]!)).toBeLessThan(1e-5);
    }
  }
}

const neuron = { t1: 1, dt: 0.01, seed: 3, distribution: "neuron" } as const;
const read = async (e: Engine, definition: NetworkDefinition, options: Partial<SolveOptions>) =>
  (await e.network(definition).simulate({ ...neuron, paths: 1, ...options })).read();

describe("a neuron of a path per invocation", () => {
  it.each([
    ["three ports", "levy", byPorts(), 1],
    ["three ports", "euler", byPorts(), 1],
    ["several events", "levy", several, 0.5],
  ] as const)("solves %s by %s as the twin does", async (_, method, definition, t1) => {
    const cpu = await Engine.create({ backend: "cpu" });
    const options = { method, paths: 4, t1 };
    const expected = await read(cpu, definition, options);
    expectSame(await read(engine(), definition, options), expected);
    expect(Math.min(...expected.counts)).toBeGreaterThan(definition === several ? 0 : 40);
    // Stopped in a window in which others spike too: the same first spikes.
    const stopped = await read(engine(), definition, { ...options, maxSpikes: 17 });
    expectSame(stopped, await read(cpu, definition, { ...options, maxSpikes: 17 }));
    expect(stopped.slots).toBe(17);
  });

  it("takes samples, whose sources send at once or after any delay", async () => {
    const samples = { trials: 3, spikes: fiveSamples, ...fiveValues };
    const cpu = await Engine.create({ backend: "cpu" });
    const all: SpikeTable[] = [];
    for (const e of [cpu, engine()]) {
      const spikes = await new EngineNetwork(e, fedByNeurons).simulate({ ...neuron, samples });
      all.push(await spikes.read());
    }
    expectSame(all[1]!, all[0]!);
    expect(Math.min(...all[0]!.counts)).toBeGreaterThan(5);
  });

  it("finds values of populations and tied weights", async () => {
    const projections = delayedPopulations.projections!.map((p) =>
      p.delays === undefined ? { ...p, delays: 0.02 } : p,
    );
    const definition = { ...delayedPopulations, projections };
    const cpu = await Engine.create({ backend: "cpu" });
    const expected = await read(cpu, definition, { paths: 10 });
    expectSame(await read(engine(), definition, { paths: 10 }), expected);
    expect(Math.min(...expected.counts)).toBeGreaterThan(5);
  });

  it("keeps states at grid points", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const states = { of: ["v", "ge"], neurons: [0, 17, 39], times: { every: 0.1 } };
    const [a, b] = await Promise.all(
      [engine(), cpu].map(async (e) => {
        const spikes = await e.network(byPorts()).simulate({ ...neuron, paths: 2, t1: 0.5, states });
        return (await spikes.states!()).values;
      }),
    );
    expect(a!.length).toBe(2 * 6 * 3 * 2);
    // Of a potential of size 1; a spike that float32 moves by 1e-6 moves what it resets by as much times the drift of 15.
    for (const [n, v] of a!.entries()) expect(Math.abs(v - b![n]!)).toBeLessThan(1e-4);
  });

  it("gives a path the same bits alone, in other chunks, and with other windows", async () => {
    const gpu = engine().gpu!;
    const definition = byPorts();
    const all = await read(engine(), definition, { paths: 6 });
    const given = engine()
      .network(definition)
      .plan({ ...neuron, paths: 6 });
    const plan = await carryWhereKept(gpu, given);
    // A solver whose windows are a step shorter than delays would allow.
    const narrow = await NeuronSolver.create(gpu, plan, 1);
    const solved = await forwardChunk(gpu, narrow, { firstPath: 4, paths: 1 }, narrow.firstSlots);
    const count = solved.status.largestCount;
    expect(count).toBe(all.counts[4]);
    const record = new Uint32Array(await gpu.read(solved.record));
    const places = new Float32Array(record.buffer);
    for (let n = 0; n < count; n++) {
      expect(plan.t0 + (record[3 * n]! + places[3 * n + 1]!) * plan.dt).toBe(all.times[4 * all.slots + n]);
    }
    solved.dispose();
    narrow.dispose();
  });

  it("keeps spike times of slow neurons over 200 ms, as it carries increments", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const definition = sparseLeaky(200, 20);
    const options = { t1: 200, dt: 1 };
    const [a, b] = [await read(engine(), definition, options), await read(cpu, definition, options)];
    expect(b.counts[0]).toBeGreaterThan(300);
    expect([...a.neurons]).toEqual([...b.neurons.subarray(0, b.counts[0])]);
    // What is left is the rounding of parameters and places; rounded increments would leave 4.4e-5, and a driver that takes sums
    // apart, so that nothing is carried and places lose a digit too, was seen to leave 7.2e-5.
    const tolerance = arrangesSums() ? 1e-4 : 3e-5;
    for (const [n, t] of a.times.entries()) expect(Math.abs(t - b.times[n]!)).toBeLessThan(tolerance);
  });

  it("takes what arrives in a step in order, whether it is four, some or many", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    // Neurons 0 to 59 fire at different places of a step, and reach others by 60, 24, 10 and 5 connections: of the last one twice.
    const fan = [60, 24, 10, 5].flatMap((count, t) =>
      Array.from({ length: count }, (_, n): [number, number, number] => [
        (7 * n) % 60,
        60 + t,
        (n % 3 === 0 ? -1 : 1) * 0.01 * (1 + t),
      ]),
    );
    const definition: NetworkDefinition = {
      cell: {
        name: "fan",
        state: { v: "(I + e - v) / 0.02", e: "-e / 0.03" },
        event: "v - 1",
        reset: { v: "0" },
        receive: { e: "e + w" },
        start: { v: "v0" },
        parameters: { v0: 0 },
      },
      neurons: 64,
      weights: [
        { edges: fan, delays: 0.05 },
        { edges: [[7, 63, 0.03]], delays: 0.05 },
      ],
      parameters: { v0: Array.from({ length: 64 }, (_, k) => (k < 60 ? 0.5 + 0.006 * ((k * 17) % 60) : 0.3)) },
      current: 1.3,
    };
    const options = { t1: 0.25, dt: 0.05 };
    const expected = await read(cpu, definition, options);
    expectSame(await read(engine(), definition, options), expected);
    expect(Math.min(...[60, 61, 62, 63].map((k) => expected.neurons.filter((n) => n === k).length))).toBeGreaterThan(1);
  });

  it("grows until all that is under way has room", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const options = { t1: 0.1 };
    const expected = await read(cpu, together, options);
    expect(expected.counts[0]).toBeGreaterThan(24);
    expectSame(await read(engine(), together, options), expected);
  });

  it("is refused where it cannot be, and picked where it is faster", async () => {
    const network = (weights: NetworkDefinition["weights"]) => engine().network({ neurons: 300, weights: weights! });
    const edge = { edges: [[0, 1, 1]] as [number, number, number][] };
    const options = { ...neuron, paths: 2 };
    await expect(network(edge).simulate(options)).rejects.toThrow(
      'distribution: "neuron" does not take 1 connection without a delay; take "invocation"',
    );
    await expect(network({ ...edge, delays: 0.004 }).simulate(options)).rejects.toThrow(
      'distribution: "neuron" does not take a delay of 0.004, below dt = 0.01; take "invocation"',
    );
    const late = network({ ...edge, delays: 0.01 });
    const gradient = late.valueAndGradient(firstSpikes([[0.1]]), { ...options, with: ["weights"] });
    await expect(gradient).rejects.toThrow('distribution: "neuron" has no gradients; take "invocation"');
    const picked = await createSolver(engine().gpu!, late.plan({ ...options, distribution: "auto" }));
    expect(picked).toBeInstanceOf(NeuronSolver);
    picked.dispose();
  });
});
