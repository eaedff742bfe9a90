/** The same work again and again on one engine: neither buffers nor the heap may grow, and dispose leaves nothing. */
import { Engine } from "../../src/engine.js";
import { lossOf, networkOf, solveOptionsOf } from "../../src/job/build.js";
import type { GradientJob, SolveJob, TrainJob } from "../../src/job/job.js";
import { updateOptionsOf } from "../../src/job/update-job.js";
import { planSolve } from "../../src/plan/plan.js";
import { readPaths, signatureBackend, signatureGram, signatureMMD } from "../../src/signature/index.js";
import { train } from "../../src/train/train.js";
import { noFiles } from "./coarse.js";
import type { Fault, Verdict } from "./faults.js";
import type { Runner } from "./kinds.js";
import { Random } from "./random.js";
import { type SeedJob, seedJobs } from "./seeds.js";
import { watchDevice } from "./watched-device.js";

/** Runs before anything is measured, and those of each part, which have the same seeds. */
const warmUp = 20;
const measured = 60;

/** Bytes of heap by which one run may be off: what the collector has not got to yet, spread over the runs. */
const heapOfARun = 4000;

/** One run of a job, as a program that uses the library does it, to the end or stopped half-way. */
async function work(engine: Engine, { command, job }: SeedJob, seed: number): Promise<void> {
  if (command === "kernel" || command === "signature") {
    const { x, y } = job as { x: number[][][]; y?: number[][][] };
    const backend = signatureBackend(engine.gpu ?? null);
    await signatureGram(backend, readPaths("x", x), null, {});
    if (y) await signatureMMD(backend, readPaths("x", x), readPaths("y", y), { gradient: { x: true } });
    return;
  }
  const solved = job as unknown as SolveJob;
  const network = engine.network(networkOf(solved, noFiles));
  const solve = { ...solveOptionsOf(solved), seed };
  if (command === "simulate") {
    const spikes = await network.simulate(solve);
    await spikes.read();
    spikes.dispose();
    return;
  }
  const { loss, observed } = job as unknown as GradientJob;
  const made = lossOf(loss, observed, noFiles, network.network.neurons, planSolve(network.network, solve));
  if (command === "gradient") {
    const { with: names, requireExact = true } = job as unknown as GradientJob;
    await network.valueAndGradient(made, { ...solve, with: names, requireExact });
    return;
  }
  const { optimiser, trainable } = job as unknown as TrainJob;
  const steps = train(network, { ...solve, ...updateOptionsOf(optimiser, trainable), loss: made, steps: 3 });
  let done = 0;
  // Every other run is left after its first step.
  for await (const _ of steps) if (++done > seed % 2) break;
}

const heap = (): number => {
  const { gc } = globalThis as { gc?: () => void };
  for (let i = 0; i < 3; i++) gc?.();
  return process.memoryUsage().heapUsed;
};

const subjects = seedJobs.filter(
  ({ command, job }) =>
    (command !== "train" || Array.isArray((job.observed as { times?: unknown }).times)) &&
    !(command === "kernel" && !Array.isArray(job.x)) &&
    command !== "signature",
);

class Leaks implements Runner {
  adapterName: string | undefined;

  async run(seed: number, item: number): Promise<Verdict> {
    const random = new Random(seed, item);
    const subject = subjects[(item + random.below(2) * 7) % subjects.length]!;
    const backend = item % 4 === 3 ? "cpu" : "webgpu";
    const engine = await Engine.create({ backend });
    if (backend === "webgpu") this.adapterName = engine.adapterName;
    const watched = engine.gpu ? watchDevice(engine) : undefined;
    const faults: Fault[] = [];
    const leak = (what: string): void =>
      void faults.push({ kind: "leak", what: `${backend} ${subject.command}: ${what}` });
    const repeat = async (runs: number): Promise<void> => {
      for (let i = 0; i < runs; i++) {
        await work(engine, subject, i);
        const bytes = engine.gpu?.bytesInUse ?? 0;
        if (bytes !== 0 && faults.length === 0) leak(`${bytes} bytes in use after run ${i}`);
      }
    };
    await repeat(warmUp);
    await repeat(measured);
    // From here on all seeds have been met: some have more spikes, and so a larger buffer.
    const buffers = watched?.live.size ?? 0;
    let before = heap();
    let growth = Number.POSITIVE_INFINITY;
    let runs = warmUp + measured;
    // A leak grows in every stretch; what the engine of JavaScript learns of the code on the way, in some.
    for (let stretch = 0; stretch < 3 && growth > heapOfARun; stretch++) {
      await repeat(measured);
      runs += measured;
      const after = heap();
      growth = Math.min(growth, (after - before) / measured);
      before = after;
    }
    if ((watched?.live.size ?? 0) > buffers)
      leak(`${buffers} buffers after ${warmUp + measured} runs, then ${watched!.live.size}`);
    if (growth > heapOfARun) leak(`the heap grows by ${Math.round(growth)} bytes a run`);
    engine.dispose();
    if (watched && watched.live.size > 0) leak(`${watched.live.size} buffers after dispose`);
    return { counts: { tried: 1, runs }, faults };
  }
}

export const openLeaks = async (): Promise<Runner> => new Leaks();
