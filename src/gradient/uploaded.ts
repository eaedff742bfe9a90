/** What paths of a chunk fired, uploaded to a device. */
import type { Gpu, Storage } from "../gpu/index.js";
import type { FiredPaths } from "../loss/taken.js";
import type { Chunk } from "../plan/chunks.js";
import type { RecordedChunk } from "../spikes/device-spikes.js";
import { turned } from "./fired.js";

/** A chunk of paths uploaded to a device, as one that was solved there. */
export class UploadedFired implements RecordedChunk {
  readonly firstPath: number;
  readonly paths: number;
  readonly slots: number;
  /** How many there are of all of its paths. */
  readonly spikes: number;
  readonly record: Storage;
  readonly counts: { readonly storage: Storage; readonly byteOffset: 0; readonly own: Int32Array };
  readonly states: Storage | undefined;

  constructor(gpu: Gpu, fired: FiredPaths, { firstPath, paths }: Chunk, words: number) {
    const own = fired.counts.slice(firstPath, firstPath + paths);
    let at = words * fired.counts.subarray(0, firstPath).reduce((a, b) => a + b, 0);
    this.firstPath = firstPath;
    this.paths = paths;
    this.slots = fired.slots!;
    this.spikes = own.reduce((a, b) => a + b, 0);
    const record = new Uint32Array(words * this.slots * paths);
    own.forEach((count, i) => {
      for (let n = 0; n < count; n++)
        for (let w = 0; w < words; w++) record[(n * words + w) * paths + i] = fired.words[at++]!;
    });
    const { states } = fired;
    const entries = states && states.length / fired.counts.length;
    const some = entries && states.subarray(entries * firstPath, entries * (firstPath + paths));
    this.record = gpu.upload("spike trains", record);
    this.counts = { storage: gpu.upload("spike counts", Uint32Array.from(own)), byteOffset: 0, own };
    this.states = some ? gpu.upload("states", turned(some, entries!)) : undefined;
  }

  dispose(): void {
    this.record.dispose();
    this.counts.storage.dispose();
    this.states?.dispose();
  }
}

/** What a loss writes of the paths of a chunk, path after path. */
export interface WrittenPaths {
  readonly cotangents: Float32Array;
  readonly pathValues: Float32Array;
  readonly horizon: Float32Array | undefined;
  readonly states: Float32Array | undefined;
}
