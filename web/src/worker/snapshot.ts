/** Pictures of a run: rasters, histograms, and traces of a few paths at the parameters of the moment. */
import type { Engine, NetworkDefinition, SolveOptions, SolvePlan, StateTrace } from "../../../src/index.js";
import type { Trial } from "../../../src/spikes/trials.js";
import { trialsOf } from "../../../src/spikes/trials.js";
import type { Raster, StudioEvent, Trace } from "./protocol.js";

/** Rows of a raster: more cannot be told apart. */
const mostRows = 24;
/** Paths that a histogram is taken over. */
const mostPaths = 256;
const bins = 60;
const tracedPaths = 3;
/** Stretches of a trace of which the extremes are kept: more than a chart has pixels show nothing. */
const stretches = 250;
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

/** A trace with the extremes of each of its curves in each of equal stretches of its points, and its ends. */
export function thinned({ path, times, states, eventRate }: StateTrace): Trace {
  const curves = [...Object.values(states), eventRate];
  const each = Math.ceil(times.length / stretches);
  const kept = new Set([0, times.length - 1]);
  for (let from = 0; from < times.length; from += each) {
    const to = Math.min(times.length, from + each);
    for (const curve of curves) {
      let [low, high] = [from, from];
      for (let n = from + 1; n < to; n++) {
        if (curve[n]! < curve[low]!) low = n;
        if (curve[n]! > curve[high]!) high = n;
      }
      kept.add(low).add(high);
    }
  }
  const at = [...kept].sort((a, b) => a - b);
  const pick = (curve: Float64Array): Float64Array => Float64Array.from(at, (n) => curve[n]!);
  return {
    path,
    times: pick(times),
    states: Object.fromEntries(Object.entries(states).map(([name, curve]) => [name, pick(curve)])),
    eventRate: pick(eventRate),
  };
}

/** States of one neuron along a few paths: over the whole run, or as much of it as does not take too long. */
async function tracesOf(
  engine: Engine,
  definition: NetworkDefinition,
  solve: SolveOptions,
  plan: SolvePlan,
  neuron: number,
): Promise<{ traces: Trace[]; tracedTo: number }> {
  const { neurons } = plan.network;
  const steps = Math.min(plan.steps, Math.max(1, Math.floor(mostTraced / neurons)));
  const tracedTo = steps === plan.steps ? plan.t1 : plan.t0 + steps * plan.dt;
  const most = Math.min(tracedPaths, plan.paths, Math.max(1, Math.floor(mostTraced / (steps * neurons))));
  // Antithetic paths come in pairs.
  const paths = plan.antithetic ? 2 : most;
  const { inputSpikes: given } = definition;
  const early = given && Array.from(given.times).flatMap((t, n) => (t <= tracedTo ? [n] : []));
  const inputSpikes = given &&
    early && {
      times: early.map((n) => given.times[n]!),
      neurons: early.map((n) => given.neurons[n]!),
      weights: early.map((n) => given.weights[n]!),
      ...(given.port === undefined
        ? {}
        : { port: typeof given.port === "string" ? given.port : early.map((n) => given.port![n]!) }),
    };
  const network = engine.network({ ...definition, ...(inputSpikes ? { inputSpikes } : {}) });
  const traces = await network.stateTraces({ ...solve, t1: tracedTo, paths, neurons: [neuron] });
  return { traces: traces.map(thinned), tracedTo };
}

export async function takeSnapshot(
  engine: Engine,
  definition: NetworkDefinition,
  solve: SolveOptions & { paths: number },
  observed: readonly Trial[],
  neuron: number,
  step: number,
): Promise<Extract<StudioEvent, { kind: "snapshot" }>> {
  const network = engine.network(definition);
  // The same noise in every picture: spikes move as parameters do, and do not flicker.
  const options = { ...solve, paths: Math.min(mostPaths, solve.paths) };
  const plan = network.plan(options);
  const spikes = await network.simulate(options);
  const trials = trialsOf(await spikes.read());
  spikes.dispose();
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
    ...(await tracesOf(engine, definition, options, plan, neuron)),
    neuron,
    bytes: engine.gpu?.bytesHeld,
  };
}
