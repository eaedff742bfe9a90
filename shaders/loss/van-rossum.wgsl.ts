import { recordFunctions, recordWords } from "../shared/record.wgsl.js";

/**
 * Van Rossum products of each spike with all spikes of the same neuron, in generated and in observed trains.
 *
 * With s the time constant and T the end, two spikes at a and b have the product
 * k(a, b) = (e^(-|a - b|/s) - e^(-(2 T - a - b)/s)) / 2. A thread takes one slot of one path and writes to `table`
 * [3][slots][paths]: the sum of k over the spikes of the other paths (of all paths where biased), the sum over the
 * observed trains, and the derivative by its own time of weight_x · first + weight_y · second.
 */
export const vanRossumProducts = (words: number, workgroupSize: number): string => /* wgsl */ `
struct Products {
  paths: u32, slots: u32, counts_at: u32, unbiased: u32,
  observed: u32, observed_slots: u32, steps: u32, pad: u32,
  dt: f32, rate: f32, weight_x: f32, weight_y: f32, // rate: 1/s
}
@group(0) @binding(0) var<uniform> run: Products;
@group(0) @binding(1) var<storage, read> record: array<u32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> observed_record: array<u32>;
@group(0) @binding(4) var<storage, read> observed_counts: array<u32>;
@group(0) @binding(5) var<storage, read_write> table: array<f32>;
${recordFunctions({ words })}
${recordFunctions({ words: recordWords.neurons, name: "observed_record", paths: "run.observed" })}

@compute @workgroup_size(${workgroupSize})
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
`;

/**
 * What each path adds to the distance: a thread takes one path, sums its slots in `table`, and writes to `parts`
 * [2][paths] its part of the value and its first-order part.
 */
export const vanRossumParts = (workgroupSize: number): string => /* wgsl */ `
struct Parts { paths: u32, slots: u32, weight_x: f32, weight_y: f32 }
@group(0) @binding(0) var<uniform> run: Parts;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(${workgroupSize})
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
`;
