/** GPU times of compute passes by timestamp queries, summed by label. */
import { bufferUsage, mapRead } from "./constants.js";

/** Passes of one query set: WebGPU allows 4096 queries in a set, two a pass. */
const passesPerSet = 2048;

/** Bytes of one timestamp, a u64 of nanoseconds. */
const stampBytes = 8;

interface QuerySet {
  queries: GPUQuerySet;
  resolved: GPUBuffer;
  labels: string[];
  /** How many passes have been resolved into the buffer. */
  done: number;
}

export class PassTimer {
  private sets: QuerySet[] = [];

  constructor(private readonly device: GPUDevice) {}

  /** Where the next pass writes its times. */
  begin(label: string): GPUComputePassTimestampWrites {
    let set = this.sets.at(-1);
    if (!set || set.labels.length === passesPerSet) {
      set = {
        queries: this.device.createQuerySet({ type: "timestamp", count: 2 * passesPerSet }),
        resolved: this.device.createBuffer({
          label: "timestamps",
          size: 2 * passesPerSet * stampBytes,
          usage: bufferUsage.QUERY_RESOLVE | bufferUsage.COPY_SRC,
        }),
        labels: [],
        done: 0,
      };
      this.sets.push(set);
    }
    const at = 2 * set.labels.push(label) - 2;
    return { querySet: set.queries, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Ends the passes of one encoder. */
  resolve(encoder: GPUCommandEncoder): void {
    for (const set of this.sets) {
      if (set.done === set.labels.length) continue;
      // Resolved from the start: the offset into the buffer would have to be a multiple of 256.
      encoder.resolveQuerySet(set.queries, 0, 2 * set.labels.length, set.resolved, 0);
      set.done = set.labels.length;
    }
  }

  /** Milliseconds by label since the last read. */
  async read(): Promise<Record<string, number>> {
    const { sets, device } = this;
    this.sets = []; // passes that begin while this waits count for the next read
    const times: Record<string, number> = {};
    try {
      for (const set of sets) {
        const size = 2 * set.done * stampBytes;
        const usage = bufferUsage.COPY_DST | bufferUsage.MAP_READ;
        const staging = device.createBuffer({ label: "read timestamps", size, usage });
        try {
          const encoder = device.createCommandEncoder();
          encoder.copyBufferToBuffer(set.resolved, 0, staging, 0, size);
          device.queue.submit([encoder.finish()]);
          await staging.mapAsync(mapRead);
          const stamps = new BigUint64Array(staging.getMappedRange());
          for (let i = 0; i < set.done; i++) {
            // Counters may be reset between passes, and an end then lies before its beginning (WebGPU, timestamp query).
            const nanoseconds = Math.max(0, Number(stamps[2 * i + 1]! - stamps[2 * i]!));
            const label = set.labels[i]!;
            times[label] = (times[label] ?? 0) + nanoseconds / 1e6;
          }
        } finally {
          staging.destroy();
        }
      }
    } finally {
      for (const set of sets) free(set);
    }
    return times;
  }

  dispose(): void {
    for (const set of this.sets) free(set);
    this.sets = [];
  }
}

function free(set: QuerySet): void {
  set.queries.destroy();
  set.resolved.destroy();
}
