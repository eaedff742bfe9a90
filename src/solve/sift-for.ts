import type { Cell } from "../cell/cell.js";
import type { Gpu } from "../gpu/index.js";
import type { Sift } from "./sifted.js";

/** What sifts spikes from events; nothing where a cell has one event, its spike. Loaded when it is needed. */
export async function siftFor(gpu: Gpu, cell: Cell): Promise<Sift | undefined> {
  if (cell.events.length === 1) return undefined;
  return (await import("./sifted.js")).Sift.create(gpu, cell);
}
