/** Jobs of `saltation kernel`, checked; and paths as jobs give them. */
import { fail } from "../checks.js";
import type { Engine } from "../engine.js";
import { shapeOf } from "../signature/definitions/backend.js";
import { type GramShape, gramPairs, type PairList } from "../signature/definitions/pairs.js";
import { checkKernel } from "../signature/gram.js";
import {
  type GramMatrix,
  liftSpikes,
  nested,
  type PairwiseOptions,
  type PathBatch,
  readPaths,
  type SignatureBackend,
  type SignatureSolver,
  type StaticKernel,
  type StatisticResult,
  signatureBackend,
  signatureGram,
  signatureMMD,
  signatureScore,
} from "../signature/index.js";
import { checkJob } from "./check-job.js";
import { kernelSchema, type LiftJob, type PathsJob } from "./signature-job.js";

export interface ReadPaths {
  readonly paths: PathBatch;
  /** Gradient to the points → gradient in the shape in which the paths were given: points, or spike times. */
  gradient(values: ArrayLike<number>): unknown;
}

/** How many neurons the trains of jobs speak of. */
export const neuronsOf = (...jobs: PathsJob[]): number =>
  jobs
    .flatMap((job) => (Array.isArray(job) ? [] : job.spikes.flatMap((s) => s.neurons)))
    .reduce((most, neuron) => Math.max(most, Math.floor(neuron) + 1), 1);

/** @throws SaltationError where something is said of spike trains, and there are none. */
export function checkLift(job: LiftJob, ...paths: PathsJob[]): void {
  if (!paths.every((p) => Array.isArray(p))) return;
  for (const field of ["t0", "t1", "neurons"] as const) {
    if (job[field] !== undefined) fail(field, "is for spike trains, and the paths are given as points; leave it out");
  }
}

/** Paths of a job: as points, or lifted from spike trains. */
export function pathsOf(field: string, job: PathsJob, lift: LiftJob): ReadPaths {
  if (Array.isArray(job)) {
    const paths = readPaths(field, job);
    return { paths, gradient: (values) => nested(paths, values) };
  }
  if (lift.t1 === undefined) fail("t1", "is missing; spike trains are lifted on [t0, t1]");
  const options = { t0: lift.t0 ?? 0, t1: lift.t1, neurons: lift.neurons ?? neuronsOf(job) };
  const lifted = liftSpikes(job.spikes, options, `${field}.spikes`);
  return {
    paths: lifted.paths,
    gradient: (values) => lifted.pullback(Float64Array.from(values)).map((row) => Array.from(row)),
  };
}

export interface PlannedKernel {
  readonly job: ReturnType<typeof checkedKernel>;
  readonly statistic: "gram" | "mmd" | "score";
  readonly x: ReadPaths;
  readonly y: ReadPaths | undefined;
  readonly kernel: PairwiseOptions;
}

const checkedKernel = (given: unknown) => checkJob(kernelSchema, given);

/** @throws SaltationError `invalid-input` naming the field. */
export function planKernel(given: unknown): PlannedKernel {
  const job = checkedKernel(given);
  const statistic = job.statistic ?? "gram";
  if (statistic !== "gram" && !job.y) fail("y", `is missing; statistic "${statistic}" compares x with y`);
  if (statistic === "gram" && job.gradient) fail("gradient", 'is for the statistics "mmd" and "score"');
  checkLift(job, job.x, ...(job.y ? [job.y] : []));
  // Without a number of neurons, x and y together say how many there are.
  const lift = { ...job, neurons: job.neurons ?? neuronsOf(job.x, ...(job.y ? [job.y] : [])) };
  const x = pathsOf("x", job.x, lift);
  const y = job.y ? pathsOf("y", job.y, lift) : undefined;
  const kernel = {
    ...(job.static ? { static: job.static as unknown as StaticKernel } : {}),
    ...(job.solver ? { solver: job.solver as SignatureSolver } : {}),
    ...(job.normalised === undefined ? {} : { normalised: job.normalised }),
  };
  return { job, statistic, x, y, kernel };
}

/** A statistic, and its gradients in the shapes in which the paths were given. */
export interface KernelStatistic {
  readonly value: number;
  readonly gradientX?: unknown;
  readonly gradientY?: unknown;
}

/** @throws SaltationError `not-finite`, `limit`. */
export async function runKernel(
  engine: Engine,
  planned: PlannedKernel,
  progress: (pairsDone: number, pairs: number) => void,
): Promise<GramMatrix | KernelStatistic> {
  const { statistic, x, y, kernel } = planned;
  const backend = signatureBackend(engine.gpu ?? null);
  if (statistic === "gram") return signatureGram(backend, x.paths, y?.paths ?? null, { ...kernel, progress });
  return kernelStatistic(planned, await statisticOn(backend, planned, { progress }));
}

/** The statistic of a job, and where it asks for them the gradients to the points. @throws SaltationError `not-finite`, `limit`. */
export function statisticOn(
  backend: SignatureBackend,
  { job, statistic, x, y, kernel }: PlannedKernel,
  options: PairwiseOptions,
  gradient = job.gradient ?? false,
): Promise<StatisticResult> {
  const how = { ...kernel, gradient: { x: gradient, y: gradient }, ...options };
  return statistic === "mmd"
    ? signatureMMD(backend, x.paths, y!.paths, { ...how, unbiased: job.unbiased ?? true })
    : signatureScore(backend, x.paths, y!.paths, how);
}

/** What its command prints of it. @throws SaltationError `not-finite`. */
export function kernelStatistic({ statistic, x, y }: PlannedKernel, result: StatisticResult): KernelStatistic {
  if (!Number.isFinite(result.value)) fail("x", `${statistic} exceeds float64; scale the paths down`, "not-finite");
  return {
    value: result.value,
    ...(result.gradientX ? { gradientX: x.gradient(result.gradientX) } : {}),
    ...(result.gradientY ? { gradientY: y!.gradient(result.gradientY) } : {}),
  };
}

/** The pairs of a Gram matrix in their order, or some of them, and where they stand in it. */
export function pairsOf(
  { x, y, kernel }: Pick<PlannedKernel, "x" | "y" | "kernel">,
  ...range: [begin: number, end: number] | []
): { readonly shape: GramShape; readonly list: PairList } {
  const shape = shapeOf({ x: x.paths, y: y?.paths ?? null }, checkKernel(kernel).solver);
  return { shape, list: gramPairs(shape, ...range) };
}

/** What `--json` prints of a Gram matrix. */
export const gramObject = (
  adapter: string,
  { columns, values }: { readonly columns: number; readonly values: Float64Array },
  seconds: number,
): object => ({ adapter, gram: rowsOf(values, columns), seconds });

/** What `--json` prints of a statistic. */
export const statisticObject = (adapter: string, result: KernelStatistic, seconds: number): object => ({
  adapter,
  ...result,
  seconds,
});

/** A matrix as lists. */
export const rowsOf = (values: Float64Array, columns: number): number[][] =>
  Array.from({ length: values.length / columns }, (_, i) =>
    Array.from(values.subarray(i * columns, (i + 1) * columns)),
  );
