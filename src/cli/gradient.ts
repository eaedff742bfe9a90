import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { type NpyArray, writeNpz } from "../files/npz.js";
import { gradientObject, planGradient, runGradient } from "../job/gradient-run.js";
import type { ValueAndGradient } from "../loss/result.js";
import type { View } from "../plan/layout.js";
import { askedOf, discretisationLine } from "./discretisation.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { engineOptions } from "./options.js";
import {
  type CommonOptions,
  estimatorLine,
  notUnbiased,
  print,
  printJson,
  printSpread,
  printStiff,
  progressBar,
  readable,
  readableNumber,
  readableParameter,
  sayWarnings,
} from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";

/** `saltation gradient job.json`. */
export async function gradientCommand(file: string, options: CommonOptions): Promise<void> {
  const given = readJobFile(file, options);
  const context = filesBeside(file, options);
  const planned = await planGradient(given, context);
  const { job, plan, views } = planned;
  if (job.perPath && options.out === undefined) {
    fail("perPath", "is true, but no --out FILE.npz says where the paths' gradients go");
  }
  checkOutputs({ "--out": options.out }, [file, options.recording, ...context.opened]);

  const engine = await Engine.create(engineOptions(options));
  try {
    const began = performance.now();
    const bar = progressBar("gradient", job.paths, "paths");
    const perPath = job.perPath ? new PathRows(views, job.paths) : undefined;
    const result = await runGradient(engine, planned, askedOf(options, job), {
      progress: (done) => bar.update(done),
      ...(perPath ? { perPath: (first, paths, rows) => perPath.add(first, paths, rows) } : {}),
    }).finally(() => bar.stop());
    let written = false;
    if (options.out !== undefined) {
      const data = perPath ? perPath.npz() : gradientNpz(views, result);
      written = writeOutput("--out", options.out, data);
    }
    const seconds = (performance.now() - began) / 1000;
    const { value, standardError, gradient, gradientStandardError, because, discretisation } = result;
    sayWarnings(result.warnings);
    if (options.json) {
      printJson(gradientObject(engine.adapterName, planned, result, seconds));
    } else {
      print(`${job.paths} paths on ${engine.adapterName} in ${readable(seconds)} s`);
      const samples = job.loss.kind === "log-likelihood" ? "trials" : job.antithetic ? "pairs of paths" : "paths";
      const few = samples === "trials" || job.paths <= (job.antithetic ? 2 : 1);
      const none = `no standard error${few ? `: that takes two ${samples}` : ""}`;
      print(`value ${readableNumber(value, standardError)} (${Number.isNaN(standardError) ? none : "standard error"})`);
      for (const name of job.with) {
        print(`d/d ${name} ${readableParameter(job, name, gradient[name], gradientStandardError[name])}`);
      }
      printStiff(plan);
      if (job.estimator && result.estimator) {
        print(estimatorLine(result.estimator, result.terms));
        printSpread(job, result.spread);
      }
      for (const line of because) print(notUnbiased(line));
      if (discretisation) print(discretisationLine(discretisation, job.time.t1));
      if (perPath && written) print(`gradients of every path in ${options.out}`);
    }
  } finally {
    engine.dispose();
  }
}

/** Value and gradient of every path, as they come in. */
export class PathRows {
  private readonly entries: number;
  private readonly table: Float64Array;

  constructor(
    private readonly views: readonly View[],
    private readonly paths: number,
  ) {
    this.entries = views.reduce((n, v) => n + v.length, 0);
    this.table = new Float64Array((1 + this.entries) * paths);
  }

  /** @param rows [1 + entries][paths] of paths from `first` on. */
  add(first: number, paths: number, rows: ArrayLike<number>): void {
    const width = 1 + this.entries;
    for (let r = 0; r < width; r++) {
      for (let i = 0; i < paths; i++) this.table[(first + i) * width + r] = rows[r * paths + i]!;
    }
  }

  /** The file that `--out` writes. */
  npz(): Uint8Array {
    const { views, paths, entries, table } = this;
    const column = (from: number, width: number): Float64Array =>
      Float64Array.from({ length: paths * width }, (_, n) => {
        const i = Math.floor(n / width);
        return table[i * (1 + entries) + from + (n % width)]!;
      });
    const arrays: Record<string, NpyArray> = { value: { data: column(0, 1), shape: [paths] } };
    let at = 1;
    for (const view of views) {
      const scalar = typeof view.shape(new Float64Array(view.length)) === "number";
      const shape = scalar ? [paths] : [paths, view.length];
      arrays[`gradient_${view.asked}`] = { data: column(at, view.length), shape };
      at += view.length;
    }
    return writeNpz(arrays);
  }
}

/** The file that `--out` writes where paths are not asked for one by one. */
export function gradientNpz(views: readonly View[], result: ValueAndGradient): Uint8Array {
  const row = (numbers: unknown): NpyArray => {
    const data = Float64Array.from([numbers].flat(Number.POSITIVE_INFINITY) as number[]);
    return { data, shape: [data.length] };
  };
  const arrays = { value: row(result.value), standard_error: row(result.standardError) };
  for (const { asked } of views) {
    Object.assign(arrays, {
      [`gradient_${asked}`]: row(result.gradient[asked]),
      [`gradient_standard_error_${asked}`]: row(result.gradientStandardError[asked]),
    });
  }
  return writeNpz(arrays);
}
