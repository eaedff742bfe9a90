import type { Gpu } from "../gpu/index.js";

/** Lanes of a workgroup: one group of lanes that run together, so that none waits at an event of another path. */
export function lanesOf(gpu: Gpu): number {
  const fewest = gpu.adapter.subgroupSizes?.[0] ?? 32;
  return Math.min(64, Math.max(4, fewest));
}
