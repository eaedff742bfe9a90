/** How a Gram matrix is cut: pairs at a time, rows at a time, threads per pair, and what memory that takes. */
import { wordsOf } from "../../../shaders/signature/truncated-layout.wgsl.js";
import type { CheckedSolver } from "../definitions/solver.js";

export interface DeviceTraits {
  /** A software adapter: few cores, four lanes each, dear barriers. */
  readonly software: boolean;
  /** Most bytes of one buffer. */
  readonly bufferBytes: number;
}

export interface ChunkPlan {
  /** Pairs at a time. */
  readonly slots: number;
  /** Coarse rows in a segment, and number of segments. */
  readonly rows: number;
  readonly segments: number;
  /** In two parts: coarse rows that one dispatch treats. */
  readonly passRows: number;
  readonly threads: number;
  readonly strip: number;
  readonly interleave: number;
  readonly workgroupSize: number;
  /** Words that a slot's row of the kernel's grid takes, per coarse column. */
  readonly stateWords: number;
  /** Rows of a slot in the kernel's grid: one, or checkpoints and the rows of a segment. */
  readonly stateRows: number;
  /** Words of a slot's row in the reverse state, per coarse column. */
  readonly reverseWords: number;
}

/** Words of state per coarse column: forward only, forward with what the reverse sweep needs, and reverse. */
export function solverWords(solver: CheckedSolver): { forward: number; kept: number; reverse: number } {
  switch (solver.kind) {
    case "difference": {
      const fine = 1 << solver.dyadic[1];
      return { forward: fine, kept: fine, reverse: 5 * fine };
    }
    case "polynomial":
      return { forward: solver.order + 1, kept: 2 * (solver.order + 1), reverse: solver.order + 1 };
    case "truncated": {
      const { column, cell, reverse } = wordsOf(solver.depth);
      return { forward: column, kept: column + cell, reverse };
    }
  }
}

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** What a request computes. */
export interface PlannedPairs {
  /** Number of pairs, and segments of the longest paths. */
  readonly pairs: number;
  readonly rows: number;
  readonly columns: number;
  readonly gradient: boolean;
  /** Whether increments go through memory (always for gradients). */
  readonly increments: boolean;
}

/**
 * Plans one request.
 * @param options `compiled`: what kernels are compiled for already, so that plans of other lengths fit them; `extended`:
 * differences in two parts, which need more registers; `parts`: all in two parts, one thread to each pair, gradients in one segment of several passes.
 */
export function planChunk(
  solver: CheckedSolver,
  { pairs, rows, columns, gradient, increments }: PlannedPairs,
  device: DeviceTraits,
  options: {
    readonly compiled?: Pick<ChunkPlan, "threads" | "workgroupSize">;
    readonly extended?: boolean;
    readonly parts?: boolean;
  } = {},
): ChunkPlan {
  const { compiled, extended = false, parts = false } = options;
  const single = solverWords(solver);
  const each = parts ? 2 : 1;
  // Differences in two parts hand down one number of their reverse, and make the others of it.
  const reverse = parts && solver.kind === "difference" ? 1 << solver.dyadic[1] : single.reverse;
  const words = { forward: each * single.forward, kept: each * single.kept, reverse: each * reverse };
  const refineRows = solver.kind === "difference" ? 1 << solver.dyadic[0] : 1;
  const strip = solver.kind === "difference" && !parts ? (gradient ? 4 : extended ? 8 : 16) : 1;
  // A hardware GPU wants many thousands of threads; what pairs do not give, a wavefront within each pair does. On a
  // software adapter every lane of a pair alone keeps the cores busy, and barriers cost more than they bring.
  let threads = compiled?.threads ?? 1;
  if (solver.kind === "difference" && !compiled && !parts) {
    const wanted = device.software ? (pairs < 3 ? 16 : 1) : 2 ** Math.ceil(Math.log2(Math.max(1, 16384 / pairs)));
    const useful = 2 ** Math.ceil(Math.log2(Math.max(1, (rows * refineRows) / strip)));
    threads = Math.min(wanted, useful, gradient ? 16 : 64);
  }
  // A segment is whole strips, whole bands of a wavefront, and whole threads of the increments kernel (4 rows).
  const unit = Math.max(4, (strip * threads) / refineRows);
  const budget = Math.min(device.bufferBytes, device.software ? 1 << 26 : 1 << 28);

  // Cells that one thread may do in a dispatch: tens of milliseconds on any GPU.
  const cellsPerRow = columns * refineRows * words.forward * (parts ? 16 : 1);
  const byTime = Math.max(unit, Math.floor((device.software ? 2 ** 28 : 2 ** 22) / cellsPerRow) * threads);
  let segment = roundUp(rows, unit);
  if (gradient) segment = Math.min(segment, Math.max(128, 2 * Math.ceil(Math.sqrt(rows))));
  segment = Math.min(segment, byTime);
  const perRow = gradient
    ? Math.max(words.kept * refineRows, 1) * columns * 4
    : increments
      ? columns * (parts ? 8 : 4)
      : 0;
  if (perRow > 0) {
    const wantedSlots = Math.min(pairs, device.software ? 256 : 4096);
    const fitting = Math.floor(budget / (perRow * wantedSlots));
    const least = gradient ? Math.ceil(Math.sqrt(rows)) : 32;
    segment = Math.min(segment, Math.max(fitting, least));
  }
  if (gradient && parts) segment = rows;
  segment = roundUp(Math.max(segment, 1), unit);
  const passRows = Math.min(segment, byTime);
  const segments = Math.ceil(rows / segment);
  // Rows of values, low parts and exponents; or values and low parts at the segments' ends, the segment's own
  // rows, and the low part of the latest.
  const stateRows = gradient ? 2 * (segments + 1) + segment * refineRows + 1 : 3;
  const stateWords = gradient ? words.kept : words.forward;
  const perSlot = Math.max(
    stateRows * stateWords * columns * 4,
    perRow > 0 ? (segment + 1) * columns * (parts ? 8 : 4) : 0,
    gradient ? words.reverse * columns * 4 : 0,
  );
  // About a second's work, so that progress can be told; but threads for all of the adapter.
  const work = rows * columns * refineRows * words.forward;
  const timely = Math.max(device.software ? 256 : 16384, Math.floor((device.software ? 2 ** 28 : 2 ** 36) / work));
  const fit = Math.min(timely, Math.floor(budget / perSlot));
  const group = device.software ? 4 : 32;
  const interleave = threads > 1 ? 1 : Math.min(group, pairs);
  const slots = Math.min(pairs, Math.max(interleave, fit - (fit % interleave)), 2 ** 20);
  const fitted = threads > 1 ? threads : device.software ? Math.min(32, roundUp(Math.ceil(slots / 8), 4)) : 32;
  return {
    slots,
    rows: segment,
    segments,
    passRows,
    threads,
    strip,
    interleave,
    workgroupSize: compiled?.workgroupSize ?? fitted,
    stateWords,
    stateRows,
    reverseWords: words.reverse,
  };
}
