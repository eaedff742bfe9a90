/** Ticks of a logarithmic axis. */

/** Digits in each decade, from few to many. */
const choices = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]];
const fewest = 3;
const most = 8;

/** At least two ticks from `low` > 0 to `high` > `low`: round numbers in each decade, evenly spaced ones within a part of one. */
export function logTicks(low: number, high: number): number[] {
  for (const digits of choices) {
    const ticks: number[] = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
      for (const d of digits) {
        const tick = Number(`${d}e${e}`);
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    // Over very many decades, every so many of them.
    const every = digits.length === 1 ? Math.ceil(ticks.length / most) : 1;
    if (ticks.length >= fewest) return ticks.filter((_, n) => n % every === 0);
  }
  const width = (high - low) / fewest;
  const decade = 10 ** Math.floor(Math.log10(width));
  const step = decade * [5, 2, 1].find((d) => d * decade <= width)!;
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(Number((n * step).toPrecision(12)));
  return ticks;
}
