/** Writes the `Run` uniform of the solve kernels (shaders/shared/solver.wgsl.ts). */
import type { SolvePlan } from "../plan/plan.js";

export interface RunFields {
  paths: number;
  firstPath: number;
  slots?: number;
  budget?: number;
  fromSlot?: number;
  toSlot?: number;
  stepBegin?: number;
  stepEnd?: number;
  last?: boolean;
  tapeFirst?: number;
  tapePaths?: number;
  tapeEntries?: number;
  noiseFrom?: number;
}

/** In place of a checkpoint slot: begin from the cell's start. */
export const fromStart = 0xffffffff;

export const runBytes = 80;

export function runUniform(plan: SolvePlan, f: RunFields): ArrayBufferView {
  const buffer = new ArrayBuffer(runBytes);
  const u = new Uint32Array(buffer);
  const x = new Float32Array(buffer);
  u.set([
    f.paths,
    f.firstPath,
    plan.steps,
    plan.seed,
    f.slots ?? 0,
    plan.maxSpikes,
    f.budget ?? 0,
    f.fromSlot ?? fromStart,
    f.toSlot ?? 0,
    Math.min(plan.current.stepsPerSample, 0xffffffff),
    f.stepBegin ?? 0,
    f.stepEnd ?? 0,
  ]);
  x[12] = plan.dt;
  x[13] = 1 / plan.dt;
  x[14] = 1 / Math.sqrt(plan.dt);
  u[15] = f.last ? 1 : 0;
  u.set([f.tapeFirst ?? 0, f.tapePaths ?? 0, f.tapeEntries ?? 0, f.noiseFrom ?? 0], 16);
  return u;
}
