/** Spikes under way: each arrives at the end of one connection, after its delay. */

/** What sent a spike, as a number: spike n of the path as n; entry n of its agenda, a spike of a source, as that below 0. */
export type Sent = number;
export const sentBySource = (entry: number): Sent => -1 - entry;

/** A spike on its way, or arriving. */
export interface Underway {
  /** When it arrives: a grid step, and the length within it from its begin, above 0. */
  readonly step: number;
  readonly at: number;
  /** The neuron or source that sent it, by which of those that arrive at one time comes first; the spike, and the connection. */
  readonly source: number;
  readonly spike: Sent;
  readonly edge: number;
}

export class Pending {
  /** By step, the first to arrive first, of which so many are taken. */
  private readonly inStep = new Map<number, { readonly list: Underway[]; taken: number }>();

  constructor(
    private readonly dt: number,
    private readonly steps: number,
  ) {}

  /** Sends what happened at a length within a step, so much time later; what comes at the end of the grid or after is lost. */
  send(step: number, at: number, delay: number, sent: Pick<Underway, "source" | "spike" | "edge">): void {
    const { dt } = this;
    const later = Math.floor((at + delay) / dt);
    // Above 0: a sub-step that begins at 0 began at a grid point, which does not move.
    const place = Math.min(Math.max(at + delay - later * dt, Number.EPSILON * dt), dt);
    const arriving = { ...sent, step: step + later, at: place };
    if (arriving.step >= this.steps) return;
    const own = this.inStep.get(arriving.step) ?? { list: [], taken: 0 };
    this.inStep.set(arriving.step, own);
    const { list } = own;
    let [low, high] = [own.taken, list.length];
    // Most are the last so far.
    if (high > low && !comesBefore(arriving, list[high - 1]!)) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comesBefore(arriving, list[middle]!)) high = middle;
      else low = middle + 1;
    }
    list.splice(low, 0, arriving);
  }

  /** The next to arrive in a step. */
  next(step: number): Underway | undefined {
    const own = this.inStep.get(step);
    return own?.list[own.taken];
  }

  /** Takes it. */
  take(step: number): void {
    const own = this.inStep.get(step)!;
    if (++own.taken === own.list.length) this.inStep.delete(step);
  }
}

const comesBefore = (a: Underway, b: Underway): boolean =>
  a.at < b.at || (a.at === b.at && (a.source < b.source || (a.source === b.source && a.edge < b.edge)));
