/** How many paths are solved at a time, and how many sub-steps one dispatch takes. */

/** Paths of a block in reductions; chunks are whole blocks, so that results do not depend on the chunking. */
export const blockPaths = 256;

/**
 * Path·sub-steps of one dispatch. An integrated GPU does some 1e8 a second, and drivers stop a dispatch after about two
 * seconds.
 */
const pathStepsPerDispatch = 2 ** 25;

export interface Chunk {
  readonly firstPath: number;
  readonly paths: number;
}

/** Paths `first` to `end` of a plan, the last not among them: whole blocks, but for the last of the plan. */
export interface PathRange {
  readonly first: number;
  readonly end: number;
}

/** Paths of a chunk: as many whole blocks as `bytes` hold at `bytesPerPath`, up to `most` paths, and at least one. */
export function wholeBlocks(bytesPerPath: number, bytes: number, most = 65536): number {
  return Math.max(1, Math.floor(Math.min(most, bytes / bytesPerPath) / blockPaths)) * blockPaths;
}

/** Sub-steps that one dispatch may take for this many paths. */
export function stepsPerDispatch(paths: number): number {
  return Math.max(16, Math.floor(pathStepsPerDispatch / paths));
}
