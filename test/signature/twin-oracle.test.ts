import { describe, expect, it } from "vitest";
import { liftSpikes } from "../../src/signature/definitions/lift.js";
import { batchOf, nested, pathPoints, readPaths } from "../../src/signature/definitions/paths.js";
import { compileStaticKernel, type StaticKernel } from "../../src/signature/definitions/static-kernel.js";
import { leadLag, timeAugment } from "../../src/signature/definitions/transforms.js";
import { differenceKernel } from "../../src/signature/host/difference.js";
import { increments, incrementsVjp } from "../../src/signature/host/increments.js";
import { kernelValue, kernelVjp } from "../../src/signature/host/kernel.js";
import { logSignature } from "../../src/signature/host/lyndon.js";
import { truncatedSignature, truncatedSignatureVjp } from "../../src/signature/host/signature.js";
import { truncatedKernelLevels } from "../../src/signature/host/truncated-kernel.js";
import { signatureOracle as oracle } from "../support/oracles.js";

// Values are given to 1e-13 by two implementations, so 1e-12 leaves room for the order of summation.
const close = (actual: number, expected: number, tolerance = 1e-12): void => {
  expect(Math.abs(actual - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(tolerance);
};
const closeAll = (actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-12): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((v, i) => {
    close(actual[i]!, v, tolerance);
  });
};

describe("oracle of signature kernels, float64 twin", () => {
  const a = oracle.A_pair;
  const statics: [string, StaticKernel][] = [
    ["linear", { kind: "linear" }],
    ["rbf", { kind: "rbf", sigma: a.sigma_rbf }],
  ];
  for (const [name, definition] of statics) {
    const kernel = compileStaticKernel(definition);
    const x = Float64Array.from(a.x.flat());
    const y = Float64Array.from(a.y.flat());
    const [rows, columns] = [a.x.length - 1, a.y.length - 1];
    const p = increments(kernel, x, y, 2);

    it(`${name}: increments`, () => closeAll(p, a[name].inc.flat()));

    it(`${name}: difference scheme at every dyadic order`, () => {
      for (const [key, entry] of Object.entries(a[name].scheme)) {
        const dyadic = key.startsWith("(") ? key.slice(1, -1).split(",").map(Number) : [Number(key), Number(key)];
        close(differenceKernel(p, rows, columns, dyadic as [number, number]), (entry as { value: number }).value);
      }
    });

    it(`${name}: gradients of the scheme`, () => {
      for (const [key, entry] of Object.entries(a[name].grads_exact_of_scheme)) {
        const dyadic: [number, number] = [Number(key), Number(key)];
        const { increments: pBar } = kernelVjp(p, rows, columns, { kind: "difference", dyadic });
        const [xBar, yBar] = [new Float64Array(x.length), new Float64Array(y.length)];
        incrementsVjp(kernel, x, y, 2, pBar, { x: xBar, y: yBar });
        const { dx, dy } = entry as { dx: number[][]; dy: number[][] };
        closeAll(xBar, dx.flat(), 1e-9);
        closeAll(yBar, dy.flat(), 1e-9);
      }
    });

    it(`${name}: polynomial solver reaches the exact kernel and its gradient`, () => {
      // At order 24 the series' tail p^24/24!² is far below rounding for |p| < 3.
      const solver = { kind: "polynomial", order: 24 } as const;
      close(kernelValue(p, rows, columns, solver), a[name].exact_untruncated);
      const { increments: pBar } = kernelVjp(p, rows, columns, solver);
      const [xBar, yBar] = [new Float64Array(x.length), new Float64Array(y.length)];
      incrementsVjp(kernel, x, y, 2, pBar, { x: xBar, y: yBar });
      closeAll(xBar, (a[name].true_grad_dx_exact_untruncated ?? []).flat(), 1e-9);
    });

    it(`${name}: levels of the truncated kernel`, () => {
      closeAll(truncatedKernelLevels(p, rows, columns, 8), a[name].truncated_levels_KO_full_order);
    });
  }

  it("truncated signature, its vector-Jacobian product, log-signature", () => {
    const b = oracle.B_signature;
    const x = Float64Array.from(b.x.flat());
    const s = truncatedSignature(x, 2, 4);
    closeAll(s, b.sig_x_depth4);
    closeAll(truncatedSignatureVjp(x, 2, 4, Float64Array.from(b.cotangent)), b.sig_vjp_x.flat(), 1e-9);
    closeAll(logSignature(s, 2, 4, "words"), b.logsig_method1_depth4);
    closeAll(logSignature(s, 2, 4, "brackets"), b.logsig_method2_depth4);
  });

  it("time augmentation and lead-lag", () => {
    const b = oracle.B_signature;
    const x = readPaths("x", [b.x]);
    closeAll(nested(timeAugment(x).paths).flat(2), b.transform_timeaug_endtime1.flat());
    closeAll(nested(leadLag(x).paths).flat(2), b.transform_leadlag.flat());
    const both = timeAugment(leadLag(x).paths);
    closeAll(nested(both.paths).flat(2), b.transform_timeaug_leadlag.flat());
  });

  it("Marcus lifts, their kernels, and the gradient to spike times", () => {
    const d = oracle.D_marcus;
    const spikes = [d.spikes1, d.spikes2].map((s: { times: number[]; neuron: number[] }) => ({
      times: s.times,
      neurons: s.neuron,
    }));
    const lifted = liftSpikes(spikes, { t0: 0, t1: 1, neurons: 2 });
    expect(nested(lifted.paths)).toEqual([d.lift1, d.lift2]);
    const [x, y] = [pathPoints(lifted.paths, 0), pathPoints(lifted.paths, 1)];
    const linear = increments(compileStaticKernel({ kind: "linear" }), x, y, 3);
    const [rows, columns] = [d.lift1.length - 1, d.lift2.length - 1];
    close(kernelValue(linear, rows, columns, { kind: "polynomial", order: 24 }), d.linear_exact_untruncated);
    close(differenceKernel(linear, rows, columns, [0, 0]), d.linear_scheme_d0);
    close(differenceKernel(linear, rows, columns, [2, 2]), d.linear_scheme_d2);
    const rbf = increments(compileStaticKernel({ kind: "rbf", sigma: 1 }), x, y, 3);
    close(kernelValue(rbf, rows, columns, { kind: "polynomial", order: 24 }), d.rbf1_exact_untruncated);
    close(differenceKernel(rbf, rows, columns, [0, 0]), d.rbf1_scheme_d0);
    close(differenceKernel(rbf, rows, columns, [2, 2]), d.rbf1_scheme_d2);

    const kernel = compileStaticKernel({ kind: "linear" });
    const { increments: pBar } = kernelVjp(linear, rows, columns, { kind: "difference", dyadic: [0, 0] });
    const points = new Float64Array(lifted.paths.points.length);
    incrementsVjp(kernel, x, y, 3, pBar, { x: points.subarray(0, x.length), y: points.subarray(x.length) });
    closeAll(lifted.pullback(points)[0]!, d.grad_spike_times1_d0, 1e-9);
  });

  it("a single cell: the scheme, and the Bessel function that it approximates", () => {
    for (const [key, entry] of Object.entries(oracle.E_single_cell_0F1)) {
      const { "exact_0F1(;1;p)": exact, scheme_d0, scheme_d3 } = entry as Record<string, number>;
      const p = Float64Array.of(Number(key));
      close(differenceKernel(p, 1, 1, [0, 0]), scheme_d0!);
      close(differenceKernel(p, 1, 1, [3, 3]), scheme_d3!);
      close(kernelValue(p, 1, 1, { kind: "polynomial", order: 24 }), exact!);
    }
  });

  it("keeps batches apart: nested points come back as they went in", () => {
    const batch = batchOf([Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6, 7, 8, 9, 10)], 2);
    expect(nested(batch)).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
        [9, 10],
      ],
    ]);
  });
});
