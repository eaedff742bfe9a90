/** What a solver of a cell with several events does beside: its record is of all events, and others want that of spikes. */
import { recordWords } from "../../shaders/shared/record.wgsl.js";
import { siftSpikes, spreadCotangents } from "../../shaders/solve/sift.wgsl.js";
import type { Cell } from "../cell/cell.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { Chunk } from "../plan/chunks.js";

/** Events of a chunk of paths: as a record of spikes, but for the word of the neuron (shaders/shared/record.wgsl.ts). */
export interface RecordedEvents {
  readonly record: Storage;
  /** [paths] u32. */
  readonly counts: Storage;
}

export class Sift {
  private constructor(
    private readonly gpu: Gpu,
    private readonly spikes: KernelOf<ReturnType<typeof siftSpikes>>,
    private readonly cotangents: KernelOf<ReturnType<typeof spreadCotangents>>,
  ) {}

  static async create(gpu: Gpu, { events }: Cell): Promise<Sift> {
    const emits = events.map((e) => e.emits);
    const [spikes, cotangents] = await Promise.all([
      gpu.kernel(siftSpikes(emits)),
      gpu.kernel(spreadCotangents(emits)),
    ]);
    return new Sift(gpu, spikes, cotangents);
  }

  /** Room for the spikes of events: as much as these have. */
  encodeSpikes(batch: Batch, { paths }: Chunk, events: RecordedEvents, slots: number): Storage {
    const record = this.gpu.buffer("spike record", 4 * recordWords.neurons * slots * paths);
    const { record: all, counts } = events;
    batch.dispatch(this.spikes, { uniform: { paths }, events: all, counts, record, threads: paths });
    return record;
  }

  /** Cotangents of events, of those of spikes. */
  encodeCotangents(
    batch: Batch,
    { paths }: Chunk,
    events: RecordedEvents,
    spikes: Storage | GPUBuffer,
    slots: number,
  ): Storage {
    const cotangents = batch.temporary("cotangents of events", 4 * slots * paths);
    const { record: all, counts } = events;
    batch.dispatch(this.cotangents, { uniform: { paths }, events: all, counts, spikes, cotangents, threads: paths });
    return cotangents;
  }
}
