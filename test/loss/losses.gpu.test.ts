/** Losses on the GPU against the float64 twin, and whatever the chunking. */
import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { combinedLoss } from "../../src/loss/combined-loss.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import type { Loss } from "../../src/loss/loss.js";
import { pathLoss } from "../../src/loss/path-loss.js";
import { signatureMmdLoss } from "../../src/loss/signature-kernel.js";
import { firstPassage, spikeCount, spikeRate } from "../../src/loss/spike-count.js";
import { firstSpikes, meanSpikeTime } from "../../src/loss/spike-times.js";
import { targetTimes } from "../../src/loss/target-times.js";
import { vanRossum } from "../../src/loss/van-rossum.js";
import type { TypedSpikes } from "../../src/spikes/spikes.js";
import { rmsprop } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";
import { sharedEngine } from "../support/engine.js";
import { lossCases, type Observed, observedSpikes, one, recurrent } from "../train/support.js";

const engine = sharedEngine();
let cpu: Engine;
let observed: Observed;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
  observed = await observedSpikes(cpu, 16);
});

const both = [
  ["recurrent", recurrent, ["weights", "current", "beta"]],
  ["one", one, ["current", "mu1", "vReset"]],
] as const;
// In a page each kernel is compiled once: for the network, which has all that one neuron has.
const cases = typeof document === "undefined" ? both : both.slice(0, 1);

const silent = [0, 1].map(() => ({ times: new Float64Array(), neurons: new Int32Array() }));
const names = lossCases({ one: silent, recurrent: silent }).map(([name]) => name);
const make = (name: string, network: "one" | "recurrent"): Loss =>
  lossCases(observed).find(([n]) => n === name)![1](network);

describe.each(names)("%s", (name) => {
  it.each(cases)("agrees with the twin: %s", async (network, definition, parameters) => {
    const options = { paths: 30, t1: 1, dt: 0.02, seed: 3, with: [...parameters] };
    const loss = make(name, network);
    const [g, c] = await Promise.all([engine(), cpu].map((e) => e.network(definition).valueAndGradient(loss, options)));
    // As for the solver: 1e-3 of the size of the gradient, or of its standard error where paths cancel.
    const errors = Object.values(c!.gradientStandardError).flat(3) as number[];
    const size = Math.max(...c!.flat.map(Math.abs), ...errors);
    for (let i = 0; i < c!.flat.length; i++) expect(Math.abs(g!.flat[i]! - c!.flat[i]!) / size).toBeLessThan(1e-3);
    expect(Math.abs(g!.value - c!.value)).toBeLessThan(1e-3 * Math.abs(c!.value));
    expect(Math.abs(g!.standardError / c!.standardError - 1)).toBeLessThan(1e-3);
  });
});

it("counts of windows are of the times that are read, also where spikes lie on their edges", async () => {
  // They come at every tenth, twentieth and half: at the end of a step, or at the beginning of the next.
  const cell = { name: "count", state: { v: "I" }, event: "v - 1", reset: { v: "v - 1" }, parameters: {} };
  const network = engine().network({ cell, neurons: 3, current: [10, 20, 2] });
  const solve = { t0: 3, t1: 4, dt: 0.1, paths: 1, seed: 1 };
  const simulated = await network.simulate(solve);
  const { times, neurons } = await simulated.read();
  simulated.dispose();
  for (const neuron of [0, 1, 2]) {
    const own = times.filter((_, n) => neurons[n] === neuron);
    expect(own.length).toBe([10, 20, 2][neuron]);
    for (const [from, to] of [
      [3, 3.5],
      [3.5, 4],
      [3.1, 3.3],
      [3.3, 3.7],
      [3.25, 3.6],
    ] as const) {
      const options = { ...solve, with: [], requireExact: false };
      const { value } = await network.valueAndGradient(spikeCount({ neuron, from, to }), options);
      const last = to === 4 ? 5 : to;
      expect([neuron, from, to, value]).toEqual([
        neuron,
        from,
        to,
        own.filter((t) => t - from > -1e-9 && t - last < -1e-9).length,
      ]);
    }
  }
});

describe.each(["webgpu", "cpu"])("what is refused or warned of, backend %s", (backend) => {
  const slif = { parameters: { sigma1: 0, sigma2: 0, alpha: 0 }, current: 1.5 };
  const options = { paths: 4, t1: 1, dt: 0.05, seed: 1, with: ["current"] };
  const on = (neurons = 1) => (backend === "cpu" ? cpu : engine()).network({ ...slif, neurons });

  it("observed spikes outside the time: all of them, and some", async () => {
    const of = (times: number[], outside?: "drop") =>
      on().valueAndGradient(logLikelihood([{ times }], outside ? { outside } : {}), options);
    await expect(of([210, 480])).rejects.toThrow("observed: all spikes (2) lie outside t0 = 0 to t1 = 1, from 210");
    const silence = await of([]);
    const dropped = await of([210, 480], "drop");
    expect(dropped.flat).toEqual(silence.flat);
    expect(silence.warnings).toBeUndefined();
    expect(dropped.warnings).toHaveLength(1);
    expect((await of([0.4, 1.5])).warnings).toEqual([
      "observed: 1 of 2 spikes are left out, as they lie outside t0 = 0 to t1 = 1, from 1.5 (trial 0, spike 1) to 1.5 " +
        "(trial 0, spike 1)",
    ]);
    const far = await on().valueAndGradient(firstSpikes([[0.2, 480]]), { ...options, standardErrors: false });
    expect(far.warnings?.[0]).toMatch(/^loss\.observed: 1 of 2 mean times lie outside t0 = 0 to t1 = 1, such as 480/);
  });

  it("spikes that a path which stops at maxSpikes cannot have", async () => {
    const of = (index: number, maxSpikes: number, neurons: number) =>
      on(neurons).valueAndGradient(meanSpikeTime(0, index), { ...options, t1: 2, maxSpikes });
    for (const neurons of [1, 2]) {
      await expect(of(2, 1, neurons)).rejects.toThrow(
        'maxSpikes: is 1, at which paths stop, but loss "mean-spike-time" looks at 3 spikes of a neuron; give at least that',
      );
    }
    const stopped = (loss: Loss, maxSpikes: number) =>
      cpu.network({ ...slif, neurons: 2 }).valueAndGradient(loss, { ...options, with: [], t1: 2, maxSpikes });
    for (const [loss, least, what] of [
      [firstPassage({ count: 4 }), 4, 'loss "first-passage" asks for 4 spikes of a path'],
      [spikeCount({ target: 2.5 }), 3, 'loss "spike-count" asks for 3 spikes of a path'],
      [spikeCount({ target: [2, 3] }), 5, 'loss "spike-count" asks for 5 spikes of a path'],
      [spikeRate({ target: 1.5 }), 6, 'loss "spike-rate" asks for 6 spikes of a path'],
      [
        targetTimes({
          times: [
            [0.1, 0.2],
            [0.3, 0.4],
          ],
        }),
        4,
        'loss "target-times" looks at 4 spikes of 2 neurons',
      ],
      [
        combinedLoss([{ loss: spikeCount({ neuron: 1, target: 2 }) }]),
        2,
        'loss "spike-count" asks for 2 spikes of a path',
      ],
    ] as const) {
      await expect(stopped(loss, least - 1)).rejects.toThrow(
        `maxSpikes: is ${least - 1}, at which paths stop, but ${what}; give at least that, or leave it out`,
      );
      await stopped(loss, least);
    }
    // The only neuron has had the spike at which its path stops; of two, the other may have had it.
    const whole = await of(0, 1, 1);
    expect([whole.saturatedPaths, whole.warnings]).toEqual([4, undefined]);
    expect((await of(0, 1, 2)).warnings).toEqual([
      expect.stringMatching(/^4 of 4 paths stopped at maxSpikes = 1: the/),
    ]);
    const { with: trainable, ...solve } = options;
    const optimiser = rmsprop({ learningRate: 0.1 });
    const steps = train(on(2), { ...solve, maxSpikes: 1, loss: meanSpikeTime(), steps: 1, trainable, optimiser });
    for await (const { warnings } of steps) expect(warnings).toHaveLength(1);
  });
});

describe("chunks", () => {
  it.each([
    "first spikes, mse",
    "expected signature",
    "expected signature, matched",
  ])("change no bit of %s", async (name) => {
    const network = engine().network(recurrent);
    const plan = network.plan({ paths: 600, t1: 1, dt: 0.05, seed: 4 });
    const evaluator = await network.evaluator(plan, make(name, "recurrent"), ["current", "weights"]);
    const whole = await evaluator.evaluate(plan);
    const pieces = await evaluator.evaluate(plan, { chunkBytes: 1 });
    evaluator.dispose();
    expect(pieces.value).toBe(whole.value);
    expect([...pieces.flat]).toEqual([...whole.flat]);
    expect(pieces.standardError).toBe(whole.standardError);
  });
});

describe("bad losses", () => {
  it("say which lines of WGSL are at fault", async () => {
    const loss = pathLoss({ code: "fn path_loss(path: u32, count: u32) -> f32 { return spike_tim(0u); }" });
    const options = { paths: 4, t1: 1, dt: 0.1, with: ["current"] };
    await expect(engine().network(one).valueAndGradient(loss, options)).rejects.toThrow(/spike_tim/);
    await expect(cpu.network(one).valueAndGradient(loss, options)).rejects.toThrow(/written for a GPU alone/);
  });

  it.each([
    [() => vanRossum([observed.one[0]!], { tau: 0.1 }), /observed: holds 1 spike trains; this loss needs at least 2/],
    [() => vanRossum(observed.one, { tau: 0 }), /loss.tau: expected a number above 0, got 0/],
    [() => expectedSignatureLoss(observed.one, { depth: 9 }), /loss.depth: expected a whole number from 1 to 8, got 9/],
    [
      () => expectedSignatureLoss(observed.one, { depth: 2, levelWeights: [1] }),
      /loss.levelWeights: expected 2 numbers/,
    ],
  ])("are refused: %#", (make_, message) => {
    expect(make_).toThrow(message);
  });

  const ones = (spikes: readonly TypedSpikes[]) => spikes.map((t) => new Float64Array(t.times.length).fill(1));
  const path = (cotangents: ArrayLike<number>) => pathLoss({ code: "", evaluate: () => ({ value: 0, cotangents }) });
  it.each<[string, NonNullable<Loss["evaluate"]>, RegExp]>([
    ["nothing", () => undefined as never, /^loss: "own": evaluate\(\) gave undefined; expected/],
    ["a text", (t) => ({ value: "1" as never, cotangents: ones(t) }), /^loss: "own": value is "1"; evaluate\(\) must/],
    ["a value of NaN", (t) => ({ value: Number.NaN, cotangents: ones(t) }), /^loss: "own": value is NaN; .* finite/],
    [
      "no cotangents",
      () => ({ value: 1 }) as never,
      /^loss: "own": cotangents is undefined; expected one for each of 4/,
    ],
    [
      "cotangents of too few paths",
      (t) => ({ value: 1, cotangents: ones(t.slice(1)) }),
      /^loss: "own": cotangents has 3 entries; expected one for each of 4 paths/,
    ],
    [
      "cotangents of too few spikes",
      (t) => ({ value: 1, cotangents: ones(t).map((row, i) => (i === 2 ? row.slice(1) : row)) }),
      /^loss: "own": cotangents\[2\] has \d+ entries; path 2 has \d+ spikes/,
    ],
    [
      "a cotangent of NaN",
      (t) => ({ value: 1, cotangents: ones(t).map((row, i) => (i === 2 ? row.map(() => Number.NaN) : row)) }),
      /^loss: "own": cotangents\[2\]\[0\] is NaN/,
    ],
    [
      "values of too few paths",
      (t) => ({ value: 1, cotangents: ones(t), pathValues: [1] }),
      /^loss: "own": pathValues has 1 entries; expected one for each of 4 paths/,
    ],
    [
      "cotangents beyond all numbers",
      (t) => ({ value: 1, cotangents: ones(t).map((row) => row.map(() => 1.7e308)) }),
      /^the value or its gradient is infinite or NaN/,
    ],
  ])("are refused on both backends when they give %s", async (_, evaluate, message) => {
    const options = { paths: 4, t1: 1, dt: 0.1, with: ["current"] };
    for (const e of [engine(), cpu]) {
      const run = e.network(one).valueAndGradient({ kind: "own", evaluate }, options);
      await expect(run).rejects.toThrow(message);
    }
  });

  it("are refused where one of a path has another shape", async () => {
    const run = cpu.network(one).valueAndGradient(path([]), { paths: 4, t1: 1, dt: 0.1, with: ["current"] });
    await expect(run).rejects.toThrow(/^loss: "path-loss": cotangents\[0\] has 0 entries; path 0 has \d+ spikes/);
  });

  it("take no parameter for the value alone, and are refused where none is said", async () => {
    const loss = make("first spikes, mse", "one");
    for (const e of [engine(), cpu]) {
      const none = { paths: 4, t1: 1, dt: 0.1, with: [] };
      expect((await e.network(one).valueAndGradient(loss, none)).gradient).toEqual({});
      const missing = { ...none, with: undefined as never };
      const message = /^with: (names no parameter; give at least one|expected a list of parameters, got undefined)$/;
      await expect(e.network(one).valueAndGradient(loss, missing)).rejects.toThrow(message);
      for (const options of [none, missing]) {
        await expect(e.network(one).spikeTimeSensitivities(options)).rejects.toThrow(message);
      }
    }
  });

  it("are refused where they do not fit the network or the times", async () => {
    const options = { paths: 4, t1: 0.5, dt: 0.1, with: ["current"] };
    const network = engine().network(one);
    const of = (spikes: TypedSpikes[]) => network.valueAndGradient(vanRossum(spikes, { tau: 0.1 }), options);
    const spikes = (t: number, neuron: number) => ({ times: Float64Array.of(t), neurons: Int32Array.of(neuron) });
    await expect(of([spikes(0.1, 0), spikes(0.2, 3)])).rejects.toThrow(
      /observed\[1\].neurons\[0\]: is 3; the network has/,
    );
    await expect(of([spikes(0.1, 0), spikes(0.7, 0)])).rejects.toThrow(/observed\[1\].times\[0\]: 0.7 does not lie/);
    await expect(
      network.valueAndGradient(vanRossum(observed.one, { tau: 0.1 }), { ...options, t1: 1, paths: 1 }),
    ).rejects.toThrow(/paths: loss "van-rossum" needs at least 2, got 1/);
  });
});

describe("a loss that cannot be made leaves nothing on the GPU", () => {
  const late = [{ times: [3], neurons: [0] }];
  const own: Loss = { kind: "own", gpu: () => Promise.reject(new Error("no kernel")) };
  const early = [{ times: [0.05], neurons: [0] }];
  it.each<[string, Loss, RegExp, number]>([
    ["broken WGSL", pathLoss({ code: "fn path_loss(p: u32, n: u32) -> f32 { return oops; }" }), /oops/, 4],
    ["observed times out of range", expectedSignatureLoss(late, { depth: 1 }), /observed\[0\]/, 4],
    ["times refused at once", vanRossum(late, { tau: 0.1, unbiased: false }), /observed\[0\]/, 4],
    ["more pairs than fit", signatureMmdLoss([...early, ...early]), /^paths: signature kernels compare all/, 30_000],
    ["a caller's gpu() that rejects", own, /no kernel/, 4],
  ])("%s", async (_, loss, message, paths) => {
    const before = engine().gpu!.bytesInUse;
    const network = engine().network(recurrent);
    const options = { paths, t1: 0.1, dt: 0.01 };
    await expect(network.valueAndGradient(loss, { ...options, with: ["weights"] })).rejects.toThrow(message);
    expect(engine().gpu!.bytesInUse).toBe(before);
    const optimiser = rmsprop({ learningRate: 0.1 });
    const run = train(network, { loss, optimiser, trainable: ["weights"], steps: 1, ...options });
    await expect(run.next()).rejects.toThrow(message);
    expect(engine().gpu!.bytesInUse).toBe(before);
  });
});
