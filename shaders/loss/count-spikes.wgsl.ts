/**
 * Counts the spikes that a loss looks at, and spreads what a count more would make.
 *
 * `countSpikes`: a thread takes one path, and for each feature counts the spikes of its neurons within the window. It writes
 * the feature, the count or whether it reaches `least`, and what one more spike would add to that, to rows of `values` and
 * `more` [features][paths].
 *
 * `spreadCounts`: a thread takes one path, and with the derivative of the loss by each mean writes its part of the value to row
 * 0 of `rows`, and what one more spike of each neuron would add to `horizon` [neurons][paths].
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { recordFunctions } from "../shared/record.wgsl.js";

/** Words of a feature before those that say of each neuron whether it counts: `least` (0: the count itself), and the scale. */
export const featureWords = 2;

/** @param words of a spike in the record. */
export const countSpikes = (words: number, neurons: number) =>
  declareKernel({
    label: "count spikes",
    workgroupSize: 64,
    uniform: {
      paths: "u32",
      /** Where the chunk's counts begin, in words. */
      countsAt: "u32",
      features: "u32",
      /** The window: steps, and places in them. */
      fromStep: "u32",
      fromPlace: "f32",
      toStep: "u32",
      toPlace: "f32",
    },
    bindings: {
      record: read("array<u32>"),
      counts: read("array<u32>"),
      features: read("array<u32>"),
      values: readWrite("array<f32>"),
      more: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
${recordFunctions({ words })}
// Whether a spike comes before a place in a step.
fn before(step: u32, place: f32, to_step: u32, to_place: f32) -> bool {
  return (step < to_step) | ((step == to_step) & (place < to_place));
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let spikes = counts[run.counts_at + i];
  for (var s = 0u; s < run.features; s += 1u) {
    let at = s * ${featureWords + neurons}u;
    var count = 0u;
    for (var n = 0u; n < spikes; n += 1u) {
      // The end of a step, place 1, is where the next one begins.
      let whole = floor(record_place(n, i));
      let step = record_step(n, i) + u32(whole);
      let place = record_place(n, i) - whole;
      let late = !before(step, place, run.from_step, run.from_place);
      let counts_here = features[at + ${featureWords}u + record_neuron(n, i)] == 1u;
      count += select(0u, 1u, counts_here & late & before(step, place, run.to_step, run.to_place));
    }
    let least = features[at];
    let scale = bitcast<f32>(features[at + 1u]);
    let reached = select(0.0f, 1.0f, count >= least);
    values[s * run.paths + i] = scale * select(reached, f32(count), least == 0u);
    more[s * run.paths + i] = scale * select(0.0f, 1.0f, (least == 0u) | (count + 1u == least));
  }
}
`,
  });

export const spreadCounts = (neurons: number) =>
  declareKernel({
    label: "spread counts",
    workgroupSize: 64,
    uniform: { paths: "u32", features: "u32" },
    bindings: {
      features: read("array<u32>"),
      coefficient: read("array<f32>"),
      values: read("array<f32>"),
      more: read("array<f32>"),
      rows: readWrite("array<f32>"),
      horizon: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  var sum = 0.0f;
  for (var s = 0u; s < run.features; s += 1u) { sum += coefficient[s] * values[s * run.paths + i]; }
  rows[i] = sum;
  for (var k = 0u; k < ${neurons}u; k += 1u) {
    var adds = 0.0f;
    for (var s = 0u; s < run.features; s += 1u) {
      let own = features[s * ${featureWords + neurons}u + ${featureWords}u + k] == 1u;
      adds += select(0.0f, coefficient[s] * more[s * run.paths + i], own);
    }
    horizon[k * run.paths + i] = adds;
  }
}
`,
  });
