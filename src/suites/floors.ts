/**
 * What an adapter does at best: noise alone, copying alone, arithmetic alone. Every figure of a bench is given as a
 * ratio to the floor that it would meet if it did nothing else.
 */
import { declareKernel, read, readWrite } from "../../shaders/shared/declare.js";
import { elementary } from "../../shaders/shared/elementary.wgsl.js";
import { random } from "../../shaders/shared/random.wgsl.js";
import { normalPair } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import type { Batch, Gpu, Storage } from "../gpu/index.js";
import { type Clock, seconds } from "./measure.js";

/** Normal pairs drawn, bytes copied, multiply-adds. */
export const floorUnits = { noise: "normal pairs", copy: "bytes copied", arithmetic: "multiply-adds" } as const;
export type FloorKind = keyof typeof floorUnits;

export interface Floor {
  /** How much one run does, in the floor's unit. */
  readonly amount: number;
  run(): Promise<unknown>;
}

export interface Floors extends Record<FloorKind, Floor> {
  dispose(): void;
}

/** A floor runs for at least this long: well above what a submission costs. */
const leastSeconds = 0.03;

/** Doubles the rounds of a floor until it runs long enough, by the best of three: others may use the machine too. */
async function calibrate(clock: Clock, perRound: number, run: (rounds: number) => Promise<unknown>): Promise<Floor> {
  let rounds = 1;
  await run(rounds);
  const best = async (): Promise<number> => {
    let least = Number.POSITIVE_INFINITY;
    for (let n = 0; n < 3 && least >= leastSeconds; n++)
      least = Math.min(least, await seconds(clock, () => run(rounds)));
    return least;
  };
  while ((await best()) < leastSeconds && rounds < 2 ** 20) rounds *= 2;
  return { amount: perRound * rounds, run: () => run(rounds) };
}

/** Each thread draws one normal pair a round, as a solver with one channel does in a step. */
export const noiseKernel = declareKernel({
  label: "noise alone",
  workgroupSize: 64,
  uniform: { rounds: "u32", seed: "u32" },
  bindings: { out: readWrite("array<f32>") },
  body: /* wgsl */ `
${elementary}
${random}
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = vec2f(0.0f);
  for (var step = 0u; step < run.rounds; step += 1u) {
    sum += normal_pair(threefry2x32(vec2u(run.seed, 0u), vec2u(id.x, step)));
  }
  out[id.x] = sum.x + sum.y;
}`,
});

/** Each thread copies 16 bytes. */
const copyKernel = declareKernel({
  label: "copy alone",
  workgroupSize: 64,
  bindings: { source: read("array<vec4u>"), copy: readWrite("array<vec4u>") },
  body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  copy[i] = source[i];
}`,
});

const chains = 8;
const unrolled = 32;

/** Each thread advances eight chains of multiply-adds 32 times a round, in registers. */
const arithmeticKernel = declareKernel({
  label: "arithmetic alone",
  workgroupSize: 64,
  uniform: { rounds: "u32", factor: "f32" },
  bindings: { out: readWrite("array<f32>") },
  body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = run.factor;
  let b = 1e-3f * f32(id.x % 7u);
${Array.from({ length: chains }, (_, c) => `  var x${c} = ${c}.0f + b;`).join("\n")}
  for (var r = 0u; r < run.rounds; r += 1u) {
${Array.from({ length: unrolled }, () => Array.from({ length: chains }, (_, c) => `x${c} = x${c} * a + b;`).join(" ")).join("\n")}
  }
  out[id.x] = ${Array.from({ length: chains }, (_, c) => `x${c}`).join(" + ")};
}`,
});

async function gpuFloors(gpu: Gpu, clock: Clock): Promise<Floors> {
  const software = gpu.adapter.fallback;
  const threads = software ? 8192 : 2 ** 18;
  // More than any cache of a GPU holds.
  const largest = Math.min(gpu.device.limits.maxStorageBufferBindingSize, gpu.device.limits.maxBufferSize);
  const bytes = Math.min(largest, software ? 2 ** 25 : 2 ** 28);
  const held: Storage[] = [];
  const buffer = (label: string, size: number): Storage => {
    const storage = gpu.buffer(label, size);
    held.push(storage);
    return storage;
  };
  const [out, source, target] = [buffer("floor", 4 * threads), buffer("source", bytes), buffer("target", bytes)];
  const [noise, copy, arithmetic] = await Promise.all([
    gpu.kernel(noiseKernel),
    gpu.kernel(copyKernel),
    gpu.kernel(arithmeticKernel),
  ]);
  /** Runs, given the batch with a dispatch, and waits: four bytes are read back. */
  const run = async (batch: Batch, written: Storage): Promise<void> => {
    const data = batch.read(written, 0, 4);
    batch.submit();
    await data;
  };
  const batch = (): Batch => gpu.batch("floor");
  const groups = bytes / (64 * 16);
  const columns = Math.min(groups, 32768);
  return {
    noise: await calibrate(clock, threads, (rounds) =>
      run(batch().dispatch(noise, { uniform: { rounds, seed: 1 }, out, threads }), out),
    ),
    copy: await calibrate(clock, bytes, (rounds) => {
      const copies = batch();
      for (let r = 0; r < rounds; r++) {
        copies.dispatch(copy, { source, copy: target, groups: [columns, groups / columns] });
      }
      return run(copies, target);
    }),
    arithmetic: await calibrate(clock, threads * chains * unrolled, (rounds) =>
      run(batch().dispatch(arithmetic, { uniform: { rounds, factor: 0.999 }, out, threads }), out),
    ),
    dispose: () => {
      for (const storage of held) storage.dispose();
    },
  };
}

/** The same on one core, in float64, as the twin computes. */
async function cpuFloors(clock: Clock): Promise<Floors> {
  const draws = 4096;
  const numbers = 2 ** 21;
  const [source, target] = [new Float64Array(numbers), new Float64Array(numbers)];
  const words = new Uint32Array(2);
  const pair = new Float64Array(2);
  const sink = new Float64Array(1);
  return {
    noise: await calibrate(clock, draws, async (rounds) => {
      for (let n = 0; n < draws * rounds; n++) {
        threefryInto(words, 1, 0, n, 0);
        normalPair(words[0]!, words[1]!, pair);
        sink[0]! += pair[0]!;
      }
    }),
    copy: await calibrate(clock, 8 * numbers, async (rounds) => {
      for (let r = 0; r < rounds; r++) target.set(source);
    }),
    arithmetic: await calibrate(clock, 4 * draws, async (rounds) => {
      let [x, y, z, w] = [0, 1, 2, 3];
      for (let n = 0; n < draws * rounds; n++) {
        x = x * 0.999 + 0.1;
        y = y * 0.999 + 0.1;
        z = z * 0.999 + 0.1;
        w = w * 0.999 + 0.1;
      }
      sink[0]! += x + y + z + w;
    }),
    dispose: () => {},
  };
}

export function makeFloors(gpu: Gpu | undefined, clock: Clock): Promise<Floors> {
  return gpu ? gpuFloors(gpu, clock) : cpuFloors(clock);
}
