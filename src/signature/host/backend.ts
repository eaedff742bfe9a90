/** The float64 twin as a backend: pair after pair, every formula as it is written in the papers. */

import { inTurns, Turns } from "../../turns.js";
import { type GramRequest, type GramResult, pairsIn, type SignatureBackend } from "../definitions/backend.js";
import { refuseGradients, refuseOverflow, refuseSignatures } from "../definitions/not-finite.js";
import { pathPoints } from "../definitions/paths.js";
import { type CheckedSolver, isSymmetric } from "../definitions/solver.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
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

async function gramOf(
  kernel: CompiledStaticKernel,
  solver: CheckedSolver,
  request: GramRequest,
  turns: Turns,
  progress?: (pairsDone: number) => void,
): Promise<GramResult> {
  const { x, cotangent, gradient } = request;
  const own = request.y === null;
  const symmetric = own && isSymmetric(solver);
  const y = request.y ?? x;
  const gram = new Float64Array(x.count * y.count);
  const gradientX = cotangent && (gradient?.x ?? true) ? new Float64Array(x.points.length) : undefined;
  const gradientY = own
    ? gradientX
    : cotangent && (gradient?.y ?? true)
      ? new Float64Array(y.points.length)
      : undefined;
  let done = 0;
  for (let a = 0; a < x.count; a++) {
    for (let b = symmetric ? a : 0; b < y.count; b++) {
      if (own && a === b && request.skipDiagonal) continue;
      const both = symmetric && a !== b;
      const at = a * y.count + b;
      const weight = cotangent ? cotangent[at]! + (both ? cotangent[b * y.count + a]! : 0) : 0;
      const xBar = weight !== 0 && gradientX ? pathPoints(x, a, gradientX) : undefined;
      const yBar = weight !== 0 && gradientY ? pathPoints(y, b, gradientY) : undefined;
      gram[at] = pair(kernel, solver, pathPoints(x, a), pathPoints(y, b), x.channels, weight, xBar, yBar);
      if (both) gram[b * y.count + a] = gram[at]!;
      done++;
      if (turns.due()) {
        progress?.(done);
        await turns.take();
      }
    }
  }
  progress?.(done);
  refuseOverflow(gram, (n) => [Math.floor(n / y.count), n % y.count], x, y, "float64");
  refuseGradients([gradientX, gradientY], "float64");
  return { gram, gradientX, gradientY: own ? undefined : gradientY };
}

/** The backend that needs no GPU. */
export function twinBackend(): SignatureBackend {
  return {
    async evaluate(kernel, solver, requests, progress) {
      const turns = new Turns();
      const results: GramResult[] = [];
      let before = 0;
      for (const request of requests) {
        results.push(await gramOf(kernel, solver, request, turns, progress && ((done) => progress(before + done))));
        before += pairsIn(request, solver);
      }
      return results;
    },
    async paired(kernel, solver, x, y, cotangent, progress) {
      const gradientX = cotangent ? new Float64Array(x.points.length) : undefined;
      const gradientY = cotangent ? new Float64Array(y.points.length) : undefined;
      const gram = new Float64Array(x.count);
      await inTurns(x.count, progress, (i) => {
        gram[i] = pair(
          kernel,
          solver,
          pathPoints(x, i),
          pathPoints(y, i),
          x.channels,
          cotangent?.[i] ?? 0,
          gradientX && pathPoints(x, i, gradientX),
          gradientY && pathPoints(y, i, gradientY),
        );
      });
      refuseOverflow(gram, (n) => [n, n], x, y, "float64");
      refuseGradients([gradientX, gradientY], "float64");
      return { gram, gradientX, gradientY };
    },
    async signatures(paths, depth, progress) {
      const size = tensorSize(paths.channels, depth);
      const out = new Float64Array(paths.count * size);
      await inTurns(paths.count, progress, (i) => {
        out.set(truncatedSignature(pathPoints(paths, i), paths.channels, depth), i * size);
      });
      refuseSignatures(out, size, "float64");
      return out;
    },
    async signatureVjp(paths, depth, cotangent) {
      const size = tensorSize(paths.channels, depth);
      const out = new Float64Array(paths.points.length);
      await inTurns(paths.count, undefined, (i) => {
        const bar = cotangent.subarray(i * size, (i + 1) * size);
        pathPoints(paths, i, out).set(truncatedSignatureVjp(pathPoints(paths, i), paths.channels, depth, bar));
      });
      return out;
    },
  };
}
