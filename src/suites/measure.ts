/** Times that are worth comparing: medians over repeats with their spread, each beside a floor timed in turn with it. */

/** Seconds since any fixed moment. */
export type Clock = () => number;

/** Median over the repeats of all rounds, with the least and the largest. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** How often a figure is timed each time that its turn comes. */
export interface Repeats {
  /** At least so many repeats … */
  readonly least: number;
  /** … and until so many seconds have gone by … */
  readonly seconds: number;
  /** … but no more than so many. */
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const m = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[m]! : (sorted[m - 1]! + sorted[m]!) / 2;
  return { median, low: sorted[0]!, high: sorted[sorted.length - 1]! };
}

export async function seconds(clock: Clock, work: () => Promise<unknown>): Promise<number> {
  const began = clock();
  await work();
  return clock() - began;
}

/** Does something and says how many seconds it took. */
export type Timed = () => Promise<number>;

/**
 * Times work and floor in turn, floor, work, floor, …, floor: what slows the machine for a while slows both, and the
 * ratio of work to the mean of the floors before and after it feels little of it.
 * @param warm whether one call of each comes first that does not count.
 * @returns seconds of each repeat, and of its two floors on average.
 */
export async function inTurn(
  clock: Clock,
  repeats: Repeats,
  warm: boolean,
  floor: Timed,
  work: Timed,
): Promise<{ floor: number[]; work: number[] }> {
  if (warm) {
    await floor();
    await work();
  }
  const times = { floor: [] as number[], work: [] as number[] };
  let before = await floor();
  const until = clock() + repeats.seconds;
  while (times.work.length < repeats.least || (times.work.length < repeats.most && clock() < until)) {
    times.work.push(await work());
    const after = await floor();
    times.floor.push((before + after) / 2);
    before = after;
  }
  return times;
}
