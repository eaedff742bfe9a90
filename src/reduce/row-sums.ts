/** Sums and spreads of per-path rows over all chunks of a run, block by block: the same bits whatever the chunking. */
import { reduceRows } from "../../shaders/reduce/reduce-rows.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { PathRange } from "../plan/chunks.js";
import { blockPaths, type Chunk } from "../plan/chunks.js";
import type { SolvePlan } from "../plan/plan.js";
import { type BlockSums, type Estimate, estimatesOf } from "./statistics.js";

export class RowSums {
  /** [rows][allBlocks] (sum, squared deviations from the block's mean), f32. */
  readonly blocks: Storage;
  readonly allBlocks: number;
  /** Numbers that a row's sum is of: paths, or pairs of antithetic ones. */
  readonly samples: number;

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernel: KernelOf<typeof reduceRows>,
    private readonly perSample: 1 | 2,
    paths: number,
    readonly rows: number,
  ) {
    this.allBlocks = Math.ceil(paths / blockPaths);
    this.samples = paths / perSample;
    this.blocks = gpu.buffer("block sums", 8 * rows * this.allBlocks);
  }

  static async create(gpu: Gpu, { paths, antithetic }: SolvePlan, rows: number): Promise<RowSums> {
    const kernel = await gpu.kernel(reduceRows(antithetic));
    return new RowSums(gpu, kernel, antithetic ? 2 : 1, paths, rows);
  }

  /** Adds a chunk's table [rows][paths]. */
  add(batch: Batch, { firstPath, paths }: Chunk, table: Storage): void {
    const { allBlocks, blocks } = this;
    const most = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    for (let row = 0; row < this.rows; row += most) {
      const count = Math.min(most, this.rows - row);
      // Rows beyond the first `most` read and write at an offset of whole rows.
      const firstBlock = firstPath / blockPaths + row * allBlocks;
      batch.dispatch(this.kernel, {
        uniform: { paths, firstBlock, allBlocks, rowOffset: row },
        rows: table,
        blocks,
        groups: [Math.ceil(paths / blockPaths), count],
      });
    }
  }

  /** Means and standard errors from what `blocks` held, of all rows or of the first. */
  estimates(data: ArrayBuffer, rows = this.rows): Estimate[] {
    return estimatesOf({ ...this.sums(new Float32Array(data)), rows }, this.samples);
  }

  private sums(data: Float32Array): BlockSums {
    return { rows: this.rows, samples: blockPaths / this.perSample, data };
  }

  /** Of what `blocks` held, the sums of a range of paths. */
  ofRange(data: ArrayBuffer, { first, end }: PathRange): BlockSums {
    const all = new Float32Array(data);
    // Blocks that the range cuts, are of no use.
    const [from, to] = [Math.floor(first / blockPaths), Math.ceil(end / blockPaths)];
    const part = new Float32Array(2 * this.rows * (to - from));
    for (let r = 0; r < this.rows; r++) {
      const row = 2 * r * this.allBlocks;
      part.set(all.subarray(row + 2 * from, row + 2 * to), 2 * r * (to - from));
    }
    return this.sums(part);
  }

  dispose(): void {
    this.blocks.dispose();
  }
}
