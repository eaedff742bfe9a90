/** Values by step, as they come in. */
import type { Curves, Entry, StudioEvent } from "../../worker/protocol.js";

export class History {
  constructor(
    entries: readonly Entry[],
    readonly steps: number[] = [],
    readonly loss: number[] = [],
    /** [entry][step] */
    readonly values: number[][] = entries.map(() => []),
  ) {}

  /** Curves that were left, up to a step. */
  static upTo({ entries, steps, loss, values }: Curves, step: number): History {
    const beyond = steps.findIndex((s) => s >= step);
    const cut = (list: number[]): number[] => list.slice(0, beyond < 0 ? steps.length : beyond);
    return new History(entries, cut(steps), cut(loss), values.map(cut));
  }

  append(event: Extract<StudioEvent, { kind: "progress" }>): void {
    const width = this.values.length;
    event.steps.forEach((step, n) => {
      this.steps.push(step);
      this.loss.push(event.loss[n]!);
      for (let e = 0; e < width; e++) this.values[e]!.push(event.values[n * width + e]!);
    });
  }
}
