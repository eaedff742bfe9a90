import { describe, expect, it } from "vitest";
import { liftSpikes } from "../../src/signature/definitions/lift.js";
import { batchOf, pathPoints } from "../../src/signature/definitions/paths.js";
import type { CheckedSolver } from "../../src/signature/definitions/solver.js";
import { compileStaticKernel, type StaticKernel } from "../../src/signature/definitions/static-kernel.js";
import { basePoint, leadLag, timeAugment } from "../../src/signature/definitions/transforms.js";
import { increments, incrementsVjp } from "../../src/signature/host/increments.js";
import { kernelValue, kernelVjp } from "../../src/signature/host/kernel.js";
import { logSignature, lyndonWords } from "../../src/signature/host/lyndon.js";
import { truncatedSignature, truncatedSignatureVjp } from "../../src/signature/host/signature.js";
import { spikeSignature, spikeSignatureVjp } from "../../src/signature/host/spike-signature.js";
import { antipode, exponential, levelOffsets, product, tensorSize, unit } from "../../src/signature/host/tensor.js";
import { brownianPaths, normals, relativeError } from "./random-paths.js";

const paths = (seed: number, lengths: number[], channels: number, scale = 1): Float64Array[] => {
  const batch = brownianPaths(seed, lengths, channels, scale);
  return lengths.map((_, i) => pathPoints(batch, i));
};

const value = (k: StaticKernel, solver: CheckedSolver, x: Float64Array, y: Float64Array, c: number): number => {
  const p = increments(compileStaticKernel(k), x, y, c);
  return kernelValue(p, x.length / c - 1, y.length / c - 1, solver);
};

const solvers: CheckedSolver[] = [
  { kind: "difference", dyadic: [0, 0] },
  { kind: "difference", dyadic: [1, 2] },
  { kind: "polynomial", order: 5 },
  { kind: "truncated", depth: 4 },
];

const statics: StaticKernel[] = [
  { kind: "linear", scale: 0.6 },
  { kind: "rbf", sigma: 0.8 },
  { kind: "matern32", length: 0.9 },
  { kind: "matern52", length: 0.7 },
  { kind: "rational-quadratic", length: 0.8, alpha: 1.5 },
  { kind: "polynomial", degree: 3, scale: 0.4, offset: 1.2 },
  { kind: "formula", formula: "exp(-q) + w * exp(-q / 4)", parameters: { w: 0.5 } },
];

describe("gradients of the twin against central differences", () => {
  for (const solver of solvers) {
    for (const definition of statics) {
      it(`${solver.kind} ${JSON.stringify(Object.values(solver)[1])}, ${definition.kind}`, () => {
        const [x, y] = paths(3, [6, 5], 2) as [Float64Array, Float64Array];
        const kernel = compileStaticKernel(definition);
        const { increments: pBar } = kernelVjp(increments(kernel, x, y, 2), 5, 4, solver);
        const gradient = [new Float64Array(x.length), new Float64Array(y.length)] as const;
        incrementsVjp(kernel, x, y, 2, pBar, { x: gradient[0]!, y: gradient[1]! });
        const numeric = [x, y].map((z) =>
          Float64Array.from(z, (_, i) => {
            const at = z[i]!;
            // Truncation h² and rounding 1e-16/h balance near 1e-5: both about 1e-10.
            const h = 1e-5;
            z[i] = at + h;
            const up = value(definition, solver, x, y, 2);
            z[i] = at - h;
            const down = value(definition, solver, x, y, 2);
            z[i] = at;
            return (up - down) / (2 * h);
          }),
        );
        expect(relativeError(gradient[0], numeric[0]!)).toBeLessThan(1e-8);
        expect(relativeError(gradient[1], numeric[1]!)).toBeLessThan(1e-8);
      });
    }
  }

  it("truncated signatures", () => {
    const [x] = paths(4, [7], 3) as [Float64Array];
    const next = normals(9);
    const cotangent = Float64Array.from({ length: tensorSize(3, 4) }, next);
    const dot = (): number => truncatedSignature(x, 3, 4).reduce((sum, v, i) => sum + v * cotangent[i]!, 0);
    const numeric = Float64Array.from(x, (_, i) => {
      const at = x[i]!;
      x[i] = at + 1e-5;
      const up = dot();
      x[i] = at - 1e-5;
      const down = dot();
      x[i] = at;
      return (up - down) / 2e-5;
    });
    expect(relativeError(truncatedSignatureVjp(x, 3, 4, cotangent), numeric)).toBeLessThan(1e-8);
  });

  it("spike times, through the Marcus lift, with a shared time moved as one", () => {
    const spikes = [
      { times: [0.1, 0.4, 0.4, 0.8], neurons: [0, 1, 0, 1] },
      { times: [0.3, 0.5], neurons: [1, 0] },
    ];
    const options = { t0: 0, t1: 1, neurons: 2 };
    const kernel = compileStaticKernel({ kind: "rbf", sigma: 1 });
    const solver = { kind: "difference", dyadic: [0, 0] } as const;
    const lifted = liftSpikes(spikes, options);
    const [x, y] = [pathPoints(lifted.paths, 0), pathPoints(lifted.paths, 1)];
    const [rows, columns] = [x.length / 3 - 1, y.length / 3 - 1];
    const { increments: pBar } = kernelVjp(increments(kernel, x, y, 3), rows, columns, solver);
    const points = new Float64Array(lifted.paths.points.length);
    incrementsVjp(kernel, x, y, 3, pBar, { x: points.subarray(0, x.length), y: points.subarray(x.length) });
    const gradient = lifted.pullback(points)[0]!;
    const at = (times: number[]): number => {
      const l = liftSpikes([{ times, neurons: spikes[0]!.neurons }, spikes[1]!], options).paths;
      return value({ kind: "rbf", sigma: 1 }, solver, pathPoints(l, 0), pathPoints(l, 1), 3);
    };
    const h = 1e-6;
    const moved = (which: number[], by: number): number[] =>
      spikes[0]!.times.map((t, i) => (which.includes(i) ? t + by : t));
    for (const which of [[0], [1, 2], [3]]) {
      const numeric = (at(moved(which, h)) - at(moved(which, -h))) / (2 * h);
      expect(which.reduce((sum, i) => sum + gradient[i]!, 0)).toBeCloseTo(numeric, 7);
    }
  });
});

describe("truncated signatures", () => {
  /** S(i1 … ik) = Σ over t1 ≤ … ≤ tk of ∏ Δ, over 1/multiplicities: the definition, by brute force. */
  function bruteForce(x: Float64Array, c: number, word: number[]): number {
    const segments = x.length / c - 1;
    const visit = (position: number, from: number, run: number): number => {
      if (position === word.length) return 1;
      let sum = 0;
      for (let t = from; t < segments; t++) {
        const same = t === from && position > 0 ? run + 1 : 1;
        const d = x[(t + 1) * c + word[position]!]! - x[t * c + word[position]!]!;
        sum += (d / same) * visit(position + 1, t, same);
      }
      return sum;
    };
    return visit(0, 0, 0);
  }

  it("equal iterated integrals", () => {
    const [x] = paths(5, [6], 3) as [Float64Array];
    const s = truncatedSignature(x, 3, 4);
    const offsets = levelOffsets(3, 4);
    for (const word of [[0], [2], [0, 1], [1, 1], [2, 1, 0], [0, 0, 2], [1, 2, 0, 1], [2, 2, 2, 2]]) {
      const at = offsets[word.length]! + word.reduce((n, l) => n * 3 + l, 0);
      expect(s[at]).toBeCloseTo(bruteForce(x, 3, word), 13);
    }
  });

  it("Chen's identity: the signature of a concatenation is the product", () => {
    const [x] = paths(6, [12], 2) as [Float64Array];
    const [head, tail] = [x.slice(0, 5 * 2), x.slice(4 * 2)];
    const both = product(truncatedSignature(head, 2, 5), truncatedSignature(tail, 2, 5), 2, 5);
    expect(relativeError(truncatedSignature(x, 2, 5), both)).toBeLessThan(1e-14);
  });

  it("of a path and its reverse is trivial, and the antipode is the reverse", () => {
    const [x] = paths(7, [9], 3) as [Float64Array];
    const reversed = batchOf([x], 3);
    const back = Float64Array.from(x, (_, i) => x[(8 - Math.floor(i / 3)) * 3 + (i % 3)]!);
    expect(relativeError(truncatedSignature(Float64Array.of(...x, ...back), 3, 4), unit(3, 4))).toBeLessThan(1e-14);
    const s = truncatedSignature(pathPoints(reversed, 0), 3, 4);
    expect(relativeError(antipode(s, 3, 4), truncatedSignature(back, 3, 4))).toBeLessThan(1e-14);
  });

  it("axis form of spike trains equals the signature of their lift", () => {
    const spikes = { times: [0.1, 0.25, 0.25, 0.7, 0.71], neurons: [2, 0, 1, 1, 2] };
    const { paths: lifted } = liftSpikes([spikes], { t0: 0, t1: 1, neurons: 3 });
    const slow = truncatedSignature(pathPoints(lifted, 0), 4, 5);
    expect(
      relativeError(spikeSignature(spikes.times, spikes.neurons, { neurons: 3, t0: 0, t1: 1, depth: 5 }), slow),
    ).toBeLessThan(1e-14);
  });

  it("gradients by spike times equal the pullback of the lift's", () => {
    const spikes = { times: [0.1, 0.25, 0.25, 0.7, 0.71, 0.9], neurons: [2, 0, 1, 1, 1, 2] };
    const lift = liftSpikes([spikes], { t0: 0, t1: 1, neurons: 3 });
    for (const depth of [1, 2, 3, 5]) {
      const cotangent = Float64Array.from({ length: tensorSize(4, depth) }, normals(depth));
      const slow = lift.pullback(truncatedSignatureVjp(pathPoints(lift.paths, 0), 4, depth, cotangent))[0]!;
      const fast = spikeSignatureVjp(spikes.times, spikes.neurons, { neurons: 3, t0: 0, t1: 1, depth }, cotangent);
      if (depth === 1) expect(Math.max(...slow.map(Math.abs))).toBeLessThan(1e-15);
      else expect(relativeError(fast, slow)).toBeLessThan(1e-13);
    }
  });

  it("logarithm and exponential are inverse, and the Lyndon basis spans the logarithm", () => {
    const [x] = paths(8, [7], 3) as [Float64Array];
    const s = truncatedSignature(x, 3, 4);
    expect(relativeError(exponential(logSignature(s, 3, 4, "expanded"), 3, 4), s)).toBeLessThan(1e-14);
    // Witt's formula: 3, 3, 8, 18 words.
    expect([1, 2, 3, 4].map((n) => lyndonWords(3, 4).filter((w) => w.length === n).length)).toEqual([3, 3, 8, 18]);
    // Brackets expanded again give back the logarithm: [u, v] = uv - vu.
    const words = lyndonWords(3, 4);
    const names = new Set(words.map(String));
    const offsets = levelOffsets(3, 4);
    const expand = (w: number[]): Float64Array => {
      if (w.length === 1) {
        const out = new Float64Array(s.length);
        out[1 + w[0]!] = 1;
        return out;
      }
      let cut = 1;
      while (!names.has(String(w.slice(cut)))) cut++;
      const [u, v] = [expand(w.slice(0, cut)), expand(w.slice(cut))];
      const vu = product(v, u, 3, 4);
      return product(u, v, 3, 4).map((a, i) => a - vu[i]!);
    };
    const sum = new Float64Array(s.length);
    logSignature(s, 3, 4, "brackets").forEach((a, i) => {
      expand(words[i]!).forEach((b, at) => {
        sum[at]! += a * b;
      });
    });
    expect(offsets.length).toBe(6);
    expect(relativeError(sum, logSignature(s, 3, 4, "expanded"))).toBeLessThan(1e-13);
  });
});

describe("signature kernels", () => {
  const exact = { kind: "polynomial", order: 20 } as const;
  const [x, y] = paths(11, [9, 7], 2) as [Float64Array, Float64Array];

  it("are symmetric", () => {
    for (const solver of solvers.filter((s) => s.kind !== "difference" || s.dyadic[0] === s.dyadic[1])) {
      for (const k of statics) {
        expect(value(k, solver, x, y, 2) / value(k, solver, y, x, 2)).toBeCloseTo(1, 12);
      }
    }
  });

  it("are 1 against a constant path", () => {
    const still = Float64Array.of(0.3, -1, 0.3, -1, 0.3, -1);
    // A few units in the last place: differences of equal kernel values may round.
    for (const solver of solvers) for (const k of statics) expect(value(k, solver, x, still, 2)).toBeCloseTo(1, 14);
  });

  it("do not see collinear points or reparametrisation (exact solver, linear static kernel)", () => {
    const longer: number[] = [];
    for (let i = 0; i + 1 < x.length / 2; i++) {
      // Uneven extra vertices on each segment.
      for (const f of [0, 0.1, 0.75].slice(0, 1 + (i % 3))) {
        longer.push(x[2 * i]! * (1 - f) + x[2 * i + 2]! * f, x[2 * i + 1]! * (1 - f) + x[2 * i + 3]! * f);
      }
    }
    longer.push(x[x.length - 2]!, x[x.length - 1]!);
    const k = { kind: "linear" } as const;
    expect(value(k, exact, Float64Array.from(longer), y, 2) / value(k, exact, x, y, 2)).toBeCloseTo(1, 12);
  });

  it("truncated: inner product of truncated signatures", () => {
    for (const depth of [1, 2, 3, 5]) {
      const [a, b] = [truncatedSignature(x, 2, depth), truncatedSignature(y, 2, depth)];
      const inner = a.reduce((sum, v, i) => sum + v * b[i]!, 0);
      expect(value({ kind: "linear" }, { kind: "truncated", depth }, x, y, 2)).toBeCloseTo(inner, 12);
    }
  });

  it("truncated kernels tend to the untruncated one, and differences do with their dyadic order", () => {
    const k = { kind: "linear" } as const;
    const reference = value(k, exact, x, y, 2);
    expect(value(k, { kind: "truncated", depth: 12 }, x, y, 2)).toBeCloseTo(reference, 8);
    const errors = [1, 2, 3, 4].map((d) =>
      Math.abs(value(k, { kind: "difference", dyadic: [d, d] }, x, y, 2) - reference),
    );
    // Second order: halving the step quarters the error.
    expect(errors[3]! / errors[2]!).toBeLessThan(0.3);
  });
});

describe("transforms", () => {
  it("have the transpose that they claim: ⟨T x, g⟩ − ⟨T 0, g⟩ = ⟨x, Tᵀ g⟩", () => {
    const batch = brownianPaths(12, [4, 6], 2);
    const zero = batchOf([new Float64Array(8), new Float64Array(12)], 2);
    const next = normals(13);
    for (const t of [timeAugment, leadLag, basePoint]) {
      const a = t(batch);
      const g = Float64Array.from(a.paths.points, next);
      const inner = (u: Float64Array, v: Float64Array): number => u.reduce((s, w, i) => s + w * v[i]!, 0);
      const left = inner(a.paths.points, g) - inner(t(zero).paths.points, g);
      expect(left).toBeCloseTo(inner(batch.points, a.pullback(g)), 12);
    }
  });
});
