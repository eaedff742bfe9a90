/** GPU times of compute passes by timestamp queries, summed by label. */

/** Passes between two reads at most; later ones are not timed. */
const mostPasses = 1024;

export class PassTimer {
  private readonly queries: GPUQuerySet;
  private readonly resolved: GPUBuffer;
  private labels: string[] = [];
  private taken = 0;

  constructor(private readonly device: GPUDevice) {
    this.queries = device.createQuerySet({ type: "timestamp", count: 2 * mostPasses });
    this.resolved = device.createBuffer({
      label: "timestamps",
      size: 16 * mostPasses,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
  }

  /** Where the next pass writes its times, or undefined where all queries are taken. */
  begin(label: string): GPUComputePassTimestampWrites | undefined {
    if (this.taken >= mostPasses) return undefined;
    const at = 2 * this.taken++;
    this.labels.push(label);
    return { querySet: this.queries, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Ends the passes of one encoder. */
  resolve(encoder: GPUCommandEncoder): void {
    if (this.taken > 0) encoder.resolveQuerySet(this.queries, 0, 2 * this.taken, this.resolved, 0);
  }

  /** Milliseconds by label since the last read. */
  async read(): Promise<Record<string, number>> {
    const times: Record<string, number> = {};
    if (this.taken === 0) return times;
    const bytes = 16 * this.taken;
    const staging = this.device.createBuffer({ size: bytes, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(this.resolved, 0, staging, 0, bytes);
      this.device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange());
      this.labels.forEach((label, i) => {
        times[label] = (times[label] ?? 0) + Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6;
      });
    } finally {
      staging.destroy();
    }
    this.labels = [];
    this.taken = 0;
    return times;
  }

  dispose(): void {
    this.queries.destroy();
    this.resolved.destroy();
  }
}
