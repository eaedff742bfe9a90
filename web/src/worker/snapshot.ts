/** Pictures of a run: rasters, histograms, and traces of a few paths at the parameters of the moment. */
import type { Engine, NetworkDefinition, SolveOptions } from "../../../src/index.js";
import type { Trial } from "../../../src/io/recording.js";
import { trialsOf } from "./problem.js";
import type { Raster, StudioEvent } from "./protocol.js";

/** Rows of a raster: more cannot be told apart. */
const mostRows = 24;
/** Paths that a histogram is taken over. */
const mostPaths = 256;
const bins = 60;
const tracedPaths = 3;
/** Grid steps that are followed: more points than a chart has pixels show nothing. */
const mostSteps = 1000;
/** Grid steps times neurons of the traced paths, at most: the twin takes about a microsecond for one. */
const mostTraced = 200_000;

export function rasterOf(trials: readonly Trial[]): Raster {
  const rows = Math.min(mostRows, trials.length);
  const kept = trials.slice(0, rows);
  return {
    rows,
    trials: trials.length,
    times: Float64Array.from(kept.flatMap((t) => [...t.times])),
    row: Uint32Array.from(kept.flatMap((t, r) => t.times.map(() => r))),
    neuron: Int32Array.from(kept.flatMap((t) => [...t.neurons])),
  };
}

/** Spikes of one neuron per trial and unit of time. */
export function histogramOf(trials: readonly Trial[], neuron: number, t0: number, t1: number): Float64Array {
  const counts = new Float64Array(bins);
  const width = (t1 - t0) / bins;
  for (const { times, neurons } of trials) {
    times.forEach((t, n) => {
      if (neurons[n] === neuron && t >= t0 && t < t1) counts[Math.min(bins - 1, Math.floor((t - t0) / width))]!++;
    });
  }
  return counts.map((c) => c / (trials.length * width));
}

export async function takeSnapshot(
  engine: Engine,
  definition: NetworkDefinition,
  solve: SolveOptions,
  observed: readonly Trial[],
  neuron: number,
  step: number,
): Promise<Extract<StudioEvent, { kind: "snapshot" }>> {
  const network = engine.network(definition);
  // The same noise in every picture: spikes move as parameters do, and do not flicker.
  const options = { ...solve, paths: Math.min(mostPaths, solve.paths) };
  const plan = network.plan(options);
  const trains = await network.simulate(options);
  const trials = trialsOf(await trains.read());
  trains.dispose();
  const followed = Math.min(mostSteps, plan.steps);
  const tracedTo = plan.t0 + followed * plan.dt;
  const work = followed * plan.network.neurons;
  const paths = Math.min(tracedPaths, options.paths, Math.max(1, Math.floor(mostTraced / work)));
  const traces = work > mostTraced ? [] : network.stateTraces({ ...options, t1: tracedTo, paths, neurons: [neuron] });
  return {
    kind: "snapshot",
    step,
    t0: plan.t0,
    t1: plan.t1,
    observed: rasterOf(observed),
    generated: rasterOf(trials),
    histogram: {
      observed: histogramOf(observed, neuron, plan.t0, plan.t1),
      generated: histogramOf(trials, neuron, plan.t0, plan.t1),
    },
    traces: traces.map(({ path, times, states, eventRate }) => ({ path, times, states, eventRate })),
    tracedTo,
    neuron,
    bytes: engine.gpu?.bytesHeld,
  };
}
