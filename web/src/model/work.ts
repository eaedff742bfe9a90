/** Work on experiments: what is worth keeping of it, and what Undo goes back to. */
import type { KeptWork } from "../worker/protocol.js";

/** Work on the page. */
export type OpenWork = Omit<KeptWork, "version">;

/** Whether there is anything in it that could not be opened again: a change, or a step. */
export const worthKeeping = ({ edited, standing }: OpenWork): boolean => edited || standing !== null;

/** Numbers of curves that are kept. */
const mostNumbers = 300_000;

/** Work as storage holds it. */
export function asKept(work: OpenWork): KeptWork {
  const { curves } = work;
  const few = curves !== null && curves.steps.length * (2 + curves.values.length) <= mostNumbers;
  return { ...work, version: 1, curves: few ? curves : null };
}

/** What is in a work, in words: "changed, 312 of 1500 steps". */
export function inWords({ document, standing, edited }: OpenWork): string {
  const steps = standing ? `${standing.checkpoint.step} of ${document.job.steps} steps` : "";
  return [edited && "changed", steps].filter(Boolean).join(", ");
}

/** Short, and the same for the same text: not to be relied on where somebody would want two texts to agree. */
export function markOf(text: string): string {
  let [a, b] = [0x811c9dc5, 0x1000193];
  for (let n = 0; n < text.length; n++) {
    a = Math.imul(a ^ text.charCodeAt(n), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(n), 0x5bd1e995) ^ (b >>> 13);
  }
  return `${text.length}-${(a >>> 0).toString(36)}-${(b >>> 0).toString(36)}`;
}

/** States of one experiment before the one at hand, and those that were undone. */
export class Undo<T> {
  private readonly past: T[] = [];
  private readonly future: T[] = [];

  constructor(private readonly most = 20) {}

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Remembers what is left for something new. */
  leave(state: T): void {
    this.past.push(state);
    if (this.past.length > this.most) this.past.shift();
    this.future.length = 0;
  }

  /** What was before, in place of what is. */
  undo(now: T): T | undefined {
    const before = this.past.pop();
    if (before !== undefined) this.future.push(now);
    return before;
  }

  redo(now: T): T | undefined {
    const next = this.future.pop();
    if (next !== undefined) this.past.push(now);
    return next;
  }
}
