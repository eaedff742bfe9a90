/** Shards of kernels over pairs of paths: loaded for jobs of kernels alone, as most of the room of signatures comes with it. */
import type { Engine } from "../engine.js";
import { type PlannedKernel, pairsOf } from "../job/kernel-run.js";
import type { PathRange } from "../plan/chunks.js";
import { pairsIn } from "../signature/definitions/backend.js";
import { setPair } from "../signature/definitions/pairs.js";
import { checkKernel, type GramMatrix, signatureGram } from "../signature/gram.js";
import { signatureBackend } from "../signature/index.js";

export { gramObject, planKernel, runKernel } from "../job/kernel-run.js";

/** How many pairs the Gram matrix of a job is computed from. */
export const pairCount = ({ x, y, kernel }: PlannedKernel): number =>
  pairsIn({ x: x.paths, y: y?.paths ?? null }, checkKernel(kernel).solver);

/** Kernels of a range of pairs. */
export async function runPairs(
  engine: Engine,
  planned: PlannedKernel,
  { first, end }: PathRange,
  progress: (pairsDone: number) => void,
): Promise<Float64Array> {
  const { x, y, kernel } = planned;
  const backend = signatureBackend(engine.gpu ?? null);
  const pairs = [first, end] as const;
  const { values, columns } = await signatureGram(backend, x.paths, y?.paths ?? null, { ...kernel, pairs, progress });
  const { list } = pairsOf(planned, first, end);
  return Float64Array.from(list.a, (i, n) => values[i * columns + list.b[n]!]!);
}

/** The Gram matrix from the kernels of ranges of pairs, in their order. */
export function joinedGram(planned: PlannedKernel, parts: readonly Float64Array[]): GramMatrix {
  const { shape, list } = pairsOf(planned);
  const values = new Float64Array(shape.rows * shape.columns);
  let at = 0;
  for (const part of parts) {
    for (const value of part) {
      setPair(values, shape, list.a[at]!, list.b[at]!, value);
      at++;
    }
  }
  return { rows: shape.rows, columns: shape.columns, values };
}
