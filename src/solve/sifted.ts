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
  /** Words of an event. */
  readonly words: number;
}

/** Numbers of paths in a buffer. */
export interface TablePart {
  readonly storage: Storage;
  readonly byteOffset: number;
}

/** What a solver hands on: spikes, and the events that they are of. */
export interface SiftedSpikes {
  readonly record: Storage;
  readonly events: RecordedEvents;
  dispose(): void;
}

/** What a backward pass goes by. */
export interface WantedEvents {
  readonly record: Storage;
  readonly counts: TablePart;
  readonly cotangents: Storage | GPUBuffer;
}

export class Sift {
  private constructor(
    private readonly gpu: Gpu,
    private readonly spikes: KernelOf<ReturnType<typeof siftSpikes>>,
    private readonly cotangents: KernelOf<ReturnType<typeof spreadCotangents>>,
    /** Words of an event in the record. */
    readonly words: number,
  ) {}

  /** @param words of an event in the record. */
  static async create(gpu: Gpu, { events }: Cell, words: number): Promise<Sift> {
    const emits = events.map((e) => e.emits);
    const [spikes, cotangents] = await Promise.all([
      gpu.kernel(siftSpikes(emits, words)),
      gpu.kernel(spreadCotangents(emits, words)),
    ]);
    return new Sift(gpu, spikes, cotangents, words);
  }

  /**
   * Encodes what follows a forward solve: counts of events out of a table of the solver's, and the record of the spikes among
   * them, which has room for as many as there are events.
   * @param counted where the events of each path are counted, u32 [paths].
   */
  encodeSpikes(batch: Batch, { paths }: Chunk, record: Storage, counted: TablePart, slots: number): SiftedSpikes {
    const counts = this.gpu.buffer("event counts", 4 * paths);
    batch.copy(counted.storage, counted.byteOffset, counts, 0, 4 * paths);
    const spikes = this.gpu.buffer("spike record", 4 * recordWords.neurons * slots * paths);
    batch.dispatch(this.spikes, { uniform: { paths }, events: record, counts, record: spikes, threads: paths });
    return {
      record: spikes,
      events: { record, counts, words: this.words },
      dispose: () => {
        spikes.dispose();
        counts.dispose();
      },
    };
  }

  /** Encodes what precedes a backward pass: the cotangents of events, of those of spikes. */
  encodeCotangents(
    batch: Batch,
    { paths, slots }: Chunk & { readonly slots: number },
    { record, counts }: RecordedEvents,
    spikes: Storage | GPUBuffer,
  ): WantedEvents {
    const cotangents = batch.temporary("cotangents of events", 4 * slots * paths);
    batch.dispatch(this.cotangents, { uniform: { paths }, events: record, counts, spikes, cotangents, threads: paths });
    return { record, counts: { storage: counts, byteOffset: 0 }, cotangents };
  }
}
