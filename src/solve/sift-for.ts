import { recordWords } from "../../shaders/shared/record.wgsl.js";
import { recordsEvents } from "../cell/tables.js";
import type { Gpu } from "../gpu/index.js";
import type { Network } from "../network/network.js";
import type { Sift } from "./sifted.js";

/** Whether solvers of a network record more than spikes: other events, or arrivals after a delay. */
export const recordsMore = ({ cell, connections }: Network): boolean =>
  recordsEvents(cell) || connections.delays.length > 0;

/** What sifts spikes from events; nothing where all that is recorded are spikes. Loaded when it is needed. */
export async function siftFor(gpu: Gpu, network: Network): Promise<Sift | undefined> {
  if (!recordsMore(network)) return undefined;
  const words = network.connections.delays.length > 0 ? recordWords.arrivals : recordWords.neurons;
  return (await import("./sifted.js")).Sift.create(gpu, network.cell, words);
}
