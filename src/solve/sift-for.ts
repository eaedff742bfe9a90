import type { Cell } from "../cell/cell.js";
import { recordsEvents } from "../cell/tables.js";
import type { Gpu } from "../gpu/index.js";
import type { Sift } from "./sifted.js";

/** What sifts spikes from events; nothing where all that is recorded are spikes. Loaded when it is needed. */
export async function siftFor(gpu: Gpu, cell: Cell): Promise<Sift | undefined> {
  if (!recordsEvents(cell)) return undefined;
  return (await import("./sifted.js")).Sift.create(gpu, cell);
}
