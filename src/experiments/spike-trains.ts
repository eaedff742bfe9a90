/** How well the spike trains that a network generates stand for observed ones, over a stretch of time. */
import { fail, finiteNumber, positiveNumber, wholeNumber } from "../checks.js";
import type { EngineNetwork } from "../engine.js";
import {
  cutTrains,
  neuronTrains,
  type Psth,
  psth,
  psthCorrelation,
  type SpikeTrainMatch,
  type Stretch,
  spikeTrainMatch,
  type TrainStatistics,
  trainStatistics,
} from "../metrics/index.js";
import { checkBins } from "../metrics/psth.js";
import { checkTrains } from "../metrics/spike-times.js";
import type { Network } from "../network/network.js";
import { planSolve, type SolveOptions } from "../plan/plan.js";
import type { ObservedSpikes } from "../spikes/spikes.js";

export interface ComparisonOptions extends Stretch {
  /** Largest distance of a coincidence. */
  readonly window: number;
  /** Bin of the PSTH (default: the window), and standard deviation of a Gaussian that smooths it (default: none). */
  readonly bin?: number;
  readonly smooth?: number;
  readonly neuron?: number;
}

export interface SpikeTrainComparison {
  readonly stretch: Stretch;
  readonly match: SpikeTrainMatch;
  readonly statistics: { readonly observed: TrainStatistics; readonly generated: TrainStatistics };
  readonly psth: { readonly observed: Psth; readonly generated: Psth; readonly correlation: number };
  readonly trains: { readonly observed: readonly Float64Array[]; readonly generated: readonly Float64Array[] };
}

/** @throws SaltationError `invalid-input` where a comparison could not be made: before a long training, not after it. */
export function checkComparison(network: Network, solve: SolveOptions, options: ComparisonOptions): void {
  const { t0, t1, window, bin = window, smooth, neuron = 0 } = options;
  const field = "metrics";
  if (finiteNumber(`${field}.t1`, t1) <= finiteNumber(`${field}.t0`, t0)) {
    fail(`${field}.t1`, `expected a time after t0 = ${t0}, got ${t1}`);
  }
  positiveNumber(`${field}.window`, window);
  positiveNumber(`${field}.bin`, bin);
  if (smooth !== undefined) positiveNumber(`${field}.smooth`, smooth);
  checkBins({ t0, t1, bin }, `${field}.bin`);
  wholeNumber(`${field}.neuron`, neuron, 0, network.neurons - 1);
  const { paths } = planSolve(network, { ...solve, t1 });
  if (paths < 2) fail("paths", `is ${paths}; "metrics" compare pairs of generated trains, so give at least 2`);
}

/**
 * Simulates from the start of `solve` to the end of the stretch and compares one neuron's trains in it.
 * @throws SaltationError `invalid-input`, for observed times that are not finite or not in ascending order too.
 */
export async function compareSpikeTrains(
  network: EngineNetwork,
  observed: readonly ObservedSpikes[],
  solve: SolveOptions,
  options: ComparisonOptions,
): Promise<SpikeTrainComparison> {
  const { t0, t1, window, bin = window, smooth, neuron = 0 } = options;
  const stretch = { t0, t1 };
  observed.forEach(({ neurons = [] }, i) => {
    Array.from(neurons, (k, n) => wholeNumber(`observed.neurons[${i}][${n}]`, k, 0, network.network.neurons - 1));
  });
  const own = observed.map(({ times, neurons }) =>
    Float64Array.from(Array.from(times).filter((_, n) => (neurons ? neurons[n]! : 0) === neuron)),
  );
  checkTrains("observed", own);
  const simulated = await network.simulate({ ...solve, t1 });
  try {
    const trains = {
      observed: cutTrains(own, stretch),
      generated: cutTrains(neuronTrains(await simulated.read(), neuron), stretch),
    };
    const histogram = (set: readonly Float64Array[]): Psth =>
      psth(set, { ...stretch, bin, ...(smooth === undefined ? {} : { smooth }) });
    const psths = { observed: histogram(trains.observed), generated: histogram(trains.generated) };
    return {
      stretch,
      match: spikeTrainMatch(trains.observed, trains.generated, window),
      statistics: {
        observed: trainStatistics(trains.observed, stretch),
        generated: trainStatistics(trains.generated, stretch),
      },
      psth: { ...psths, correlation: psthCorrelation(psths.observed, psths.generated) },
      trains,
    };
  } finally {
    simulated.dispose();
  }
}
