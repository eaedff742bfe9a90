import { declareKernel, read, readWrite } from "../shared/declare.js";
import { recordFunctions, recordWords } from "../shared/record.wgsl.js";

/**
 * Van Rossum products of each spike with all spikes of the same neuron, in generated and in observed trains.
 *
 * With s the time constant and T the end, two spikes at a and b have the product
 * k(a, b) = (e^(-|a - b|/s) - e^(-(2 T - a - b)/s)) / 2. A thread takes one slot of one path and writes to `table`
 * [3][slots][paths]: the sum of k over the spikes of the other paths (of all paths where biased), the sum over the
 * observed trains, and the derivative by its own time of weight_x · first + weight_y · second.
 */
export const vanRossumProducts = (words: number) =>
  declareKernel({
    label: "van Rossum products",
    workgroupSize: 64,
    uniform: {
      paths: "u32",
      slots: "u32",
      /** Where the counts of the paths begin, in words. */
      countsAt: "u32",
      unbiased: "u32",
      observed: "u32",
      steps: "u32",
      dt: "f32",
      /** 1/s. */
      rate: "f32",
      weightX: "f32",
      weightY: "f32",
    },
    bindings: {
      record: read("array<u32>"),
      counts: read("array<u32>"),
      observedRecord: read("array<u32>"),
      observedCounts: read("array<u32>"),
      table: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
${recordFunctions({ words })}
${recordFunctions({ words: recordWords.neurons, name: "observed_record", paths: "run.observed" })}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let n = id.y + id.z * 65535u;
  if (i >= run.paths || n >= run.slots) { return; }
  let at = n * run.paths + i;
  var xx = 0.0f;
  var xy = 0.0f;
  var xx_bar = 0.0f;
  var xy_bar = 0.0f;
  if (n < min(counts[run.counts_at + i], run.slots)) {
    let step = record_step(n, i);
    let fraction = record_place(n, i);
    let neuron = record_neuron(n, i);
    let left = (f32(run.steps - step) - fraction) * run.dt; // until the end
    for (var j = 0u; j < run.paths; j += 1u) {
      let count = select(min(counts[run.counts_at + j], run.slots), 0u, run.unbiased == 1u && j == i);
      for (var m = 0u; m < count; m += 1u) {
        let apart = (f32(i32(step) - i32(record_step(m, j))) + (fraction - record_place(m, j))) * run.dt;
        let same = record_neuron(m, j) == neuron;
        let near = select(0.0f, exp(-abs(apart) * run.rate), same);
        let end = select(0.0f, exp(-(2.0f * left + apart) * run.rate), same);
        xx += near - end;
        xx_bar -= sign(apart) * near + end;
      }
    }
    for (var j = 0u; j < run.observed; j += 1u) {
      for (var m = 0u; m < observed_counts[j]; m += 1u) {
        let apart =
          (f32(i32(step) - i32(observed_record_step(m, j))) + (fraction - observed_record_place(m, j))) * run.dt;
        let same = observed_record_neuron(m, j) == neuron;
        let near = select(0.0f, exp(-abs(apart) * run.rate), same);
        let end = select(0.0f, exp(-(2.0f * left + apart) * run.rate), same);
        xy += near - end;
        xy_bar -= sign(apart) * near + end;
      }
    }
  }
  let row = run.slots * run.paths;
  table[at] = 0.5f * xx;
  table[row + at] = 0.5f * xy;
  table[2u * row + at] = 0.5f * run.rate * (run.weight_x * xx_bar + run.weight_y * xy_bar);
}
`,
  });

/**
 * What each path adds to the distance: a thread takes one path, sums its slots in `table`, and writes to `parts`
 * [2][paths] its part of the value and its first-order part.
 */
export const vanRossumParts = declareKernel({
  label: "van Rossum parts",
  workgroupSize: 64,
  uniform: { paths: "u32", slots: "u32", weightX: "f32", weightY: "f32" },
  bindings: { table: read("array<f32>"), parts: readWrite("array<f32>") },
  body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  var xx = 0.0f;
  var xy = 0.0f;
  for (var n = 0u; n < run.slots; n += 1u) {
    xx += table[n * run.paths + i];
    xy += table[(run.slots + n) * run.paths + i];
  }
  parts[i] = run.weight_x * xx + run.weight_y * xy;
  parts[run.paths + i] = 2.0f * run.weight_x * xx + run.weight_y * xy;
}
`,
});
