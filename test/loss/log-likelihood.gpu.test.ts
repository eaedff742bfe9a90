import { describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { type Method, methods } from "../../src/plan/plan.js";
import { pathsOf } from "../../src/spikes/table.js";
import { rmsprop } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";
import { sharedEngine } from "../support/engine.js";
import { dead, givenSpikes } from "../support/given-spikes.js";
import { needsLongLoops } from "../support/gpu.js";

const engine = sharedEngine();

const quiet = { sigma1: 0, sigma2: 0, alpha: 0 };
const recurrent: NetworkDefinition = {
  cell: "slif",
  neurons: 4,
  parameters: { ...quiet, mu1: [14, 15, 16, 15], mu2: 9, vReset: 1.3, v0: [0.1, 0, 0.2, 0.3] },
  weights: {
    dense: Array.from({ length: 4 }, (_, k) => Array.from({ length: 4 }, (_, j) => 0.3 * Math.sin(1 + 3 * k + 7 * j))),
  },
  current: {
    dt: 0.2,
    samples: Array.from({ length: 4 }, (_, s) => [1.5, 1.4, 1.6, 1.2].map((c) => c + 0.2 * Math.sin(s))),
  },
  inputSpikes: { times: [0.05, 0.051, 0.3, 0.5], neurons: [0, 1, 3, 2], weights: [0.5, 0.8, -0.4, 1.1] },
};
/** An event function that is not a state, a hazard without an exponential, resets to values. */
const odd: CellDefinition = {
  name: "odd",
  state: { v: "(I - v) / tau", gamma: "-gamma", z: "-2 * (0.2 + v * v) / (1 + gamma)" },
  event: "1 - k * z",
  reset: { v: "0.1", gamma: "gamma + 0.5", z: "(1 - log(u)) / k" },
  start: { z: "(1 - log(u)) / k" },
  parameters: { tau: 0.3, k: 1.7 },
};
/** Its times a hundred times shorter. */
const gif: NetworkDefinition = {
  cell: "gif",
  parameters: { gain: 15, tau: 0.15, tauS: 0.01, tauEta: 1, tauGamma: 1, tauTheta: 0.05, jEta: 1.5, k: 0.6, knee: 13 },
  current: 1.3,
};
const cases: [string, NetworkDefinition, string[], { t1: number }?][] = [
  ["a network", recurrent, ["mu1", "mu2", "beta", "vTh", "tauS", "vReset", "v0", "i0", "weights", "current"]],
  ["one neuron", { parameters: quiet, current: 1.5 }, ["mu1", "beta", "vReset", "current"]],
  [
    "the GIF cell",
    gif,
    ["tau", "gain", "vTh", "vReset", "jEta", "tauEta", "jGamma", "tauGamma", "k", "knee", "slope", "tauTheta"],
  ],
  ["another cell", { cell: odd, current: 1.3 }, ["tau", "k", "current"]],
];

/** With these methods; without noise `wong-zakai` is `levy`. */
const hybridCases = (["levy", "euler"] as const).flatMap((method) =>
  givenSpikes
    .filter((_, i) => (method === "levy" ? [0, 2, 3, 5] : [1, 4]).includes(i))
    .map(([name, network, time]): [typeof method, ...(typeof cases)[number]] => {
      const { parameters } = network.cell as CellDefinition;
      const names = [...Object.keys(parameters), "current", ...(network.weights ? ["weights"] : [])];
      return [method, name, network, names, time];
    }),
);

describe("simultaneous spikes, and an input spike with them", () => {
  const cell: CellDefinition = {
    name: "exc",
    state: { g: "-g / tau", s: "rate * exp(g)" },
    event: "s",
    reset: { s: "log(u)" },
    parameters: { rate: 10, tau: 0.1 },
    start: { s: "log(u)" },
    receive: { g: "g + w" },
  };
  const weights: NetworkDefinition["weights"] = {
    edges: [
      [0, 1, 0.5],
      [1, 0, -0.4],
      [1, 1, -0.8],
    ],
  };
  it.each([
    ["", { times: [], neurons: [], weights: [] }],
    [" with an input", { times: [0.3], neurons: [1], weights: [0.4] }],
  ])("have one value and gradient in either order%s", async (name, inputSpikes) => {
    const cpu = await Engine.create({ backend: "cpu" });
    const options = { paths: 1, t1: 1, dt: 0.01, with: ["rate", "weights"] };
    const of = (on: Engine, neurons: number[]) =>
      on
        .network({ cell, neurons: 2, weights, inputSpikes })
        .valueAndGradient(logLikelihood([{ times: [0.3, 0.3, 0.7], neurons }]), options);
    const twin = await of(cpu, [0, 1, 1]);
    if (name === "") expect(twin.value).toBeCloseTo(11.49042, 5);
    expect(await of(cpu, [1, 0, 1])).toEqual(twin);
    const a = await of(engine(), [0, 1, 1]);
    expect((await of(engine(), [1, 0, 1])).flat).toEqual(a.flat);
    // Float32 over a hundred steps.
    expect(Math.abs(a.value - twin.value)).toBeLessThan(1e-5 * twin.value);
    const scale = Math.max(...twin.flat.map(Math.abs));
    a.flat.forEach((g, i) => {
      expect(Math.abs(g - twin.flat[i]!)).toBeLessThan(1e-5 * scale);
    });
  });
});

/** Trials that the cell itself draws have one value and gradient on both backends. */
async function expectAgreement(
  definition: NetworkDefinition,
  names: string[],
  more: { method: Method; t1?: number },
  cancels = false,
): Promise<void> {
  const cpu = await Engine.create({ backend: "cpu" });
  const options = { paths: 5, dt: 0.02, seed: 5, t1: 0.8, ...more };
  const table = await (await cpu.network(definition).simulate(options)).read();
  const trials = pathsOf(table);
  expect(table.counts.reduce((a, b) => a + b, 0)).toBeGreaterThan(4);
  const loss = logLikelihood(trials);
  const asked = { ...options, with: names };
  const [gpu, twin] = await Promise.all([
    engine().network(definition).valueAndGradient(loss, asked),
    cpu.network(definition).valueAndGradient(loss, asked),
  ]);
  // float32 against float64: rounding of a few hundred sub-steps.
  expect(Math.abs(gpu.value - twin.value)).toBeLessThan(1e-5 * Math.abs(twin.value));
  expect(Math.abs(gpu.standardError - twin.standardError)).toBeLessThan(1e-4 * twin.standardError);
  const flat = (x: unknown): number[] => [x].flat(4) as number[];
  for (const name of names) {
    const [a, b] = [flat(gpu.gradient[name]), flat(twin.gradient[name])];
    // Trials may cancel; √5 standard errors are what one of five differs by.
    const spread = cancels ? Math.sqrt(5) * Math.max(...flat(twin.gradientStandardError[name])) : 0;
    const scale = Math.max(...b.map(Math.abs), spread);
    expect(scale, name).toBeGreaterThan(0);
    a.forEach((x, i) => {
      expect(Math.abs(x - b[i]!), `${name}[${i}]: ${x} and ${b[i]}`).toBeLessThan(1e-4 * scale);
    });
  }
}

describe.each(methods)("log-likelihood, method %s", (method) => {
  it.each(cases)("GPU and twin agree: %s", (_, definition, names) => expectAgreement(definition, names, { method }));
});

describe("with other events and conditions between the spikes", () => {
  it.each(hybridCases)("GPU and twin agree by %s: %s", (method, _, definition, names, time) =>
    expectAgreement(definition, names, { method, ...time }, true));

  const escaping: CellDefinition = {
    name: "escaping",
    state: { v: "mu * (I + 0.2 * b - v)", s: "exp(5 * (v - 1))", b: "0", phase: "omega" },
    events: {
      spike: { when: "s", jump: { v: "-0.4", s: "log(u)" }, emits: true },
      turn: { when: "phase - 1", jump: { phase: "phase - 1", b: "-b" } },
    },
    start: { s: "log(u)", b: "1" },
    parameters: { mu: 12, omega: 311 },
  };
  const observed = [{ times: [0.31, 0.52] }, { times: [0.2] }];

  it("of which there are many more than spikes: the tape grows", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const asked = { paths: 1, t1: 0.8, dt: 0.02, with: ["mu", "omega", "current"] };
    const [gpu, twin] = await Promise.all(
      [engine(), cpu].map((e) =>
        e.network({ cell: escaping, current: 1.5 }).valueAndGradient(logLikelihood(observed), asked),
      ),
    );
    expect(Math.abs(gpu!.value / twin!.value - 1)).toBeLessThan(1e-5);
    // By omega 250 places within steps, each rounded to 2^-24 of a step, add up.
    const scale = Math.max(...twin!.flat.map(Math.abs));
    gpu!.flat.forEach((g, i) => {
      expect(Math.abs(g - twin!.flat[i]!)).toBeLessThan(1e-4 * scale);
    });
  });

  const ask = async (backend: "webgpu" | "cpu", cell: CellDefinition, times = [0.31, 0.52]) =>
    (backend === "cpu" ? await Engine.create({ backend }) : engine())
      .network({ cell, current: 1.5 })
      .valueAndGradient(logLikelihood([{ times: [] }, { times }]), { paths: 1, t1: 0.8, dt: 0.02, with: ["mu"] });

  it.for(["webgpu", "cpu"] as const)("on %s: events that never end are told", async (backend, context) => {
    if (backend === "webgpu") await needsLongLoops(engine().gpu!, context);
    const sliding = { ...escaping, state: { ...escaping.state, v: "v < 0.5 ? mu : -mu" } };
    await expect(ask(backend, sliding)).rejects.toThrow(
      /^network: neuron 0 fires more than 10000 times in step \d+: it slides along the surface of a condition/,
    );
  });

  it.each(["webgpu", "cpu"] as const)("on %s: a spike where the hazard is 0 is told", async (backend) => {
    await expect(ask(backend, dead, [0.3, 0.34])).rejects.toThrow(
      /^observed: the spike at 0\.34 of trial 1, neuron 0, has likelihood 0: the hazard is 0 there/,
    );
  });
});

describe("log-likelihood", () => {
  it("of a batch is that of its trials, neighbours from a place that the seed draws", async () => {
    const trials = Array.from({ length: 5 }, (_, i) => ({ times: [0.1 + 0.05 * i, 0.5 + 0.03 * i * i] }));
    const options = { paths: 1, t1: 1, dt: 0.02, with: ["mu1", "current"] };
    const definition = { parameters: quiet, current: 1.5 };
    const cpu = await Engine.create({ backend: "cpu" });
    const seen = new Set<number>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const part = await engine()
        .network(definition)
        .valueAndGradient(logLikelihood(trials, { batch: 3 }), { ...options, seed });
      const same = await cpu
        .network(definition)
        .valueAndGradient(logLikelihood(trials, { batch: 3 }), { ...options, seed });
      expect(Math.abs(part.value - same.value)).toBeLessThan(1e-5 * Math.abs(same.value));
      const firsts = await Promise.all(
        trials.map(async (_, f) => {
          const window = [0, 1, 2].map((i) => trials[(f + i) % 5]!);
          return (await cpu.network(definition).valueAndGradient(logLikelihood(window), options)).value;
        }),
      );
      const first = firsts.findIndex((v) => Math.abs(v - same.value) < 1e-12 * Math.abs(v));
      expect(first).toBeGreaterThanOrEqual(0);
      seen.add(first);
    }
    expect(seen.size).toBeGreaterThan(1);
    expect(() => logLikelihood(trials, { batch: 6 })).toThrow(
      /loss\.batch: expected a whole number from 1 to 5, got 6/,
    );
    cpu.dispose();
  });

  it("with the hazard at its cap: nothing moves it there, on either backend", async () => {
    const loss = logLikelihood([{ times: [0.3, 0.7] }, { times: [0.5] }, { times: [] }]);
    const options = { paths: 3, t1: 0.8, dt: 0.02, with: ["mu1", "beta", "vReset", "current"] };
    const definition = { parameters: quiet, current: 1.7e7 };
    const cpu = await Engine.create({ backend: "cpu" });
    const [gpu, twin] = await Promise.all(
      [engine(), cpu].map((e) => e.network(definition).valueAndGradient(loss, options)),
    );
    // The hazard is e^50 but in the first stage of the first step; its integral takes float32's rounding.
    expect(Math.abs(gpu!.value / twin!.value - 1)).toBeLessThan(1e-6);
    const gradient = (r: typeof gpu, name: string): number => r!.gradient[name] as number;
    for (const r of [gpu, twin]) expect(gradient(r, "vReset")).toBe(0);
    expect(Math.abs(gradient(gpu, "beta") / gradient(twin, "beta") - 1)).toBeLessThan(1e-6);
    for (const name of ["mu1", "current"]) {
      expect(Math.abs(gradient(twin, name))).toBeLessThan(1e-9);
      expect(Math.abs(gradient(gpu, name))).toBeLessThan(1e-9);
    }
    // All three trials have the same likelihood but for rounding, of one in 2^24 on the GPU: so has their spread.
    expect(twin!.standardError).toBeLessThan(2 ** -48 * twin!.value);
    expect(gpu!.standardError).toBeLessThan(2 ** -22 * gpu!.value);
    cpu.dispose();
  });

  /** A cell with this hazard; v goes to the current. */
  const withHazard = (hazard: string): CellDefinition => ({
    name: "hazard",
    state: { v: "I - v", s: hazard },
    event: "s",
    reset: { s: "log(u)" },
    start: { s: "log(u)" },
    parameters: { b: 300 },
  });

  it.each([
    ["1000 / (1 + exp(-b * v))", -1],
    ["log(1 + exp(b * v))", 1],
    ["exp(b * v) / (exp(b * v) + 1)", 1],
  ])("of the hazard %s, whose exponential leaves float32, is right", async (hazard, current) => {
    const loss = logLikelihood([{ times: [0.21, 0.48] }]);
    const cpu = await Engine.create({ backend: "cpu" });
    const [gpu, twin] = await Promise.all(
      [engine(), cpu].map((e) =>
        e
          .network({ cell: withHazard(hazard), current })
          .valueAndGradient(loss, { paths: 1, t1: 1, dt: 0.01, with: ["b"] }),
      ),
    );
    // float32 against float64: rounding of 100 sub-steps.
    expect(Math.abs(gpu!.value / twin!.value - 1)).toBeLessThan(1e-5);
    expect(Math.abs((gpu!.gradient.b as number) / (twin!.gradient.b as number) - 1)).toBeLessThan(1e-5);
    cpu.dispose();
  });

  it.each([
    "1000 / (2 + exp(-b * v))",
    "0.001 * exp(-b * v)",
  ])("of the hazard %s, which float32 does not hold, is an error and no number", async (hazard) => {
    const asked = engine()
      .network({ cell: withHazard(hazard), current: -1 })
      .valueAndGradient(logLikelihood([{ times: [0.48] }]), { paths: 1, t1: 0.5, dt: 0.01, with: ["b"] });
    await expect(asked).rejects.toThrow(/log-likelihood or its gradient became infinite or NaN/);
  });

  it("has the same bits every time, and a row per trial", async () => {
    const loss = logLikelihood([{ times: [0.2, 0.5] }, { times: [0.3] }, { times: [] }]);
    const network = engine().network({ parameters: quiet, current: 1.5 });
    const options = { paths: 1, t1: 1, dt: 0.01, with: ["mu1", "current"] };
    const rows: number[] = [];
    const one = await network.valueAndGradient(loss, {
      ...options,
      perPath: (first, paths, table) => {
        expect([first, paths, table.length]).toEqual([0, 3, 9]);
        rows.push(...table);
      },
    });
    const two = await network.valueAndGradient(loss, options);
    expect(two.flat).toEqual(one.flat);
    expect(two.value).toBe(one.value);
    expect((rows[0]! + rows[1]! + rows[2]!) / 3).toBeCloseTo(one.value, 10);
    expect((rows[3]! + rows[4]! + rows[5]!) / 3).toBeCloseTo(one.gradient.mu1 as number, 10);
  });

  it("is carried from dispatch to dispatch in long trials", async () => {
    const loss = logLikelihood([{ times: [0.2, 0.9, 1.7] }]);
    const options = { paths: 1, t1: 2, dt: 1e-4, with: ["mu1", "beta", "current"] };
    const definition = { parameters: quiet, current: 1.5 };
    const cpu = await Engine.create({ backend: "cpu" });
    const gpu = await engine().network(definition).valueAndGradient(loss, options);
    const twin = await cpu.network(definition).valueAndGradient(loss, options);
    // 20,000 steps in two dispatches; each adds a rounding of float32 to what is summed.
    expect(Math.abs(gpu.value / twin.value - 1)).toBeLessThan(1e-4);
    twin.flat.forEach((g, i) => {
      expect(Math.abs(gpu.flat[i]! / g - 1)).toBeLessThan(1e-3);
    });
  });

  it("reports impossible spikes and noise like the twin", async () => {
    const loss = logLikelihood([{ times: [0.5] }, { times: [0.4, 0.41] }]);
    const options = { paths: 1, t1: 1, dt: 0.1, with: ["mu1"] };
    const parameters = { ...quiet, beta: 0, alpha: 0.2 };
    await expect(engine().network({ parameters }).valueAndGradient(loss, options)).rejects.toThrow(
      /the spike at 0\.41\d* of trial 1, neuron 0, has likelihood 0/,
    );
    await expect(engine().network({}).valueAndGradient(loss, options)).rejects.toThrow('there is noise on "v"');
    expect(() => logLikelihood([])).toThrow("observed: holds no trial");
  });

  it("takes recordings with a current, values and an initial state each, a trial a sample", async () => {
    const trials = [
      { times: [0.21, 0.43, 0.44], neurons: [0, 1, 0] },
      { times: [], neurons: [] },
      { times: [0.11, 0.5, 0.72], neurons: [1, 0, 1] },
    ];
    const I = [0, 1, 2].map((s) => [0, 1, 2, 3, 4].map((n) => [1.4 + 0.2 * Math.sin(s + n), 1.2 + 0.1 * s]));
    const [mu1, v] = [
      [14, 15, 16],
      [0.1, 0.3, 0.2],
    ];
    const pair: NetworkDefinition = {
      neurons: 2,
      parameters: quiet,
      weights: {
        dense: [
          [0, 0.4],
          [0.3, 0],
        ],
      },
      current: [1, 1],
    };
    const names = ["beta", "vReset", "weights"];
    const samples = { inputs: { I: { dt: 0.2, samples: I } }, parameters: { mu1: mu1! }, initial: { v: v! }, first: 5 };
    const cpu = await Engine.create({ backend: "cpu" });
    const solve = { t1: 1, dt: 0.02, with: names };
    const loss = logLikelihood(trials);
    const host = await cpu.network(pair).valueAndGradient(loss, { ...solve, samples });
    const alone = await Promise.all(
      trials.map((trial, s) =>
        cpu
          .network({
            ...pair,
            parameters: { ...quiet, mu1: mu1![s]!, v0: v![s]! },
            current: { dt: 0.2, samples: I[s]! },
          })
          .valueAndGradient(logLikelihood([trial]), { ...solve, paths: 1 }),
      ),
    );
    const mean = (of: (result: typeof host) => number): number => alone.reduce((sum, one) => sum + of(one) / 3, 0);
    // The same operations; a mean in another order.
    expect(host.value).toBeCloseTo(
      mean((one) => one.value),
      12,
    );
    host.flat.forEach((g, i) => {
      expect(g).toBeCloseTo(
        mean((one) => one.flat[i]!),
        12,
      );
    });
    const device = await engine()
      .network(pair)
      .valueAndGradient(loss, { ...solve, samples });
    // Float32 keeps 1e-7 of a hazard over 50 steps.
    expect(Math.abs(device.value / host.value - 1)).toBeLessThan(1e-5);
    const scale = Math.max(...host.flat.map(Math.abs));
    device.flat.forEach((g, i) => {
      expect(Math.abs(g - host.flat[i]!)).toBeLessThan(1e-4 * scale);
    });
    await expect(
      cpu.network(pair).valueAndGradient(loss, { ...solve, samples: { ...samples, trials: 2 } }),
    ).rejects.toThrow("samples: are 3 of 2, and 3 trials are observed; give one for each, of one trial");
    cpu.dispose();
  });

  it("fits: training finds back what trains were drawn with", async () => {
    const truth = { parameters: quiet, current: 1.5 };
    const options = { paths: 200, t1: 2, dt: 0.02, seed: 1 };
    const table = await (await engine().network(truth).simulate(options)).read();
    const trials = pathsOf(table).map(({ times }) => ({ times }));
    let last: Record<string, unknown> = {};
    for await (const step of train(engine().network({ ...truth, current: 1 }), {
      ...options,
      loss: logLikelihood(trials),
      optimiser: rmsprop({ learningRate: (s) => 0.05 * 0.95 ** s }),
      steps: 60,
      trainable: ["current"],
    })) {
      last = (await step.values()).updated;
    }
    // The standard error of the estimate, from the curvature, is some 0.02.
    expect(Math.abs((last.current as number) - 1.5)).toBeLessThan(0.08);
  });
});
