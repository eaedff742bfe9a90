/** Shards merge to what the job itself prints, bit by bit: in any order, with duplicates, and through files. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packed, unpacked } from "../../src/cli/packed.js";
import { readResult, resultText, type Split, splitDigest } from "../../src/cli/shard-files.js";
import { Engine } from "../../src/engine.js";
import { runTasks } from "../../src/shards/evaluate.js";
import { jobAt, pointsOf } from "../../src/shards/grid.js";
import { adaptersOf } from "../../src/shards/merged.js";
import { commandOf } from "../../src/shards/points.js";
import { cutShards } from "../../src/shards/split.js";
import { cut, inShards, printed, sourceOf, whole } from "./support.js";

const solve = {
  network: { cell: "slif" },
  input: { current: 1.5 },
  time: { t1: 0.4, dt: 0.1 },
  paths: 8 * 256 - 100,
  seed: 3,
};
const small = { ...solve, paths: 3 * 512 - 10, discretisation: false };
const withLoss = { loss: { kind: "mean-spike-time", index: 0 }, with: ["current", "vReset"] };
const means = { loss: { kind: "first-spikes", spikes: 2 }, observed: [[0.1, 0.3], [0.2]], with: ["current"] };
const rate = { loss: { kind: "spike-rate", target: 2 }, with: ["current", "vTh"] };
const expression = { loss: { kind: "expression", value: "t[0] * n[0]" }, with: ["current"] };
const states = {
  loss: { kind: "voltage-fit", times: [0.1, 0.3], values: [0.2, 0.4] },
  with: ["current", "mu1"],
};
const samples = {
  network: {
    populations: { in: { sources: 5 }, out: { cell: "slif", neurons: 2 } },
    projections: [{ from: "in", to: "out", weights: { allToAll: { normal: [0.5, 0.2], seed: 1 } } }],
  },
  data: { yinYang: { samples: 300, seed: 1, from: 0.1, to: 0.9, bias: 0.5 } },
  trials: 2,
  time: { t1: 1, dt: 0.25 },
  states: { of: ["v"], neurons: "out", times: { every: 0.5 } },
};
const { paths: _, ...timed } = small;
const classes = {
  ...timed,
  network: { cell: "slif", neurons: 3 },
  samples: {
    inputs: { I: Array.from({ length: 200 }, (_, s) => 1 + (s % 7) / 10) },
    labels: Array.from({ length: 200 }, (_, s) => s % 3),
    trials: 2,
  },
  loss: { kind: "cross-entropy" },
  with: ["mu1", "vTh"],
};
const bounded = { network: { cell: "slif", neurons: 2 }, loss: { kind: "rate", most: 2 }, with: ["current"] };
const sampled = {
  ...timed,
  samples: { inputs: { I: Array.from({ length: 100 }, (_, s) => 1 + s / 100) }, trials: 8 },
  ...means,
  with: ["mu1"],
};
const paths = (n: number): number[][][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: 4 }, (_, k) => [k / 3, Math.sin(i + 2 * k)]));
const compared = { x: paths(4), y: paths(3).map((p) => p.slice(1)), gradient: true };

// On `simd` what else there is goes through the same rounds as losses (losses.test.ts).
describe.each(["cpu", "webgpu", "simd"] as const)("shards on %s", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ backend });
  });
  afterAll(() => engine.dispose());

  const jobs: [string, object, number[]][] = [
    ["gradient", { ...solve, ...withLoss }, [1, 7, 8]],
    [
      "gradient from t0 on, antithetic",
      { ...small, paths: 1540, antithetic: true, time: { t0: 0.5, t1: 0.9, dt: 0.1 }, ...withLoss },
      [3],
    ],
    ["gradient by means over all paths", { ...small, ...means }, [4]],
    ["gradient of a mean rate, which spikes at t1 move too", { ...small, ...rate, paths: 1020, antithetic: true }, [2]],
    ["gradient of rates, each neuron's by itself", { ...small, ...bounded, paths: 520 }, [2]],
    ["gradient by means over all paths of samples", sampled, [2]],
    ["gradient by a count and a time of each path", { ...small, ...expression }, [3]],
    ["gradient of states", { ...small, ...states }, [3]],
    ["gradient of the classes of samples", classes, [2]],
    ["simulate", { ...small, network: { cell: "slif", neurons: 2 }, maxSpikes: 3 }, [5]],
    ["simulate samples of data, with states", { ...samples, discretisation: false }, [3]],
    ["Gram matrix", { x: paths(5), normalised: true }, [7]],
    ["Gram matrix of two", { x: paths(3), y: paths(4), static: { kind: "rbf", sigma: 1 } }, [5]],
    ["MMD²", { x: paths(5), y: paths(4), statistic: "mmd", unbiased: false }, [4]],
    ["MMD² of normalised kernels, with gradients", { ...compared, statistic: "mmd", normalised: true }, [1, 4]],
    ["score", { ...compared, gradient: false, statistic: "score" }, [1, 5]],
    ["score, with gradients", { ...compared, statistic: "score" }, [3]],
  ];
  const taken = jobs.filter(([name]) => backend !== "simd" || /^(Gram|MMD|score)/.test(name));
  it.each(taken)("%s: the bits of one run", async (_, job, counts) => {
    const source = sourceOf(job);
    const one = printed(await whole(engine, source));
    for (const n of counts) expect(printed(await inShards(engine, source, n))).toBe(one);
  });
});

it("fails as the job itself does", async () => {
  const engine = await Engine.create({ backend: "cpu" });
  // From t = 0.5 on v is no number.
  const cell = {
    name: "blast",
    state: { v: "sqrt(0.5 - s)", s: "1" },
    event: "s - 1",
    reset: { s: "s - 1" },
    start: {},
    parameters: {},
  };
  const job = { ...small, network: { cell }, time: { t1: 4, dt: 0.1 } };
  const source = sourceOf({ ...job, loss: withLoss.loss, with: ["current"] });
  const [alone] = await runTasks(engine, source, [{ kind: "whole", point: 0 }], { spikes: false });
  const { code, message } = alone!.failed!;
  await expect(inShards(engine, source, 3)).rejects.toMatchObject({ code, message });
});

describe("cutting", () => {
  it("refuses by name what cannot be cut, with a mend", async () => {
    const statistic = { x: paths(2), y: paths(2), statistic: "mmd", gradient: true };
    await expect(cut(sourceOf(statistic), 5)).rejects.toThrow(/but the job has 4 paths; ask for at most 4$/);
    await expect(cut(sourceOf({ ...small, ...withLoss }), 99)).rejects.toThrow(/ask for at most 6$/);
    expect(() => commandOf({ ...small, steps: 3 })).toThrow(/--workers/);
  });

  it("takes whole points of a sweep where there are as many", () => {
    const shards = cutShards(
      Array.from({ length: 5 }, () => ({ unit: "trials" as const, count: 1, align: 1, batches: 0 })),
      2,
    );
    expect(shards.map((s) => s.tasks.map((t) => t.point))).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
  });

  it("reads sweeps as combinations or points, and puts values where they belong", () => {
    const points = pointsOf({ "input.current": { from: 1, to: 2, count: 3 }, seed: [1, 2] });
    expect(points).toHaveLength(6);
    expect(points[3]).toEqual({ "input.current": 1.5, seed: 2 });
    const job = { network: { cell: "slif" }, input: { current: [1, 2] } };
    expect(jobAt(job, { "network.parameters.mu1": 5, "input.current.1": 9 })).toEqual({
      network: { cell: "slif", parameters: { mu1: 5 } },
      input: { current: [1, 9] },
    });
    expect(() => jobAt(job, { "network.cell.x": 1 })).toThrow(/leads through "cell"/);
    expect(() => jobAt(job, { "__proto__.x": 1 })).toThrow(/names no field/);
    expect(() => pointsOf({ seed: [] })).toThrow(/^grid.seed: has no values/);
  });
});

describe("results in files", () => {
  const tasks = [{ kind: "whole", point: 0 }] as const;
  const shard = { name: "shard-0001", tasks };
  const given = { command: "simulate", job: {}, files: {}, spikes: false, shards: [shard] } as unknown as Split;
  const split = { ...given, digest: splitDigest(given) };
  const text = resultText(split.digest, {
    name: shard.name,
    seconds: 1,
    results: [{ task: tasks[0], adapter: "a", whole: { value: 0.1 } }],
  });
  const read = (bytes: string): unknown =>
    readResult("result.json", new TextEncoder().encode(bytes), split, shard.name);

  it("keeps arrays bit by bit", () => {
    const value = { a: Float32Array.of(0.1, Number.NaN), b: [Float64Array.of(1e-320)], c: Int32Array.of(-1), d: "x" };
    expect(unpacked(JSON.parse(JSON.stringify(packed(value))))).toEqual(value);
  });

  it("refuses in one line what was cut off, edited, or is another job's or version's", () => {
    expect(read(text)).toMatchObject({ name: shard.name });
    for (const cut of [0.2, 0.5, 0.99]) {
      expect(() => read(text.slice(0, text.length * cut))).toThrow(/^result: result.json is cut off or damaged: .*$/);
    }
    expect(() => read(text.replace("0.1", "0.2"))).toThrow(/checksum/);
    const other = resultText("other", { name: shard.name, seconds: 1, results: [{ task: tasks[0], adapter: "a" }] });
    expect(() => read(other)).toThrow(/another job/);
  });
});

it("takes simd for one adapter whatever its threads, as its bits are, and no other", () => {
  const of = (...adapters: string[]): string[] => adaptersOf(adapters.map((adapter) => ({ adapter })));
  const [one, four] = ["WebAssembly SIMD, 1 thread", "WebAssembly SIMD, 4 threads"];
  expect(of(one, one)).toEqual([one]);
  expect(of(one, four)).toEqual(["WebAssembly SIMD"]);
  expect(of(one, four, "float64 twin on the CPU")).toEqual(["WebAssembly SIMD", "float64 twin on the CPU"]);
});
