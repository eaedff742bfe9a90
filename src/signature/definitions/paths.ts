/**
 * Batches of paths. A path is the polyline through its vertices; a batch is ragged: every path has its own length, and
 * the vertices of all paths lie one after the other, so nothing is ever padded.
 */
import { counted, fail, firstNotFinite, isNumbers, show, wholeNumber } from "../../checks.js";

export interface PathBatch {
  /** Number of paths. */
  readonly count: number;
  readonly channels: number;
  /** [vertices of all paths, channels], row by row. */
  readonly points: Float64Array;
  /** First vertex of each path [count + 1]; the last entry is the number of all vertices. */
  readonly offsets: Uint32Array;
}

/** What functions take for a batch: nested arrays [batch][length][channel], typed points, or a batch. */
export type PathInput = PathBatch | readonly (readonly (readonly number[])[])[] | TypedPaths;

/** Points in one typed array [batch, length, channels]; with `lengths`, what lies beyond a path's length is ignored. */
export interface TypedPaths {
  readonly points: Float32Array | Float64Array;
  readonly shape: readonly [batch: number, length: number, channels: number];
  readonly lengths?: ArrayLike<number>;
}

/** Number of vertices of path `i`. */
export function pathLength(batch: PathBatch, i: number): number {
  return batch.offsets[i + 1]! - batch.offsets[i]!;
}

/** The points of path `i` [length, channels], or what `values` in their layout has for it: a view. */
export function pathPoints(batch: PathBatch, i: number, values = batch.points): Float64Array {
  return values.subarray(batch.offsets[i]! * batch.channels, batch.offsets[i + 1]! * batch.channels);
}

/** Length of the longest path. */
export function longestPath(batch: PathBatch): number {
  let longest = 0;
  for (let i = 0; i < batch.count; i++) longest = Math.max(longest, pathLength(batch, i));
  return longest;
}

/** A batch from paths given as typed arrays [length, channels] each. */
export function batchOf(paths: readonly Float64Array[], channels: number): PathBatch {
  const offsets = new Uint32Array(paths.length + 1);
  paths.forEach((p, i) => {
    offsets[i + 1] = offsets[i]! + p.length / channels;
  });
  const points = new Float64Array(offsets[paths.length]! * channels);
  paths.forEach((p, i) => {
    points.set(p, offsets[i]! * channels);
  });
  return { count: paths.length, channels, points, offsets };
}

/** Points of a batch as nested arrays [batch][length][channel]; also for gradients, which have the layout of points. */
export function nested(batch: PathBatch, values: ArrayLike<number> = batch.points): number[][][] {
  return Array.from({ length: batch.count }, (_, i) =>
    Array.from({ length: pathLength(batch, i) }, (_, j) =>
      Array.from({ length: batch.channels }, (_, c) => values[(batch.offsets[i]! + j) * batch.channels + c]!),
    ),
  );
}

function fromTyped(field: string, given: TypedPaths): PathBatch {
  const { points, shape, lengths } = given;
  if (!(points instanceof Float32Array || points instanceof Float64Array)) {
    fail(`${field}.points`, `expected a Float32Array or Float64Array, got ${show(points)}`);
  }
  if (!Array.isArray(shape) || shape.length !== 3 || !shape.every((n) => Number.isInteger(n) && n > 0)) {
    fail(`${field}.shape`, `expected [batch, length, channels], whole numbers above 0, got ${show(shape)}`);
  }
  const [count, length, channels] = shape;
  if (points.length !== count * length * channels) {
    fail(field, `shape ${show(shape)} needs ${count * length * channels} numbers, points hold ${points.length}`);
  }
  if (lengths !== undefined && lengths?.length !== count) {
    fail(`${field}.lengths`, `expected one length per path (${count}), got ${lengths?.length ?? show(lengths)}`);
  }
  const paths = Array.from({ length: count }, (_, i) => {
    const own = lengths ? wholeNumber(`${field}.lengths[${i}]`, lengths[i], 2, length) : length;
    const start = i * length * channels;
    return Float64Array.from(points.subarray(start, start + own * channels));
  });
  return batchOf(paths, channels);
}

function fromNested(field: string, given: unknown): PathBatch {
  if (!Array.isArray(given)) fail(field, `expected paths [batch][length][channel], got ${show(given)}`);
  let channels = 0;
  const paths = given.map((path, i) => {
    if (!Array.isArray(path)) fail(`${field}[${i}]`, `expected a path [length][channel], got ${show(path)}`);
    const rows = path.map((point, j) => {
      if (!Array.isArray(point)) fail(`${field}[${i}][${j}]`, `expected a point [channel], got ${show(point)}`);
      if (channels === 0) channels = point.length;
      if (point.length !== channels || channels === 0) {
        fail(
          `${field}[${i}][${j}]`,
          `has ${counted(point.length, "channel")}, the first point has ${channels}; all must agree`,
        );
      }
      point.forEach((v, c) => {
        if (typeof v !== "number") fail(`${field}[${i}][${j}][${c}]`, `expected a number, got ${show(v)}`);
      });
      return point as number[];
    });
    return Float64Array.from(rows.flat());
  });
  return batchOf(paths, Math.max(channels, 1));
}

/** A batch as it is kept here: its parts must fit each other, or paths would be read from where none are. */
function checkBatch(field: string, given: PathBatch): PathBatch {
  const { count, channels, points, offsets } = given;
  const most = 2 ** 32 - 1;
  wholeNumber(`${field}.count`, count, 0, most);
  wholeNumber(`${field}.channels`, channels, 1, most);
  if (!(points instanceof Float64Array)) fail(`${field}.points`, `expected a Float64Array, got ${show(points)}`);
  if (!isNumbers(offsets) || offsets.length !== count + 1) {
    const got = offsets?.length ?? show(offsets);
    fail(`${field}.offsets`, `expected the first vertex of each of ${count} paths and their end, got ${got} numbers`);
  }
  for (let i = 0; i <= count; i++)
    wholeNumber(`${field}.offsets[${i}]`, offsets[i], i && offsets[i - 1]!, i ? most : 0);
  const needed = offsets[count]! * channels;
  if (points.length !== needed) {
    fail(
      `${field}.points`,
      `holds ${points.length} numbers; ${offsets[count]} vertices of ${channels} channels need ${needed}`,
    );
  }
  return given;
}

/**
 * Reads a batch of paths.
 * @param field its name, for messages.
 * @throws SaltationError `invalid-input` where there is no path, a path has fewer than two points, channels differ, or
 * a coordinate is not finite.
 */
export function readPaths(field: string, given: PathInput): PathBatch {
  if (given === null || typeof given !== "object") fail(field, `expected paths, got ${show(given)}`);
  const batch =
    "offsets" in given
      ? checkBatch(field, given)
      : "shape" in given
        ? fromTyped(field, given)
        : fromNested(field, given);
  if (batch.count === 0) fail(field, "holds no path; at least one is needed");
  for (let i = 0; i < batch.count; i++) {
    const length = pathLength(batch, i);
    if (length < 2) fail(`${field}[${i}]`, `has ${length} point${length === 1 ? "" : "s"}; a path needs at least two`);
  }
  const bad = firstNotFinite(batch.points);
  if (bad >= 0) {
    const vertex = Math.floor(bad / batch.channels);
    let path = 0;
    while (batch.offsets[path + 1]! <= vertex) path++;
    const where = `${field}[${path}][${vertex - batch.offsets[path]!}][${bad % batch.channels}]`;
    fail(where, `is ${batch.points[bad]}; every coordinate must be finite`);
  }
  return batch;
}

/**
 * Refuses two batches of different numbers of channels.
 * @throws SaltationError `invalid-input`.
 */
export function sameChannels(x: PathBatch, y: PathBatch): void {
  if (x.channels !== y.channels) {
    fail(
      "y",
      `has ${counted(y.channels, "channel")}, x has ${x.channels}; paths that are compared need the same channels`,
    );
  }
}
