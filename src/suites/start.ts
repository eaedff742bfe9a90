/** From nothing to a first result: run in a process or page of its own, so that nothing is warm. */
import { declareKernel, readWrite } from "../../shaders/shared/declare.js";
import type { Backend, EngineOptions } from "../engine.js";
import type { Gpu } from "../gpu/index.js";

export type StartTask = "bare" | "trains" | "gradient";
export const startTasks: readonly StartTask[] = ["bare", "trains", "gradient"];

export interface StartOptions {
  backend: Backend;
  software?: boolean;
  /** Of `simd`; all processors by default. */
  threads?: number | undefined;
}

/** What an engine takes of them. */
export const engineOptions = ({ backend, software, threads }: StartOptions): EngineOptions =>
  backend === "simd"
    ? { backend, ...(threads === undefined ? {} : { threads }) }
    : { backend, software: software ?? false };

async function openDevice(options: StartOptions): Promise<Gpu> {
  if (options.backend === "simd") return (await (await import("../simd/backend.js")).openSimd(options)).gpu;
  return (await import("../gpu/index.js")).Gpu.create(options);
}

/** The least that a program of kernels does: a device, one dispatch, one number read back. */
async function bare(options: StartOptions): Promise<void> {
  if (options.backend === "cpu") return;
  const gpu = await openDevice(options);
  const bindings = { out: readWrite("array<u32>") };
  const body = "fn main() { out[0] = 42u; }";
  const kernel = await gpu.kernel(declareKernel({ label: "answer", workgroupSize: 1, bindings, body }));
  const out = gpu.buffer("answer", 4);
  const batch = gpu.batch().dispatch(kernel, { out, groups: 1 });
  const answer = batch.read(out);
  batch.submit();
  await answer;
  gpu.dispose();
}

/** Does one task. What it costs is counted from the start of the process or page to the end of this. */
export async function startTask(task: StartTask, options: StartOptions): Promise<void> {
  if (task === "bare") return bare(options);
  const { Engine } = await import("../engine.js");
  const engine = await Engine.create(engineOptions(options));
  const network = engine.network({ current: 1.5 });
  const solve = { paths: 256, t1: 1, dt: 0.01, seed: 1 };
  if (task === "trains") {
    await (await network.simulate(solve)).meanCount();
  } else {
    const { meanSpikeTime } = await import("../loss/spike-times.js");
    await network.valueAndGradient(meanSpikeTime(), { ...solve, with: ["current"] });
  }
  engine.dispose();
}
