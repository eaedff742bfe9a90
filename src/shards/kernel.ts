/** Shards of kernels over pairs of paths: loaded for jobs of kernels alone, as most of the room of signatures comes with it. */
import type { Engine } from "../engine.js";
import { type KernelStatistic, kernelStatistic, type PlannedKernel, pairsOf } from "../job/kernel-run.js";
import type { PathRange } from "../plan/chunks.js";
import { pairsIn, type SignatureBackend } from "../signature/definitions/backend.js";
import { setPair } from "../signature/definitions/pairs.js";
import { checkKernel, type GramMatrix, signatureGram } from "../signature/gram.js";
import { signatureBackend } from "../signature/index.js";
import { joinedStatistic, runStatistic, statisticCuts } from "./kernel-statistic.js";
import type { TaskResult } from "./results.js";

export { gramObject, planKernel, runKernel, statisticObject } from "../job/kernel-run.js";

/** What a job is cut at: pairs of its Gram matrices, or paths. */
export function kernelCuts(planned: PlannedKernel): { readonly unit: "paths" | "pairs"; readonly count: number } {
  const { x, y, kernel, statistic } = planned;
  if (statistic !== "gram") return statisticCuts(planned);
  return { unit: "pairs", count: pairsIn({ x: x.paths, y: y?.paths ?? null }, checkKernel(kernel).solver) };
}

/** Kernels of a range of pairs, or what a statistic needs of a range. */
export async function runKernelRange(
  engine: Engine,
  planned: PlannedKernel,
  range: PathRange,
  progress: (done: number) => void,
): Promise<Pick<TaskResult, "pairs" | "statistic">> {
  const backend = signatureBackend(engine.gpu ?? null);
  if (planned.statistic === "gram") return { pairs: await kernelsOf(backend, planned, range, progress) };
  return { statistic: await runStatistic(backend, planned, range, progress) };
}

async function kernelsOf(
  backend: SignatureBackend,
  planned: PlannedKernel,
  { first, end }: PathRange,
  progress: (pairsDone: number) => void,
): Promise<Float64Array> {
  const { x, y, kernel } = planned;
  const pairs = [first, end] as const;
  const { values, columns } = await signatureGram(backend, x.paths, y?.paths ?? null, { ...kernel, pairs, progress });
  const { list } = pairsOf(planned, first, end);
  return Float64Array.from(list.a, (i, n) => values[i * columns + list.b[n]!]!);
}

/** What the job itself comes to, from ranges in their order. @throws SaltationError `not-finite`. */
export async function joinedKernel(
  planned: PlannedKernel,
  results: readonly TaskResult[],
): Promise<GramMatrix | KernelStatistic> {
  if (planned.statistic === "gram") {
    return joinedGram(
      planned,
      results.map((r) => r.pairs!),
    );
  }
  const ranges = results.map(({ task }) => task as PathRange);
  const parts = results.map((r) => r.statistic!);
  return kernelStatistic(planned, await joinedStatistic(planned, ranges, parts));
}

/** The Gram matrix from the kernels of ranges of pairs, in their order. */
function joinedGram(planned: PlannedKernel, parts: readonly Float64Array[]): GramMatrix {
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
