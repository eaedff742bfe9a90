/** Buffers that an object keeps for its own use, by name, and grows when more is asked for. */
import type { Gpu, Storage } from "../../gpu/index.js";

export class Scratch {
  private readonly storages = new Map<string, Storage>();
  /** Outgrown buffers, which batches that are not yet submitted may use. */
  private readonly retired: Storage[] = [];

  constructor(private readonly gpu: Gpu) {}

  /** A buffer of at least so many bytes; its contents are undefined. */
  take(name: string, bytes: number): Storage {
    const known = this.storages.get(name);
    if (known && known.bytes >= bytes) return known;
    if (known) this.retired.push(known);
    const storage = this.gpu.buffer(name, bytes);
    this.storages.set(name, storage);
    return storage;
  }

  /** Gives the buffers back; what was encoded with them must have been submitted. */
  dispose(): void {
    for (const s of [...this.storages.values(), ...this.retired]) s.dispose();
    this.storages.clear();
    this.retired.length = 0;
  }
}
