import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { type NpyArray, writeNpz } from "../files/npz.js";
import { checkJob } from "../job/check-job.js";
import { kernelSchema, type LiftJob, type PathsJob, signatureSchema } from "../job/signature-job.js";
import {
  liftSpikes,
  logSignatures,
  nested,
  type PathBatch,
  readPaths,
  type SignatureSolver,
  type StaticKernel,
  signatureBackend,
  signatureGram,
  signatureMMD,
  signatureScore,
  truncatedSignatures,
} from "../signature/index.js";
import { readJobFile } from "./job-file.js";
import { engineOptions } from "./options.js";
import { type CommonOptions, print, printJson, progressBar, progressOf, readable } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";

interface ReadPaths {
  readonly paths: PathBatch;
  /** Gradient to the points → gradient in the shape in which the paths were given: points, or spike times. */
  gradient(values: ArrayLike<number>): unknown;
}

/** How many neurons the trains of jobs speak of. */
const neuronsOf = (...jobs: PathsJob[]): number =>
  jobs
    .flatMap((job) => (Array.isArray(job) ? [] : job.spikes.flatMap((s) => s.neurons)))
    .reduce((most, neuron) => Math.max(most, Math.floor(neuron) + 1), 1);

/** @throws SaltationError where something is said of spike trains, and there are none. */
function checkLift(job: LiftJob, ...paths: PathsJob[]): void {
  if (!paths.every((p) => Array.isArray(p))) return;
  for (const field of ["t0", "t1", "neurons"] as const) {
    if (job[field] !== undefined) fail(field, "is for spike trains, and the paths are given as points; leave it out");
  }
}

/** Paths of a job: as points, or lifted from spike trains. */
function read(field: string, job: PathsJob, lift: LiftJob): ReadPaths {
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

const rowsOf = (values: Float64Array, columns: number): number[][] =>
  Array.from({ length: values.length / columns }, (_, i) =>
    Array.from(values.subarray(i * columns, (i + 1) * columns)),
  );

/** Gradients of all paths one after the other: [points, channels], or [spikes]. */
function stacked(gradient: unknown): NpyArray {
  const rows = (gradient as (number | number[])[][]).flat();
  const data = Float64Array.from(rows.flat());
  return { data, shape: Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length] };
}

/** The beginning of a matrix. */
function printRows(rows: readonly number[][], rest: string): void {
  for (const row of rows.slice(0, 8)) print(row.slice(0, 8).map(readable).join("  "));
  if (rows.length > 8 || (rows[0]?.length ?? 0) > 8) print(`… (${rest})`);
}

/** `saltation kernel job.json`: Gram matrix, MMD² or score of signature kernels. */
export async function kernelCommand(file: string, options: CommonOptions): Promise<void> {
  const job = checkJob(kernelSchema, readJobFile(file, options));
  const statistic = job.statistic ?? "gram";
  if (statistic !== "gram" && !job.y) fail("y", `is missing; statistic "${statistic}" compares x with y`);
  if (statistic === "gram" && job.gradient) fail("gradient", 'is for the statistics "mmd" and "score"');
  checkLift(job, job.x, ...(job.y ? [job.y] : []));
  // Without a number of neurons, x and y together say how many there are.
  const lift = { ...job, neurons: job.neurons ?? neuronsOf(job.x, ...(job.y ? [job.y] : [])) };
  const x = read("x", job.x, lift);
  const y = job.y ? read("y", job.y, lift) : undefined;
  const kernel = {
    ...(job.static ? { static: job.static as unknown as StaticKernel } : {}),
    ...(job.solver ? { solver: job.solver as SignatureSolver } : {}),
    ...(job.normalised === undefined ? {} : { normalised: job.normalised }),
  };
  checkOutputs({ "--out": options.out }, [file]);
  const engine = await Engine.create(engineOptions(options));
  const bar = progressOf("kernels", "pairs");
  try {
    const began = performance.now();
    const backend = signatureBackend(engine.gpu ?? null);
    const { update: progress } = bar;
    const seconds = (): number => (performance.now() - began) / 1000;
    if (statistic === "gram") {
      const { rows, columns, values } = await signatureGram(backend, x.paths, y?.paths ?? null, {
        ...kernel,
        progress,
      }).finally(bar.stop);
      if (options.out) writeOutput("--out", options.out, writeNpz({ gram: { data: values, shape: [rows, columns] } }));
      const gram = rowsOf(values, columns);
      if (options.json) printJson({ adapter: engine.adapterName, gram, seconds: seconds() });
      else {
        print(`${rows} × ${columns} signature kernels on ${engine.adapterName} in ${readable(seconds())} s`);
        printRows(gram, "--json prints all, --out FILE.npz writes them");
      }
      return;
    }
    const gradient = job.gradient ? { x: true, y: true } : {};
    const how = { ...kernel, gradient, progress };
    const result = await (statistic === "mmd"
      ? signatureMMD(backend, x.paths, y!.paths, { ...how, unbiased: job.unbiased ?? true })
      : signatureScore(backend, x.paths, y!.paths, how)
    ).finally(bar.stop);
    if (!Number.isFinite(result.value)) {
      fail("x", `${statistic} exceeds float64; scale the paths down`, "not-finite");
    }
    const gradients = {
      ...(result.gradientX ? { gradientX: x.gradient(result.gradientX) } : {}),
      ...(result.gradientY ? { gradientY: y!.gradient(result.gradientY) } : {}),
    };
    if (options.out) {
      const arrays: Record<string, NpyArray> = { value: { data: Float64Array.of(result.value), shape: [1] } };
      if (gradients.gradientX) arrays.gradient_x = stacked(gradients.gradientX);
      if (gradients.gradientY) arrays.gradient_y = stacked(gradients.gradientY);
      writeOutput("--out", options.out, writeNpz(arrays));
    }
    if (options.json) printJson({ adapter: engine.adapterName, value: result.value, ...gradients, seconds: seconds() });
    else print(`${statistic} ${readable(result.value)} on ${engine.adapterName} in ${readable(seconds())} s`);
  } finally {
    engine.dispose();
  }
}

/** `saltation signature job.json`: truncated signatures, or log-signatures, to npz. */
export async function signatureCommand(file: string, options: CommonOptions): Promise<void> {
  const job = checkJob(signatureSchema, readJobFile(file, options));
  checkLift(job, job.x);
  const { paths } = read("x", job.x, job);
  checkOutputs({ "--out": options.out }, [file]);
  const engine = await Engine.create(engineOptions(options));
  const bar = progressBar("signatures", paths.count, "paths");
  try {
    const began = performance.now();
    const backend = signatureBackend(engine.gpu ?? null);
    const how = { depth: job.depth, progress: (done: number) => bar.update(done) };
    const { count, size, values } = await (job.log
      ? logSignatures(backend, paths, { ...how, form: job.log })
      : truncatedSignatures(backend, paths, how)
    ).finally(bar.stop);
    const seconds = (performance.now() - began) / 1000;
    if (options.out)
      writeOutput("--out", options.out, writeNpz({ signatures: { data: values, shape: [count, size] } }));
    if (options.json) printJson({ adapter: engine.adapterName, count, size, seconds });
    else {
      print(`${count} signatures of ${size} numbers on ${engine.adapterName} in ${readable(seconds)} s`);
      printRows(rowsOf(values, size), "--out FILE.npz writes them");
    }
  } finally {
    engine.dispose();
  }
}
