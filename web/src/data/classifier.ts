/** A trained classifier at work: what it makes of samples, by their spikes. */
import { latency } from "../../../src/data/latency.js";
import type { SpikeData } from "../../../src/data/spike-data.js";
import { sampleSpikes } from "../../../src/data/spike-data.js";
import { yinYangSpikes } from "../../../src/data/yin-yang.js";
import type { EngineNetwork } from "../../../src/engine.js";
import type { DataTrainPlan } from "../../../src/job/data-job.js";
import { predictedClasses } from "../../../src/loss/classification.js";
import type { SampleLoss } from "../../../src/loss/sample-loss.js";
import { parameterLayout, replaceParameters } from "../../../src/plan/layout.js";
import { pathsOf } from "../../../src/spikes/table.js";
import { mapCells, mapPoints } from "./map.js";
import type { Seen, Shown } from "./protocol.js";
import { pixelThreshold, times } from "./settings.js";

/** A sample as input spikes, by the encoder of its data set. */
export const spikesOfShown = (shown: Shown): SpikeData =>
  "pixels" in shown
    ? latency([shown.pixels], { from: times.from, to: times.to, threshold: pixelThreshold })
    : yinYangSpikes([[shown.x, shown.y]], times);

/** Spikes of the network by path, and how probable it finds each class. */
async function answersTo(network: EngineNetwork, { options }: DataTrainPlan, vector: Float64Array, spikes: SpikeData) {
  const loss = options.loss as SampleLoss;
  // What is asked has no label; the loss wants one, and the classes do not depend on it.
  const labels = new Int32Array(spikes.count);
  const plan = network.gradientPlan({ ...options, seed: 0, samples: { spikes, labels } }, loss);
  const filled = replaceParameters(plan, parameterLayout(plan), vector);
  const simulated = await network.place((backend) => backend.simulate(filled));
  const table = await simulated.read().finally(() => simulated.dispose());
  const paths = pathsOf(table);
  return { paths, probabilities: loss.classes!(paths, filled) };
}

/** @param vector values of all parameters. */
export async function look(
  network: EngineNetwork,
  planned: DataTrainPlan,
  vector: Float64Array,
  shown: Shown,
): Promise<Seen> {
  const spikes = spikesOfShown(shown);
  const { paths, probabilities } = await answersTo(network, planned, vector, spikes);
  const { times: at, sources } = sampleSpikes(spikes, 0);
  const [path] = paths as [(typeof paths)[number]];
  return {
    shown,
    t1: planned.options.t1,
    inputs: { times: at, sources },
    spikes: { times: Float64Array.from(path.times), neurons: Int32Array.from(path.neurons) },
    probabilities: probabilities[0]!,
    found: predictedClasses(probabilities)[0]!,
  };
}

/** How probable each class is over the disc: [cells][3]. */
export async function mapOf(
  network: EngineNetwork,
  planned: DataTrainPlan,
  vector: Float64Array,
): Promise<Float32Array> {
  const spikes = yinYangSpikes({ values: mapPoints(), scale: 1, size: 2, shape: [2], count: mapCells.length }, times);
  const { probabilities } = await answersTo(network, planned, vector, spikes);
  const classes = probabilities[0]!.length;
  const map = new Float32Array(probabilities.length * classes);
  for (const [s, row] of probabilities.entries()) map.set(row, s * classes);
  return map;
}
