/** The float64 twin as a backend: pair after pair, every formula as it is written in the papers. */

import { inTurns, Turns } from "../../turns.js";
import { type GramRequest, type GramResult, pairsIn, type SignatureBackend, shapeOf } from "../definitions/backend.js";
import { refuseGradients, refuseOverflow, refuseSignatures } from "../definitions/not-finite.js";
import { gramPairs, pairWeight, setPair } from "../definitions/pairs.js";
import { type PathBatch, pathPoints } from "../definitions/paths.js";
import type { CheckedSolver } from "../definitions/solver.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";
import { increments, incrementsVjp } from "./increments.js";
import { kernelValue, kernelVjp } from "./kernel.js";
import { truncatedSignature, truncatedSignatureVjp } from "./signature.js";
import { tensorSize } from "./tensor.js";

/** The kernel of two paths [length, channels], without its gradient. */
export type PairValue = (
  kernel: CompiledStaticKernel,
  solver: CheckedSolver,
  x: Float64Array,
  y: Float64Array,
  channels: number,
) => number;

/** What kernels of pairs are computed by. */
interface Scheme {
  readonly kernel: CompiledStaticKernel;
  readonly solver: CheckedSolver;
  readonly pairValue: PairValue;
}

const asWritten: PairValue = (kernel, solver, x, y, channels) =>
  kernelValue(increments(kernel, x, y, channels), x.length / channels - 1, y.length / channels - 1, solver);

/** Two batches, and gradients to their points where they are wanted. */
interface Sides {
  readonly x: PathBatch;
  readonly y: PathBatch;
  readonly gradientX?: Float64Array | undefined;
  readonly gradientY?: Float64Array | undefined;
}

/** The kernel of paths a and b; with a weight, that times its gradient is added to those that are wanted. */
function pair(
  { kernel, solver, pairValue }: Scheme,
  sides: Sides,
  a: number,
  b: number,
  weight: number | undefined,
): number {
  const [x, y] = [pathPoints(sides.x, a), pathPoints(sides.y, b)];
  const { channels } = sides.x;
  const { gradientX, gradientY } = sides;
  if (weight === undefined || !(gradientX || gradientY)) return pairValue(kernel, solver, x, y, channels);
  const rows = x.length / channels - 1;
  const columns = y.length / channels - 1;
  const p = increments(kernel, x, y, channels);
  const { value, increments: pBar } = kernelVjp(p, rows, columns, solver);
  for (let i = 0; i < pBar.length; i++) pBar[i]! *= weight;
  const xBar = gradientX ? pathPoints(sides.x, a, gradientX) : new Float64Array(x.length);
  const yBar = gradientY ? pathPoints(sides.y, b, gradientY) : new Float64Array(y.length);
  incrementsVjp(kernel, x, y, channels, pBar, { x: xBar, y: yBar });
  return value;
}

/** @throws SaltationError `not-finite`. */
function checked(gram: Float64Array, at: (n: number) => [number, number], sides: Sides): void {
  refuseOverflow(gram, at, sides.x, sides.y, "float64");
  refuseGradients([sides.gradientX, sides.gradientY], "float64");
}

const zeros = (wanted: boolean, { points }: PathBatch): Float64Array | undefined =>
  wanted ? new Float64Array(points.length) : undefined;

async function gramOf(
  scheme: Scheme,
  request: GramRequest,
  turns: Turns,
  progress?: (pairsDone: number) => void,
): Promise<GramResult> {
  const { x, cotangent, gradient } = request;
  const own = request.y === null;
  const y = request.y ?? x;
  const shape = shapeOf(request, scheme.solver);
  const gram = new Float64Array(x.count * y.count);
  const gradientX = zeros(cotangent !== undefined && (gradient?.x ?? true), x);
  const gradientY = own ? gradientX : zeros(cotangent !== undefined && (gradient?.y ?? true), y);
  const sides = { x, y, gradientX, gradientY };
  const list = gramPairs(shape, ...(request.pairs ?? []));
  let done = 0;
  for (const a of list.a) {
    const b = list.b[done]!;
    done++;
    if (request.only && !request.only(a, b)) continue;
    const weight = cotangent && pairWeight(cotangent, shape, a, b);
    setPair(gram, shape, a, b, pair(scheme, sides, a, b, weight || undefined));
    if (turns.due()) {
      progress?.(done);
      await turns.take();
    }
  }
  progress?.(done);
  checked(gram, (n) => [Math.floor(n / y.count), n % y.count], sides);
  return { gram, gradientX, gradientY: own ? undefined : gradientY };
}

/** The backend that needs no GPU: every formula as it is written in the papers, or values by another way. */
export function twinBackend(pairValue: PairValue = asWritten): SignatureBackend {
  return {
    async evaluate(kernel, solver, requests, progress) {
      const turns = new Turns();
      const results: GramResult[] = [];
      let before = 0;
      for (const request of requests) {
        const told = progress && ((done: number) => progress(before + done));
        results.push(await gramOf({ kernel, solver, pairValue }, request, turns, told));
        before += pairsIn(request, solver);
      }
      return results;
    },
    async paired(kernel, solver, x, y, cotangent, progress) {
      const wanted = cotangent !== undefined;
      const sides = { x, y, gradientX: zeros(wanted, x), gradientY: zeros(wanted, y) };
      const gram = new Float64Array(x.count);
      await inTurns(x.count, progress, (i) => {
        gram[i] = pair({ kernel, solver, pairValue }, sides, i, i, cotangent?.[i]);
      });
      checked(gram, (n) => [n, n], sides);
      return { gram, gradientX: sides.gradientX, gradientY: sides.gradientY };
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
