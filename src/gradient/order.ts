/** In which order an evaluation goes through chunks of paths. */
import type { Kept } from "../loss/loss.js";
import type { PathRange } from "../plan/chunks.js";
import type { RecordedChunk } from "../spikes/device-spikes.js";

const nothing: Kept = { dispose: () => {} };

/** Paths of a chunk on the device. */
export interface HeldChunk extends RecordedChunk {
  dispose(): void;
}

/** Paths of a chunk, with what the loss keeps of them. */
export class Looked<C extends HeldChunk = HeldChunk> {
  constructor(
    readonly solved: C,
    readonly kept: Kept = nothing,
  ) {}

  dispose(): void {
    this.solved.dispose();
    this.kept.dispose();
  }
}

/** What an evaluation does chunk by chunk. */
export interface Course<C extends HeldChunk> {
  /** Solves paths from this one on, and lets the loss look at them. */
  forward(firstPath: number): Looked<C> | Promise<Looked<C>>;
  /** Does that once more for a chunk. */
  again(chunk: Pick<C, "firstPath" | "paths" | "slots">): Looked<C> | Promise<Looked<C>>;
  /** Takes the value, now that all paths have been looked at. */
  value(last: Looked<C>): void | Promise<void>;
  backward(looked: Looked<C>): void | Promise<void>;
}

/**
 * The order of an evaluation. The loss needs all paths before any can go backward: one chunk waits for them on the GPU; of
 * several, only the last does, and the others are solved again (a forward solve is a quarter of the work).
 */
export async function inOrder<C extends HeldChunk>({ first, end }: PathRange, course: Course<C>): Promise<void> {
  const chunks: Pick<C, "firstPath" | "paths" | "slots">[] = [];
  let pending: Looked<C> | undefined;
  try {
    for (let done = first; done < end; ) {
      pending?.dispose();
      pending = undefined;
      pending = await course.forward(done);
      const { firstPath, paths, slots } = pending.solved;
      chunks.push({ firstPath, paths, slots });
      done += paths;
    }
    await course.value(pending!);
    for (const chunk of chunks.reverse()) {
      pending ??= await course.again(chunk);
      await course.backward(pending);
      pending.dispose();
      pending = undefined;
    }
  } finally {
    pending?.dispose();
  }
}
