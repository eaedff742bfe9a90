import { Engine } from "../engine.js";
import { type NpyArray, writeNpz } from "../files/npz.js";
import { checkJob } from "../job/check-job.js";
import {
  checkLift,
  gramObject,
  type KernelStatistic,
  pathsOf,
  planKernel,
  rowsOf,
  runKernel,
  statisticObject,
} from "../job/kernel-run.js";
import { signatureSchema } from "../job/signature-job.js";
import { type GramMatrix, logSignatures, signatureBackend, truncatedSignatures } from "../signature/index.js";
import { readJobFile } from "./job-file.js";
import { engineOptions } from "./options.js";
import { type CommonOptions, print, printJson, progressBar, progressOf, readable } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";

/** Gradients of all paths one after the other: [points, channels], or [spikes]. */
function stacked(gradient: unknown): NpyArray {
  const rows = (gradient as (number | number[])[][]).flat();
  const data = Float64Array.from(rows.flat());
  return { data, shape: Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length] };
}

/** The arrays of what a job of kernels comes to. */
export function kernelNpz(result: GramMatrix | KernelStatistic): Uint8Array {
  if ("values" in result) {
    const { rows, columns, values } = result;
    return writeNpz({ gram: { data: values, shape: [rows, columns] } });
  }
  const { value, gradientX, gradientY } = result;
  return writeNpz({
    value: { data: Float64Array.of(value), shape: [1] },
    ...(gradientX ? { gradient_x: stacked(gradientX) } : {}),
    ...(gradientY ? { gradient_y: stacked(gradientY) } : {}),
  });
}

/** The beginning of a matrix. */
function printRows(rows: readonly number[][], rest: string): void {
  for (const row of rows.slice(0, 8)) print(row.slice(0, 8).map(readable).join("  "));
  if (rows.length > 8 || (rows[0]?.length ?? 0) > 8) print(`… (${rest})`);
}

/** `saltation kernel job.json`: Gram matrix, MMD² or score of signature kernels. */
export async function kernelCommand(file: string, options: CommonOptions): Promise<void> {
  const planned = planKernel(readJobFile(file, options));
  checkOutputs({ "--out": options.out }, [file]);
  const engine = await Engine.create(engineOptions(options));
  const bar = progressOf("kernels", "pairs");
  try {
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1000;
    const result = await runKernel(engine, planned, bar.update).finally(bar.stop);
    if ("values" in result) {
      const { rows, columns, values } = result;
      if (options.out) writeOutput("--out", options.out, kernelNpz(result));
      if (options.json) printJson(gramObject(engine.adapterName, result, seconds()));
      else {
        print(`${rows} × ${columns} signature kernels on ${engine.adapterName} in ${readable(seconds())} s`);
        printRows(rowsOf(values, columns), "--json prints all, --out FILE.npz writes them");
      }
      return;
    }
    if (options.out) writeOutput("--out", options.out, kernelNpz(result));
    if (options.json) printJson(statisticObject(engine.adapterName, result, seconds()));
    else print(`${planned.statistic} ${readable(result.value)} on ${engine.adapterName} in ${readable(seconds())} s`);
  } finally {
    engine.dispose();
  }
}

/** `saltation signature job.json`: truncated signatures, or log-signatures, to npz. */
export async function signatureCommand(file: string, options: CommonOptions): Promise<void> {
  const job = checkJob(signatureSchema, readJobFile(file, options));
  checkLift(job, job.x);
  const { paths } = pathsOf("x", job.x, job);
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
