/**
 * Statistics of kernels over pairs of paths (MMD², score) in shards. A shard takes the statistic of the job on a backend that
 * computes some of the pairs; the value comes from all of their kernels, as one run adds them up.
 *
 * Without gradients a shard has a range of the pairs of all Gram matrices, one after the other. A gradient to a path is a sum over
 * all pairs of that path, in their order: so a shard with gradients has paths, with all pairs of each. Pairs of two shards'
 * paths are computed by both.
 */
import { fail } from "../checks.js";
import { type PlannedKernel, statisticOn } from "../job/kernel-run.js";
import { joined } from "../loss/taken.js";
import type { PathRange } from "../plan/chunks.js";
import { type GramRequest, pairsIn, type SignatureBackend, shapeOf } from "../signature/definitions/backend.js";
import { gramPairs, setPair } from "../signature/definitions/pairs.js";
import type { PathBatch } from "../signature/definitions/paths.js";
import { checkKernel, requestsOf } from "../signature/gram.js";
import type { StatisticResult } from "../signature/index.js";
import { mmdWeights, scoreWeights } from "../signature/statistics.js";

/** What a shard of a statistic comes to. */
export interface StatisticPart {
  /** Of each Gram matrix the kernels of the pairs that were computed, in their order. */
  readonly kernels: readonly Float64Array[];
  /** Of normalised kernels: k(x, x) of all paths, of either batch. */
  readonly own: readonly Float64Array[];
  /** Gradients to the points of the shard's paths, of either batch. */
  readonly gradients: readonly Float64Array[];
}

type Both = readonly [x: PathRange, y: PathRange];

const within = (path: number, { first, end }: PathRange): boolean => path >= first && path < end;

/** The Gram matrices of a job, and how many pairs each takes. */
function matricesOf({ job, statistic, x, y, kernel }: PlannedKernel) {
  const two = { x: x.paths, y: y!.paths };
  const [m, n] = [two.x.count, two.y.count];
  const weights = statistic === "mmd" ? mmdWeights(m, n, job.unbiased ?? true) : scoreWeights(m, n);
  const { solver } = checkKernel(kernel);
  const requests = requestsOf(two, weights);
  return { requests, solver, pairs: requests.map((request) => pairsIn(request, solver)) };
}

/** How many things a job is cut at: paths of both batches where gradients are wanted, else pairs. */
export function statisticCuts(planned: PlannedKernel): { readonly unit: "paths" | "pairs"; readonly count: number } {
  const { x, y, job } = planned;
  if (job.gradient) return { unit: "paths", count: x.paths.count + y!.paths.count };
  return { unit: "pairs", count: matricesOf(planned).pairs.reduce((sum, n) => sum + n, 0) };
}

/** The part of a range that lies from `at` on, within `count` things, counted from there. */
const shareOf = ({ first, end }: PathRange, at: number, count: number): PathRange => {
  const place = (n: number): number => Math.min(count, Math.max(0, n - at));
  return { first: place(first), end: place(end) };
};

/** The paths of either batch that a shard with gradients has. */
const pathsOf = ({ x, y }: PlannedKernel, range: PathRange): Both => [
  shareOf(range, 0, x.paths.count),
  shareOf(range, x.paths.count, y!.paths.count),
];

/** Of each Gram matrix, in the order in which a statistic asks for them, what a shard computes of it. */
function restrictions(planned: PlannedKernel, range: PathRange): Pick<GramRequest, "pairs" | "only">[] {
  const { requests, pairs } = matricesOf(planned);
  if (!planned.job.gradient) {
    let at = 0;
    return pairs.map((count) => {
      const { first, end } = shareOf(range, at, count);
      at += count;
      return { pairs: [first, end] };
    });
  }
  const [x, y] = pathsOf(planned, range);
  return requests.map((request, n) => {
    const [rows, columns] = request.y ? [x, y] : n === 0 ? [x, x] : [y, y];
    return { only: (a, b) => within(a, rows) || within(b, columns) };
  });
}

/** Numbers in the list of a matrix's pairs of those that a shard has, with where these stand. */
function* pairsWithin(
  request: GramRequest,
  planned: PlannedKernel,
  { pairs, only }: Pick<GramRequest, "pairs" | "only">,
): Generator<readonly [a: number, b: number]> {
  const { a, b } = gramPairs(shapeOf(request, checkKernel(planned.kernel).solver), ...(pairs ?? []));
  for (let n = 0; n < a.length; n++) if (!only || only(a[n]!, b[n]!)) yield [a[n]!, b[n]!];
}

/** The numbers of points of some paths. */
const pointsOf = ({ offsets, channels }: PathBatch, values: Float64Array, { first, end }: PathRange): Float64Array =>
  values.slice(offsets[first]! * channels, offsets[end]! * channels);

/** @throws SaltationError `not-finite`, `limit`. */
export async function runStatistic(
  backend: SignatureBackend,
  planned: PlannedKernel,
  range: PathRange,
  progress: (done: number) => void,
): Promise<StatisticPart> {
  const some = restrictions(planned, range);
  let kernels: Float64Array[] | undefined;
  const norms: Float64Array[] = [];
  const { job, kernel } = planned;
  const partial: SignatureBackend = {
    evaluate: async (by, solver, requests, told) => {
      const restricted = requests.map((request, n) => ({ ...request, ...some[n] }));
      const results = await backend.evaluate(by, solver, restricted, job.gradient ? told : progress);
      // Of a normalised kernel the values come first, and then the gradients by what follows from them.
      kernels ??= results.map(({ gram }, n) => {
        const columns = (requests[n]!.y ?? requests[n]!.x).count;
        return Float64Array.from(pairsWithin(requests[n]!, planned, some[n]!), ([a, b]) => gram[a * columns + b]!);
      });
      return results;
    },
    paired: async (by, solver, x, y, cotangent, told) => {
      const result = await backend.paired(by, solver, x, y, cotangent, told);
      if (!cotangent) norms.push(result.gram);
      return result;
    },
    signatures: (...given) => backend.signatures(...given),
    signatureVjp: (...given) => backend.signatureVjp(...given),
  };
  const all = range.end - range.first;
  const watched = (done: number, pairs: number): void => progress((all * done) / pairs);
  const { gradientX, gradientY } = await statisticOn(partial, planned, job.gradient ? { progress: watched } : {});
  const [x, y] = pathsOf(planned, range);
  const gradients = job.gradient
    ? [pointsOf(planned.x.paths, gradientX!, x), pointsOf(planned.y!.paths, gradientY!, y)]
    : [];
  return { kernels: kernels!, own: kernel.normalised ? norms : [], gradients };
}

/** The statistic from its parts, in the order of their ranges. */
export async function joinedStatistic(
  planned: PlannedKernel,
  ranges: readonly PathRange[],
  parts: readonly StatisticPart[],
): Promise<StatisticResult> {
  const { own } = parts[0]!;
  let asked = 0;
  const nothing = (): never => fail("backend", "holds what shards gave, and nothing else");
  const told: SignatureBackend = {
    evaluate: async (_, solver, requests) =>
      requests.map((request, n) => {
        const shape = shapeOf(request, solver);
        const gram = new Float64Array(shape.rows * shape.columns);
        parts.forEach(({ kernels }, p) => {
          let at = 0;
          for (const [a, b] of pairsWithin(request, planned, restrictions(planned, ranges[p]!)[n]!)) {
            setPair(gram, shape, a, b, kernels[n]![at++]!);
          }
        });
        return { gram };
      }),
    paired: async () => ({ gram: own[asked++]! }),
    signatures: nothing,
    signatureVjp: nothing,
  };
  const { value } = await statisticOn(told, planned, {}, false);
  if (!planned.job.gradient) return { value };
  const [gradientX, gradientY] = [0, 1].map((batch) => joined(parts.map((p) => p.gradients[batch]!)));
  return { value, gradientX, gradientY };
}
