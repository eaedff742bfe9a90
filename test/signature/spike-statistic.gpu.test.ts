import { describe, expect, it } from "vitest";
import { gramPairs } from "../../src/signature/definitions/pairs.js";
import { spikeStatistic } from "../../src/signature/gpu/spike-statistic.js";
import {
  liftSpikes,
  type MmdOptions,
  type SignatureSolver,
  signatureBackend,
  signatureMMD,
  signatureScore,
} from "../../src/signature/index.js";
import type { Spikes } from "../../src/spikes/spikes.js";
import { uploadSpikes } from "../../src/spikes/upload.js";
import { sharedGpu } from "../support/gpu.js";
import { relativeError } from "./random-paths.js";
import { randomSpikes } from "./random-spikes.js";

const gpu = sharedGpu();
const twin = signatureBackend(null);
const [t0, t1] = [0.5, 1.5];

interface Case extends MmdOptions {
  readonly statistic: "mmd" | "score";
  readonly neurons: number;
}

/** The twin's value and gradient [slots][paths]. */
async function expected(c: Case, x: Spikes[], y: Spikes[], slots: number) {
  const lift = { t0, t1, neurons: c.neurons };
  const [lx, ly] = [liftSpikes(x, lift), liftSpikes(y, lift)];
  const { statistic, neurons: _, unbiased = true, ...kernel } = c;
  const options = { ...kernel, gradient: { x: true } };
  const { value, gradientX } = await (statistic === "mmd"
    ? signatureMMD(twin, lx.paths, ly.paths, { ...options, unbiased })
    : signatureScore(twin, lx.paths, ly.paths, options));
  const out = new Float64Array(slots * x.length);
  lx.pullback(gradientX!).forEach((g, i) => {
    g.forEach((v, n) => {
      out[n * x.length + i] = v;
    });
  });
  return { value, gradient: out };
}

describe("a range of the pairs of a Gram matrix", () => {
  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])("half %s, without diagonal %s", (half, skipDiagonal) => {
    const shape = { rows: 5, columns: 5, half, skipDiagonal };
    const all: number[][] = [];
    for (let i = 0; i < 5; i++) {
      for (let j = half ? i : 0; j < 5; j++) if (!(skipDiagonal && i === j)) all.push([i, j]);
    }
    for (let begin = 0; begin <= all.length; begin++) {
      for (let end = begin; end <= all.length; end++) {
        const { a, b } = gramPairs(shape, begin, end);
        expect(Array.from(a, (i, n) => [i, b[n]])).toEqual(all.slice(begin, end));
      }
    }
  });
});

describe("statistics of trains on the GPU against the twin", () => {
  const cases: Case[] = [
    { statistic: "mmd", neurons: 1 },
    { statistic: "mmd", neurons: 3, unbiased: false, static: { kind: "rbf", sigma: 2 } },
    {
      statistic: "score",
      neurons: 2,
      static: { kind: "linear", scale: 0.5 },
      solver: { kind: "difference", dyadic: [1, 1] },
    },
    { statistic: "mmd", neurons: 2, solver: { kind: "difference", dyadic: [1, 0] } },
    { statistic: "mmd", neurons: 2, unbiased: false, solver: { kind: "difference", dyadic: [0, 2] } },
    { statistic: "score", neurons: 2, static: { kind: "rbf", sigma: 1 }, solver: { kind: "truncated", depth: 3 } },
    { statistic: "mmd", neurons: 1, solver: { kind: "polynomial", order: 6 } },
    { statistic: "mmd", neurons: 3, static: { kind: "linear", scale: 0.3 }, solver: { kind: "truncated", depth: 3 } },
    { statistic: "mmd", neurons: 2, unbiased: false, solver: { kind: "truncated", depth: 4 } },
    { statistic: "score", neurons: 2, static: { kind: "linear", scale: 0.7 }, solver: { kind: "truncated", depth: 2 } },
  ];
  for (const c of cases) {
    it(JSON.stringify(c), async () => {
      const g = gpu();
      const { neurons } = c;
      const lift = { t0, t1, neurons };
      const y = randomSpikes(7, 9, neurons, 6, t0, t1);
      const observed = uploadSpikes(g, y, lift);
      const statistic = await spikeStatistic(g, { ...c, paths: 11, observed });
      const value = g.buffer("value", 4);
      // Trains grow from one evaluation to the next.
      for (const most of [3, 9]) {
        const x = randomSpikes(8, 11, neurons, most, t0, t1);
        const spikes = uploadSpikes(g, x, lift);
        const cotangents = g.buffer("cotangents", 4 * spikes.slots * 11);
        const batch = g.batch().clear(cotangents);
        statistic.encodeValue(batch, spikes, value);
        statistic.encodeCotangents(batch, spikes, cotangents);
        statistic.encodeCotangents(batch, spikes, cotangents, { scale: 2 });
        const [v, bars] = [batch.read(value), batch.read(cotangents)];
        batch.submit();
        const want = await expected(c, x, y, spikes.slots);
        // A difference of kernels of size 1 to 100 in float32.
        expect(Math.abs(new Float32Array(await v)[0]! - want.value)).toBeLessThan(
          2e-5 * Math.max(1, Math.abs(want.value)),
        );
        const bar = new Float32Array(await bars).map((b) => b / 3);
        expect(relativeError(bar, want.gradient)).toBeLessThan(5e-5);
        spikes.dispose();
        cotangents.dispose();
      }
      statistic.dispose();
      observed.dispose();
      value.dispose();
    });
  }

  it("says what is wrong", async () => {
    const g = gpu();
    const observed = uploadSpikes(g, randomSpikes(1, 1, 1, 3, 0, 1), { t0: 0, t1: 1, neurons: 1 });
    await expect(spikeStatistic(g, { neurons: 1, paths: 4, observed, statistic: "mmd" })).rejects.toThrow(
      "observed: holds one train",
    );
    await expect(spikeStatistic(g, { neurons: 1, paths: 1, observed, statistic: "score" })).rejects.toThrow("paths:");
    observed.dispose();
  });

  it("takes 16,384 paths, and refuses those whose pairs do not fit", async () => {
    const g = gpu();
    const before = g.bytesInUse;
    const observed = uploadSpikes(g, randomSpikes(1, 2, 1, 3, 0, 1), { t0: 0, t1: 1, neurons: 1 });
    const create = (paths: number, solver?: SignatureSolver) =>
      spikeStatistic(g, { neurons: 1, paths, observed, statistic: "mmd", ...(solver ? { solver } : {}) });
    (await create(16384)).dispose();
    for (const paths of [30_000, 2 ** 20]) {
      await expect(create(paths)).rejects.toThrow(
        `paths: signature kernels compare all paths with each other: ${paths} `,
      );
    }
    (await create(2 ** 20, { kind: "truncated", depth: 2 })).dispose();
    observed.dispose();
    expect(g.bytesInUse).toBe(before);
  });
});
