import { describe, expect, it } from "vitest";
import type { SignatureSolver } from "../../src/signature/definitions/solver.js";
import type { StaticKernel } from "../../src/signature/definitions/static-kernel.js";
import { GpuSignatureBackend } from "../../src/signature/gpu/backend.js";
import {
  expectedSignature,
  liftSpikes,
  logSignatures,
  type SignatureBackend,
  signatureBackend,
  signatureGram,
  signatureKernel,
  signatureMMD,
  signatureScore,
  truncatedSignatureGradient,
  truncatedSignatures,
  twoSampleTest,
} from "../../src/signature/index.js";
import { sharedEngine } from "../support/engine.js";
import { needsLongLoops } from "../support/gpu.js";
import { signatureOracle as cases } from "../support/oracles.js";
import { brownianPaths, normals, relativeError } from "./random-paths.js";

const engine = sharedEngine();
const gpu = (): SignatureBackend => signatureBackend(engine().gpu!);
const twin = signatureBackend(null);

const solvers: SignatureSolver[] = [
  { kind: "difference", dyadic: [0, 0] },
  { kind: "difference", dyadic: [1, 2] },
  { kind: "difference", dyadic: [4, 1] },
  { kind: "polynomial", order: 7 },
  { kind: "truncated", depth: 1 },
  { kind: "truncated", depth: 4 },
];
const statics: StaticKernel[] = [
  { kind: "linear", scale: 0.7 },
  { kind: "rbf", sigma: 0.7 },
  { kind: "matern52", length: 1.1 },
  { kind: "polynomial", degree: 2, scale: 0.5, offset: 1 },
];

describe("signature kernels on the GPU against the twin", () => {
  for (const solver of solvers) {
    it(`${JSON.stringify(solver)}: ragged Gram matrices and gradients`, async () => {
      // Eleven channels take the loops that few channels do without.
      for (const [kernel, channels] of [...statics.map((k) => [k, 3] as const), [statics[0]!, 11] as const]) {
        // The longest pairs have more cells than are computed in two parts: all is float32.
        const x = brownianPaths(1, [20, 2, 70, 27, 9], channels);
        const y = brownianPaths(2, [71, 18, 5], channels);
        const options = { static: kernel, solver };
        const cross = await signatureGram(gpu(), x, y, options);
        // A few float32 roundings (6e-8 each) in increments and in every row; the squared inner product loses one more
        // digit in its differences.
        const tolerance = kernel.kind === "polynomial" ? 2e-5 : 3e-6;
        expect(relativeError(cross.values, (await signatureGram(twin, x, y, options)).values)).toBeLessThan(tolerance);
        const own = await signatureGram(gpu(), x, null, options);
        expect(relativeError(own.values, (await signatureGram(twin, x, null, options)).values)).toBeLessThan(tolerance);
        const both = { ...options, gradient: { x: true, y: true } };
        const [a, b] = [await signatureMMD(gpu(), x, y, both), await signatureMMD(twin, x, y, both)];
        expect(relativeError(a.gradientX!, b.gradientX!)).toBeLessThan(5e-5);
        expect(relativeError(a.gradientY!, b.gradientY!)).toBeLessThan(5e-5);
      }
    });
  }

  it("goes back over checkpoints: long paths of different lengths, one and many pairs", async () => {
    // A segment has 128 rows: 300 are two and a part. One pair runs as a wavefront, eight pairs one a thread.
    for (const [lengths, tolerance] of [
      [[300], 5e-5],
      [[300, 299, 200, 160, 300, 20, 130, 257], 5e-5],
    ] as const) {
      const x = brownianPaths(3, lengths, 2);
      const y = brownianPaths(4, [...lengths].reverse(), 2);
      for (const solver of [
        { kind: "difference", dyadic: [1, 0] },
        { kind: "polynomial", order: 4 },
        { kind: "truncated", depth: 3 },
      ] as const) {
        for (const kernel of [{ kind: "linear" }, { kind: "rbf", sigma: 0.5 }] as const) {
          const options = { static: kernel, solver, cotangent: lengths.map((_, i) => 1 - 0.3 * i) };
          const [a, b] = [await signatureKernel(gpu(), x, y, options), await signatureKernel(twin, x, y, options)];
          expect(relativeError(a.values, b.values)).toBeLessThan(5e-6);
          expect(relativeError(a.gradientX!, b.gradientX!)).toBeLessThan(tolerance);
          expect(relativeError(a.gradientY!, b.gradientY!)).toBeLessThan(tolerance);
        }
      }
    }
  });

  it("in float32, at the highest depth and an order whose coefficients are looped over", async (context) => {
    await needsLongLoops(engine().gpu!, context);
    // More cells than are computed in two parts.
    const [x, y] = [brownianPaths(20, [80, 66], 2), brownianPaths(21, [70, 80], 2)];
    for (const solver of [
      { kind: "polynomial", order: 12 },
      { kind: "truncated", depth: 8 },
    ] as const) {
      const options = { static: { kind: "rbf", sigma: 0.7 }, solver } as const;
      const a = await signatureKernel(gpu(), x, y, { ...options, cotangent: [1, 0.6] });
      const b = await signatureKernel(twin, x, y, { ...options, cotangent: [1, 0.6] });
      expect(relativeError((await signatureKernel(gpu(), x, y, options)).values, b.values)).toBeLessThan(3e-6);
      expect(relativeError(a.values, b.values)).toBeLessThan(3e-6);
      expect(relativeError(a.gradientX!, b.gradientX!)).toBeLessThan(5e-5);
      expect(relativeError(a.gradientY!, b.gradientY!)).toBeLessThan(5e-5);
    }
  });

  it("kernels of distances do not depend on where the paths lie, also far from the origin", async () => {
    const [x, y] = [brownianPaths(22, [90, 40], 2), brownianPaths(23, [80, 70], 2)];
    // As clock times do, for example: 1e4 leaves float32 three digits of steps of 0.1. The shift itself rounds by 1e-12.
    const far = (batch: typeof x): typeof x => ({ ...batch, points: batch.points.map((v) => v + 1e4) });
    const options = { static: { kind: "rbf", sigma: 0.7 }, cotangent: [1, 0.6] } as const;
    const a = await signatureKernel(gpu(), far(x), far(y), options);
    const b = await signatureKernel(twin, x, y, options);
    expect(relativeError(a.values, b.values)).toBeLessThan(3e-6);
    expect(relativeError(a.gradientX!, b.gradientX!)).toBeLessThan(5e-5);
    expect(relativeError(a.gradientY!, b.gradientY!)).toBeLessThan(5e-5);
  });

  it("padding never changes a value: a path has the same kernels whatever else is in the batch", async () => {
    const x = brownianPaths(5, [40, 90, 11], 2);
    const y = brownianPaths(6, [64, 17], 2);
    const { values } = await signatureGram(gpu(), x, y);
    for (const [i, length] of [40, 90, 11].entries()) {
      const points = new Float64Array(100 * 2).fill(7);
      points.set(x.points.subarray(x.offsets[i]! * 2, x.offsets[i + 1]! * 2));
      const padded = { points, shape: [1, 100, 2] as const, lengths: [length] };
      const alone = await signatureGram(gpu(), padded, y);
      // Eight or fewer pairs may be spread over threads differently, so not bits but a rounding or two.
      expect(relativeError(alone.values, values.subarray(i * 2, i * 2 + 2))).toBeLessThan(1e-6);
    }
  });

  it("keeps every value, also one that is small beside its grid, where the textbook stencil loses digits", async (context) => {
    await needsLongLoops(engine().gpu!, context);
    for (const [pairs, length] of [
      [40, 128],
      [2, 2048],
    ] as const) {
      const lengths = Array.from({ length: pairs }, () => length);
      const x = brownianPaths(7, lengths, 4);
      const y = brownianPaths(8, lengths, 4);
      const options = {
        static: { kind: "linear", scale: 0.9 },
        solver: { kind: "difference", dyadic: [1, 1] },
      } as const;
      const [a, b] = [await signatureKernel(gpu(), x, y, options), await signatureKernel(twin, x, y, options)];
      a.values.forEach((v, i) => {
        expect(Math.abs(v / b.values[i]! - 1)).toBeLessThan(3e-6);
      });
      // Some are: otherwise this would show nothing.
      if (pairs > 2) expect(Math.min(...b.values.map(Math.abs))).toBeLessThan(0.1);
    }
  });

  it("carries values beyond float32 in an exponent, and says so where a gradient cannot", async () => {
    // A straight line of length 50: the kernel with itself is the Bessel function I0(100), about 1e42.
    const x = [Array.from({ length: 300 }, (_, i) => [(50 * i) / 299])];
    const [a, b] = [await signatureKernel(gpu(), x, x), await signatureKernel(twin, x, x)];
    expect(b.values[0]!).toBeGreaterThan(1e40);
    expect(a.values[0]! / b.values[0]!).toBeCloseTo(1, 4);
    await expect(signatureKernel(gpu(), x, x, { cotangent: [1] })).rejects.toThrow(/exceeds float32: scale the paths/);
  });

  it("rough paths: the polynomial solver stays near the exact kernel where differences are off", async () => {
    const x = brownianPaths(10, [64, 64, 64, 64], 4, 3);
    const y = brownianPaths(11, [64, 64, 64, 64], 4, 3);
    const exact = await signatureKernel(twin, x, y, { solver: { kind: "polynomial", order: 24 } });
    const a = await signatureKernel(gpu(), x, y, { solver: { kind: "polynomial", order: 8 } });
    expect(relativeError(a.values, exact.values)).toBeLessThan(1e-4);
  });
});

describe("statistics on the GPU", () => {
  const x = brownianPaths(12, [20, 25, 30, 20], 2);
  const y = brownianPaths(13, [22, 20, 28], 2, 1.5);
  const statistic = { static: { kind: "rbf", sigma: 1 }, gradient: { x: true, y: true } } as const;

  for (const normalised of [false, true]) {
    it(`MMD² and score agree with the twin${normalised ? ", normalised" : ""}`, async () => {
      for (const compute of [
        (b: SignatureBackend) => signatureMMD(b, x, y, { ...statistic, normalised }),
        (b: SignatureBackend) => signatureMMD(b, x, y, { ...statistic, normalised, unbiased: false }),
        (b: SignatureBackend) => signatureScore(b, x, y, { ...statistic, normalised }),
      ]) {
        const [a, b] = [await compute(gpu()), await compute(twin)];
        // A statistic is a difference of means of kernels near 1: float32's 1e-7 is absolute.
        expect(Math.abs(a.value - b.value)).toBeLessThan(2e-6);
        expect(relativeError(a.gradientX!, b.gradientX!)).toBeLessThan(5e-5);
        expect(relativeError(a.gradientY!, b.gradientY!)).toBeLessThan(5e-5);
      }
    });

    it(`gradients are those of the value (twin, central differences)${normalised ? ", normalised" : ""}`, async () => {
      const { gradientX } = await signatureMMD(twin, x, y, { ...statistic, normalised });
      for (const at of [3, 40, 97]) {
        const moved = async (by: number): Promise<number> => {
          const points = x.points.slice();
          points[at]! += by;
          return (await signatureMMD(twin, { ...x, points }, y, { static: statistic.static, normalised })).value;
        };
        const numeric = ((await moved(1e-5)) - (await moved(-1e-5))) / 2e-5;
        // Rounding 1e-16/1e-5 on values near 1.
        expect(Math.abs(gradientX![at]! - numeric)).toBeLessThan(1e-9);
      }
    });
  }

  it("biased MMD² is not negative and Gram matrices are positive semi-definite, to rounding", async () => {
    const { value } = await signatureMMD(gpu(), x, x, { unbiased: false });
    expect(value).toBeGreaterThan(-1e-6);
    const { values, rows } = await signatureGram(gpu(), x, null, { solver: { kind: "polynomial", order: 10 } });
    // A Cholesky factorisation exists for values + ε: float32 may push an eigenvalue down by about n · 1e-7.
    const l = values.slice();
    for (let j = 0; j < rows; j++) {
      let pivot = l[j * rows + j]! + 1e-5;
      for (let k = 0; k < j; k++) pivot -= l[j * rows + k]! ** 2;
      expect(pivot).toBeGreaterThan(0);
      l[j * rows + j] = Math.sqrt(pivot);
      for (let i = j + 1; i < rows; i++) {
        let sum = l[i * rows + j]!;
        for (let k = 0; k < j; k++) sum -= l[i * rows + k]! * l[j * rows + k]!;
        l[i * rows + j] = sum / l[j * rows + j]!;
      }
    }
  });

  it("dyadic orders that differ: kernels of both orders of a pair, in Gram matrices and statistics", async () => {
    const solver = { kind: "difference", dyadic: [0, 2] } as const;
    const [a, b] = [brownianPaths(60, [5, 7, 4, 6], 2, 2), brownianPaths(61, [6, 5, 7], 2, 2)];
    const mean = (values: Float64Array, rows: number, own: boolean): number =>
      values.reduce((sum, v, n) => sum + (own && n % (rows + 1) === 0 ? 0 : v), 0) / (values.length - (own ? rows : 0));
    for (const [backend, tolerance] of [
      [gpu(), 1e-6],
      [twin, 1e-13],
    ] as const) {
      const [xx, yy, xy] = await Promise.all(
        [
          [a, a],
          [b, b],
          [a, b],
        ].map(async ([x, y]) => (await signatureGram(backend, x!, y!, { solver })).values),
      );
      expect(relativeError((await signatureGram(backend, a, null, { solver })).values, xx!)).toBeLessThan(tolerance);
      // Entry [0, 1] is not entry [1, 0].
      expect(Math.abs(xx![1]! / xx![4]! - 1)).toBeGreaterThan(1e-4);
      const expected = mean(xx!, 4, true) + mean(yy!, 3, true) - 2 * mean(xy!, 4, false);
      const gradient = { x: true, y: true };
      const { value, gradientX } = await signatureMMD(backend, a, b, { solver, gradient });
      expect(Math.abs(value / expected - 1)).toBeLessThan(10 * tolerance);
      const exact = await signatureMMD(twin, a, b, { solver, gradient });
      expect(relativeError(gradientX!, exact.gradientX!)).toBeLessThan(1e-6);
    }
    const moved = async (at: number, by: number): Promise<number> => {
      const points = a.points.slice();
      points[at]! += by;
      return (await signatureMMD(twin, { ...a, points }, b, { solver })).value;
    };
    const { gradientX } = await signatureMMD(twin, a, b, { solver, gradient: { x: true } });
    for (const at of [0, 5, 17, 30]) {
      const numeric = ((await moved(at, 1e-5)) - (await moved(at, -1e-5))) / 2e-5;
      // Rounding 1e-16/1e-5 on values near 1.
      expect(Math.abs(gradientX![at]! - numeric)).toBeLessThan(1e-9);
    }
  });

  it("same input, same bits", async () => {
    const [a, b] = [await signatureMMD(gpu(), x, y, statistic), await signatureMMD(gpu(), x, y, statistic)];
    expect(b).toEqual(a);
  });

  it("tells how many pairs of paths are done, of all that a statistic takes", async () => {
    const x = brownianPaths(50, Array(30).fill(70), 2);
    const y = brownianPaths(51, Array(20).fill(60), 2);
    const own = [(30 * 29) / 2, (20 * 19) / 2, 30 * 20];
    const once = own[0]! + own[1]! + own[2]!;
    const gradient = { x: true };
    for (const backend of [gpu(), twin]) {
      for (const [pairs, compute] of [
        [30 * 20, (progress) => signatureGram(backend, x, y, { progress })],
        [30 * 20 + 50, (progress) => signatureGram(backend, x, y, { progress, normalised: true })],
        [once, (progress) => signatureMMD(backend, x, y, { progress, gradient })],
        // Norms, values, and with the cotangents once more; and the diagonal of x, whose gradient is wanted.
        [50 + 2 * once + 30, (progress) => signatureMMD(backend, x, y, { progress, gradient, normalised: true })],
      ] as [number, (progress: (done: number, all: number) => void) => Promise<unknown>][]) {
        const told: number[] = [];
        await compute((done, all) => {
          expect(all).toBe(pairs);
          told.push(done);
        });
        expect(told[0]).toBe(0);
        expect(told.at(-1)).toBe(pairs);
        expect(told).toEqual([...told].sort((a, b) => a - b));
      }
    }
    // Chunks take about a second on a software adapter.
    if (!engine().gpu!.adapter.fallback) return;
    const told: number[] = [];
    const long = brownianPaths(52, Array(17).fill(1000), 2);
    await signatureGram(gpu(), long, brownianPaths(53, Array(17).fill(1000), 2), { progress: (n) => told.push(n) });
    expect(told).toEqual([0, 268, 289]);
  });

  it("two-sample test: rejects other laws, keeps equal ones, at the level asked for", async () => {
    const same = brownianPaths(14, Array(20).fill(16), 2);
    const other = brownianPaths(15, Array(20).fill(16), 2, 2.5);
    const third = brownianPaths(16, Array(20).fill(16), 2);
    const options = { static: { kind: "rbf", sigma: 1 }, permutations: 199, seed: 3 } as const;
    const different = await twoSampleTest(gpu(), same, other, options);
    expect(different.rejected).toBe(true);
    expect(different.pValue).toBeLessThanOrEqual(0.05);
    const equal = await twoSampleTest(gpu(), same, third, { ...options, level: 0.01 });
    expect(equal.rejected).toBe(false);
    const bound = await twoSampleTest(gpu(), same, third, { ...options, method: "threshold" });
    expect(bound.rejected).toBe(false);
    expect(bound.threshold).toBeGreaterThan(equal.threshold);
  });

  it("gradient of an MMD² of spike trains to spike times", async () => {
    const lift = { t0: 0, t1: 1, neurons: 2 };
    const mine = liftSpikes(
      [
        { times: [0.1, 0.3, 0.7], neurons: [0, 1, 0] },
        { times: [0.2], neurons: [1] },
        { times: [], neurons: [] },
      ],
      lift,
    );
    const theirs = liftSpikes(
      [
        { times: [0.5, 0.6], neurons: [1, 0] },
        { times: [0.15, 0.9], neurons: [0, 1] },
      ],
      lift,
    );
    const times = async (b: SignatureBackend): Promise<number[]> => {
      const { gradientX } = await signatureMMD(b, mine.paths, theirs.paths, { gradient: { x: true } });
      return mine.pullback(gradientX!).flatMap((g) => [...g]);
    };
    const [a, b] = [await times(gpu()), await times(twin)];
    expect(a.length).toBe(4);
    expect(relativeError(a, b)).toBeLessThan(5e-6);
  });
});

describe("truncated signatures on the GPU", () => {
  it("values and vector-Jacobian products agree with the twin", async () => {
    for (const [channels, depth, lengths] of [
      [2, 1, [10, 4]],
      [3, 2, [50, 20]],
      [4, 4, [128, 60, 2]],
      [11, 3, [20, 9]],
      [2, 8, [40, 30]],
      [1, 3, [5, 4]],
    ] as const) {
      const x = brownianPaths(17, lengths, channels);
      const b = await truncatedSignatures(twin, x, { depth });
      const cotangent = Float64Array.from({ length: b.values.length }, normals(18));
      const gb = await truncatedSignatureGradient(twin, x, cotangent, { depth });
      // In float32 some ten roundings of 6e-8 of the largest word; in two parts none shows.
      for (const [backend, tolerance, gradientTolerance] of [
        [new GpuSignatureBackend(engine().gpu!, false), 3e-6, 1e-5],
        [gpu(), 1e-12, 1e-11],
      ] as const) {
        const a = await truncatedSignatures(backend, x, { depth });
        expect(relativeError(a.values, b.values)).toBeLessThan(tolerance);
        const ga = await truncatedSignatureGradient(backend, x, cotangent, { depth });
        expect(relativeError(ga, gb)).toBeLessThan(gradientTolerance);
      }
    }
  });

  it("expected signatures are deterministic; log-signatures come in three forms", async () => {
    const x = brownianPaths(19, Array(50).fill(12), 2);
    const [a, b] = [await expectedSignature(gpu(), x, { depth: 3 }), await expectedSignature(gpu(), x, { depth: 3 })];
    expect(b).toEqual(a);
    for (const [form, size] of [
      ["expanded", 15],
      ["words", 5],
      ["brackets", 5],
    ] as const) {
      const logs = await logSignatures(gpu(), x, { depth: 3, form });
      expect(logs.size).toBe(size);
      expect(relativeError(logs.values, (await logSignatures(twin, x, { depth: 3, form })).values)).toBeLessThan(3e-6);
    }
  });
});

describe("oracle, float32", () => {
  const near = (actual: ArrayLike<number>, expected: number[], tolerance: number): void => {
    expect(relativeError(actual, expected)).toBeLessThan(tolerance);
  };

  it("kernels, gradients and signatures", async () => {
    const a = cases.A_pair;
    for (const [name, kernel] of [
      ["linear", { kind: "linear" }],
      ["rbf", { kind: "rbf", sigma: a.sigma_rbf }],
    ] as [string, StaticKernel][]) {
      for (const [key, entry] of Object.entries(a[name].scheme)) {
        const dyadic = key.startsWith("(") ? key.slice(1, -1).split(",").map(Number) : [Number(key), Number(key)];
        const solver = { kind: "difference", dyadic: dyadic as [number, number] } as const;
        const { values } = await signatureKernel(gpu(), [a.x], [a.y], { static: kernel, solver });
        near(values, [(entry as { value: number }).value], 1e-5);
        const gradients = a[name].grads_exact_of_scheme[key];
        if (!gradients) continue;
        const g = await signatureKernel(gpu(), [a.x], [a.y], { static: kernel, solver, cotangent: [1] });
        near(g.gradientX!, gradients.dx.flat(), 1e-4);
        near(g.gradientY!, gradients.dy.flat(), 1e-4);
      }
      const polynomial = { static: kernel, solver: { kind: "polynomial", order: 12 } } as const;
      near((await signatureKernel(gpu(), [a.x], [a.y], polynomial)).values, [a[name].exact_untruncated], 1e-5);
      const truncated = { static: kernel, solver: { kind: "truncated", depth: 8 } } as const;
      const levels: number[] = a[name].truncated_levels_KO_full_order;
      near((await signatureKernel(gpu(), [a.x], [a.y], truncated)).values, [levels.reduce((s, v) => s + v, 0)], 1e-5);
    }
    const b = cases.B_signature;
    near((await truncatedSignatures(gpu(), [b.x], { depth: 4 })).values, b.sig_x_depth4, 1e-5);
    near(await truncatedSignatureGradient(gpu(), [b.x], b.cotangent, { depth: 4 }), b.sig_vjp_x.flat(), 1e-4);
    const d = cases.D_marcus;
    const lifted = liftSpikes(
      [d.spikes1, d.spikes2].map((s: { times: number[]; neuron: number[] }) => ({ times: s.times, neurons: s.neuron })),
      { t0: 0, t1: 1, neurons: 2 },
    );
    const one = await signatureKernel(gpu(), [d.lift1], [d.lift2], { cotangent: [1] });
    near(one.values, [d.linear_scheme_d0], 1e-5);
    const points = new Float64Array(lifted.paths.points.length);
    points.set(one.gradientX!);
    near(lifted.pullback(points)[0]!, d.grad_spike_times1_d0, 1e-4);
  });
});
