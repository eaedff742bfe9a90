/** Values by step, as they come in. */
import type { Entry, StudioEvent } from "../../worker/protocol.js";

/** Values by step, as they come in. */
export class History {
  readonly steps: number[] = [];
  readonly loss: number[] = [];
  /** [entry][step] */
  readonly values: number[][];

  constructor(entries: readonly Entry[]) {
    this.values = entries.map(() => []);
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
