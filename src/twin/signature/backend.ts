/** The float64 twin as a backend: pair after pair, every formula as it is written in the papers. */
import type { GramRequest, GramResult, SignatureBackend } from "../../signature/backend.js";
import { refuseGradients, refuseOverflow, refuseSignatures } from "../../signature/not-finite.js";
import { pathPoints } from "../../signature/paths.js";
import type { CheckedSolver } from "../../signature/solver.js";
import type { CompiledStaticKernel } from "../../signature/static-kernel.js";
import { increments, incrementsVjp } from "./increments.js";
import { kernelValue, kernelVjp } from "./kernel.js";
import { truncatedSignature, truncatedSignatureVjp } from "./signature.js";
import { tensorSize } from "./tensor.js";

/** One pair: its kernel, and with gradients given, what its weight adds to them. */
function pair(
  kernel: CompiledStaticKernel,
  solver: CheckedSolver,
  x: Float64Array,
  y: Float64Array,
  channels: number,
  weight: number,
  xBar: Float64Array | undefined,
  yBar: Float64Array | undefined,
): number {
  const rows = x.length / channels - 1;
  const columns = y.length / channels - 1;
  const p = increments(kernel, x, y, channels);
  if (!xBar && !yBar) return kernelValue(p, rows, columns, solver);
  const { value, increments: pBar } = kernelVjp(p, rows, columns, solver);
  for (let i = 0; i < pBar.length; i++) pBar[i]! *= weight;
  incrementsVjp(kernel, x, y, channels, pBar, xBar ?? new Float64Array(x.length), yBar ?? new Float64Array(y.length));
  return value;
}

function gramOf(kernel: CompiledStaticKernel, solver: CheckedSolver, request: GramRequest): GramResult {
  const { x, cotangent, gradient } = request;
  const symmetric = request.y === null;
  const y = request.y ?? x;
  const gram = new Float64Array(x.count * y.count);
  const gradientX = cotangent && (gradient?.x ?? true) ? new Float64Array(x.points.length) : undefined;
  const gradientY = symmetric
    ? gradientX
    : cotangent && (gradient?.y ?? true)
      ? new Float64Array(y.points.length)
      : undefined;
  for (let a = 0; a < x.count; a++) {
    for (let b = symmetric ? a : 0; b < y.count; b++) {
      if (symmetric && a === b && request.skipDiagonal) continue;
      const both = symmetric && a !== b;
      const at = a * y.count + b;
      const weight = cotangent ? cotangent[at]! + (both ? cotangent[b * y.count + a]! : 0) : 0;
      const xBar = weight !== 0 && gradientX ? pathPoints(x, a, gradientX) : undefined;
      const yBar = weight !== 0 && gradientY ? pathPoints(y, b, gradientY) : undefined;
      gram[at] = pair(kernel, solver, pathPoints(x, a), pathPoints(y, b), x.channels, weight, xBar, yBar);
      if (both) gram[b * y.count + a] = gram[at]!;
    }
  }
  refuseOverflow(gram, (n) => [Math.floor(n / y.count), n % y.count], x, y, "float64");
  refuseGradients([gradientX, gradientY], "float64");
  return { gram, gradientX, gradientY: symmetric ? undefined : gradientY };
}

/** The backend that needs no GPU. */
export function twinBackend(): SignatureBackend {
  return {
    async evaluate(kernel, solver, requests) {
      return requests.map((request) => gramOf(kernel, solver, request));
    },
    async paired(kernel, solver, x, y, cotangent) {
      const gradientX = cotangent ? new Float64Array(x.points.length) : undefined;
      const gradientY = cotangent ? new Float64Array(y.points.length) : undefined;
      const gram = Float64Array.from({ length: x.count }, (_, i) =>
        pair(
          kernel,
          solver,
          pathPoints(x, i),
          pathPoints(y, i),
          x.channels,
          cotangent?.[i] ?? 0,
          gradientX && pathPoints(x, i, gradientX),
          gradientY && pathPoints(y, i, gradientY),
        ),
      );
      refuseOverflow(gram, (n) => [n, n], x, y, "float64");
      refuseGradients([gradientX, gradientY], "float64");
      return { gram, gradientX, gradientY };
    },
    async signatures(paths, depth) {
      const size = tensorSize(paths.channels, depth);
      const out = new Float64Array(paths.count * size);
      for (let i = 0; i < paths.count; i++) {
        out.set(truncatedSignature(pathPoints(paths, i), paths.channels, depth), i * size);
      }
      refuseSignatures(out, size, "float64");
      return out;
    },
    async signatureVjp(paths, depth, cotangent) {
      const size = tensorSize(paths.channels, depth);
      const out = new Float64Array(paths.points.length);
      for (let i = 0; i < paths.count; i++) {
        const bar = cotangent.subarray(i * size, (i + 1) * size);
        pathPoints(paths, i, out).set(truncatedSignatureVjp(pathPoints(paths, i), paths.channels, depth, bar));
      }
      return out;
    },
  };
}
