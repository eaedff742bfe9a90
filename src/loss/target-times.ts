/** Distance of first spikes from times that they are to have. */
import { checkOptions, counted, fail, finiteNumber, list, type Names, type Numbers } from "../checks.js";
import { type LookedNeurons, type SampleLoss, sampleLossOf } from "./sample-loss.js";

export interface TargetTimesOptions {
  /**
   * Where first spikes are to lie: [labels][neurons][spikes], of the label of each sample; or [neurons][spikes], the same for all
   * samples. For targets of their own give each sample a label of its own.
   */
  readonly times: readonly (readonly Numbers[])[] | readonly Numbers[];
  /** The neurons, in the order of the targets: numbers, or the name of a population; default all. */
  readonly neurons?: LookedNeurons;
}

const names: Names<TargetTimesOptions> = { times: true, neurons: true };

const isNested = (times: TargetTimesOptions["times"]): times is readonly (readonly Numbers[])[] =>
  Array.isArray(times[0]?.[0]) || ArrayBuffer.isView(times[0]?.[0]);

/**
 * Mean over paths, neurons and spikes of (τ − target)², an absent spike counted at t1.
 * @throws SaltationError `invalid-input` where targets are not as many of each neuron, or not finite.
 */
export function targetTimes(options: TargetTimesOptions): SampleLoss {
  checkOptions("loss", options, names);
  const given = list("loss.times", options.times, "times");
  const labelled = isNested(given);
  const rows = labelled ? given : [given];
  const neurons = rows[0]?.length ?? 0;
  const spikes = (rows[0]?.[0] as Numbers | undefined)?.length ?? 0;
  if (!(neurons * spikes > 0)) fail("loss.times", "has no times; give [neurons][spikes], or [labels][neurons][spikes]");
  const all = rows.flatMap((row, label) => {
    const field = labelled ? `loss.times[${label}]` : "loss.times";
    if (row.length !== neurons) fail(field, `has ${counted(row.length, "neuron")}; the first label has ${neurons}`);
    return row.flatMap((times, k) => {
      const own = list(`${field}[${k}]`, times, "times");
      if (own.length !== spikes)
        fail(`${field}[${k}]`, `has ${counted(own.length, "time")}; the first neuron has ${spikes}`);
      return Array.from(own, (t, n) => finiteNumber(`${field}[${k}][${n}]`, t));
    });
  });
  const size = neurons * spikes;
  return sampleLossOf({
    kind: "target-times",
    neurons: options.neurons,
    spikes,
    wantsAll: true,
    counts: false,
    labelled,
    absolute: true,
    check(found) {
      if (found !== neurons) fail("loss.times", `has ${counted(neurons, "neuron")}; the loss looks at ${found}`);
    },
    labels: () => rows.length,
    value({ times, label }, slopes) {
      let sum = 0;
      for (let f = 0; f < size; f++) {
        const by = times[f]! - all[label * size + f]!;
        sum += by * by;
        if (slopes) slopes.times[f]! += (2 * by) / size;
      }
      return sum / size;
    },
    data: () => all,
    code: () => /* wgsl */ `
fn sample_loss(label: u32) -> f32 {
  var sum = 0.0f;
  for (var f = 0u; f < ${size}u; f += 1u) {
    let by = time_of(f) - (data[label * ${size}u + f] - run.t0);
    sum += by * by;
    add_slope(f, ${Math.fround(2 / size)}f * by);
  }
  return sum / ${size}.0f;
}`,
  });
}
