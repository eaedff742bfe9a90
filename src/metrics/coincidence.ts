/**
 * Md*, how well generated spike trains stand for recorded ones: Naud, Gerhard, Mensi & Gerstner, Improved similarity
 * measures for small sets of spike trains (Neural Computation, 2011). It is 1 where recorded and generated trains are as
 * alike as the recorded are among themselves and the generated among themselves, 0 where they have no spike in common.
 */
import { fail, show } from "../checks.js";
import { checkTrain, checkTrains, cutTrains, rounding, type SpikeTimes, type Stretch } from "./spike-times.js";

/**
 * The largest number of pairs of spikes, one of each train and each spike in at most one pair, that lie at most `window`
 * apart, the window's end included, to rounding: 0.104 and 0.1 are 0.004 apart. On sorted trains the earliest pair that can be made is always among the best, so one pass finds it.
 * @throws SaltationError `invalid-input` for times that are not finite or not in ascending order, or a window below 0.
 */
export function coincidences(a: SpikeTimes, b: SpikeTimes, window: number): number {
  checkWindow(window);
  checkTrain("a", a);
  checkTrain("b", b);
  return pairs(a, b, window);
}

function checkWindow(window: number): void {
  if (!(window >= 0)) fail("window", `expected a time of at least 0, got ${show(window)}`);
}

function pairs(a: SpikeTimes, b: SpikeTimes, window: number): number {
  let [i, j, count] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const lag = b[j]! - a[i]!;
    if (Math.abs(lag) - window <= rounding(a[i]!, b[j]!)) {
      count++;
      i++;
      j++;
    } else if (lag > 0) i++;
    else j++;
  }
  return count;
}

/** Mean coincidences over all pairs of different trains of one set. */
function withinSet(trains: readonly SpikeTimes[], window: number): number {
  let sum = 0;
  for (let i = 0; i < trains.length; i++) for (let j = 0; j < i; j++) sum += pairs(trains[i]!, trains[j]!, window);
  return sum / ((trains.length * (trains.length - 1)) / 2);
}

export interface SpikeTrainMatch {
  /** 2 n_dm / (n_dd + n_mm); NaN where neither set has a coincidence within itself. */
  readonly md: number;
  /** Mean coincidences between a recorded and a generated train; between two recorded ones; between two generated ones. */
  readonly between: number;
  readonly recorded: number;
  readonly generated: number;
}

/**
 * Md* of generated against recorded trains of one neuron.
 * @param window largest distance of a coincidence, in the unit of the spike times (4 ms in the source); it is included, to rounding.
 * @param stretch where given, spikes outside it do not count.
 * @throws SaltationError `invalid-input` for fewer than two trains in a set, as pairs of different ones are needed; for
 *   times that are not finite or not in ascending order; for a window below 0.
 */
export function spikeTrainMatch(
  recorded: readonly SpikeTimes[],
  generated: readonly SpikeTimes[],
  window: number,
  stretch?: Stretch,
): SpikeTrainMatch {
  checkWindow(window);
  for (const [name, set] of [
    ["recorded", recorded],
    ["generated", generated],
  ] as const) {
    if (set.length < 2) fail(name, `Md* compares pairs of different trains; got ${set.length} train(s)`);
    checkTrains(name, set);
  }
  const [d, m] = stretch ? [cutTrains(recorded, stretch), cutTrains(generated, stretch)] : [recorded, generated];
  let between = 0;
  for (const a of d) for (const b of m) between += pairs(a, b, window);
  between /= d.length * m.length;
  const [within, among] = [withinSet(d, window), withinSet(m, window)];
  return { md: (2 * between) / (within + among), between, recorded: within, generated: among };
}
