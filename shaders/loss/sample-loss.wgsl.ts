/**
 * Losses of one path's first spikes and counts, of states of its neurons at given times, and of its sample's label.
 *
 * `sampleLoss`: a thread takes one path. It looks once through its record and writes to `work` [rows][paths] (`sampleRows`) the
 * times since t0 of the first spikes of each neuron that is looked at (of absent ones the whole duration), their slots, and how
 * many there are; calls the loss's own `sample_loss`; and writes the loss and its slopes. Where the loss counts spikes, it
 * is called once more for each neuron with a spike at the end, for what that would add.
 *
 * `spreadSlopes`: a thread takes one path, and adds its slopes to the cotangents [slots][paths] of the spikes found and to those of
 * states [entries][paths], writes the loss to row 0 of `rows`, and what a spike at the end would add to `horizon` [neurons][paths].
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { recordFunctions } from "../shared/record.wgsl.js";
import { specialFunctions } from "../shared/special.wgsl.js";

/** What a loss looks at: so many neurons, of each so many first spikes, whether their numbers, and so many states in all. */
export interface Looked {
  readonly neurons: number;
  readonly spikes: number;
  readonly counts: boolean;
  readonly states: number;
}

/** Rows of `work`, each one number a path. */
export function sampleRows({ neurons, spikes, states }: Looked) {
  const times = 1;
  const slots = times + neurons * spikes;
  const slopes = slots + neurons * spikes;
  const counts = slopes + neurons * spikes;
  const added = counts + neurons;
  const stateSlopes = added + neurons;
  return { value: 0, times, slots, slopes, counts, added, stateSlopes, all: stateSlopes + states };
}

const none = "0xffffffffu";

/** @param code WGSL of `fn sample_loss(label: u32) -> f32`, see src/loss/sample-loss.ts. */
export function sampleLoss(label: string, words: number, looked: Looked, code: string) {
  const { neurons, spikes, counts, states } = looked;
  const rows = sampleRows(looked);
  const row = (first: number, n: string): string => `work[(${first}u + ${n}) * run.paths + own_path]`;
  const ofStates = /* wgsl */ `
// The n-th of the states that are looked at, [times][neurons]; after the neurons it is said which entry of what is kept each is.
fn state_of(n: u32) -> f32 { return states[neurons[${neurons}u + n] * run.paths + own_path]; }
fn add_state_slope(n: u32, by: f32) { ${row(rows.stateSlopes, "n")} += by; }
`;
  return declareKernel({
    label,
    workgroupSize: 64,
    uniform: {
      paths: "u32",
      firstPath: "u32",
      /** Paths of a sample. */
      trials: "u32",
      /** Where the chunk's counts begin, in words. */
      countsAt: "u32",
      slots: "u32",
      dt: "f32",
      t0: "f32",
      duration: "f32",
    },
    bindings: {
      record: read("array<u32>"),
      counts: read("array<u32>"),
      /** The neurons that are looked at, and then the entries of states. */
      neurons: read("array<u32>"),
      /** One of each sample. */
      labels: read("array<u32>"),
      /** The loss's own numbers. */
      data: read("array<f32>"),
      /** [entries][paths] of what is kept. */
      states: states > 0 ? read("array<f32>") : undefined,
      work: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
var<private> own_path: u32;
// The neuron with one spike more, at the end.
var<private> added: u32 = ${none};

${elementary}
${specialFunctions(code)}
${recordFunctions({ words })}

// Time since t0 of spike f, the n-th of the k-th neuron being k * ${spikes} + n; from the start to the end where it is absent.
fn time_of(f: u32) -> f32 { return ${row(rows.times, "f")}; }
fn count_of(k: u32) -> f32 { return ${row(rows.counts, "k")} + select(0.0f, 1.0f, k == added); }
fn add_slope(f: u32, by: f32) {
  if (added == ${none}) { ${row(rows.slopes, "f")} += by; }
}
${states > 0 ? ofStates : ""}
${code}

fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= run.paths) { return; }
  own_path = id.x;
${states > 0 ? `  for (var n = 0u; n < ${states}u; n += 1u) { ${row(rows.stateSlopes, "n")} = 0.0f; }\n` : ""}  for (var f = 0u; f < ${neurons * spikes}u; f += 1u) {
    ${row(rows.times, "f")} = run.duration;
    ${row(rows.slots, "f")} = 0.0f;
    ${row(rows.slopes, "f")} = 0.0f;
  }
  for (var k = 0u; k < ${neurons}u; k += 1u) { ${row(rows.counts, "k")} = 0.0f; }
  let all = ${counts || spikes > 0 ? "min(counts[run.counts_at + own_path], run.slots)" : "0u"};
  for (var n = 0u; n < all; n += 1u) {
    let neuron = record_neuron(n, own_path);
    for (var k = 0u; k < ${neurons}u; k += 1u) {
      if (neurons[k] != neuron) { continue; }
      let count = u32(${row(rows.counts, "k")});
      ${row(rows.counts, "k")} = f32(count + 1u);
      if (count < ${spikes}u) {
        let f = k * ${spikes}u + count;
        ${row(rows.times, "f")} = (f32(record_step(n, own_path)) + record_place(n, own_path)) * run.dt;
        // 0 is none.
        ${row(rows.slots, "f")} = f32(n + 1u);
      }
    }
  }
  let label = labels[(run.first_path + own_path) / run.trials];
  let value = sample_loss(label);
  work[own_path] = value;
${
  counts
    ? `  for (var k = 0u; k < ${neurons}u; k += 1u) {
    added = k;
    ${row(rows.added, "k")} = sample_loss(label) - value;
  }`
    : ""
}
}
`,
  });
}

export function spreadSlopes(looked: Looked) {
  const { neurons, spikes, counts, states } = looked;
  const rows = sampleRows(looked);
  const row = (first: number, n: string): string => `work[(${first}u + ${n}) * run.paths + i]`;
  return declareKernel({
    label: "spread slopes",
    workgroupSize: 64,
    uniform: { paths: "u32" },
    bindings: {
      neurons: read("array<u32>"),
      work: read("array<f32>"),
      cotangents: readWrite("array<f32>"),
      rows: readWrite("array<f32>"),
      horizon: counts ? readWrite("array<f32>") : undefined,
      stateCotangents: states > 0 ? readWrite("array<f32>") : undefined,
    },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  for (var f = 0u; f < ${neurons * spikes}u; f += 1u) {
    let slot = u32(${row(rows.slots, "f")});
    if (slot > 0u) { cotangents[(slot - 1u) * run.paths + i] += ${row(rows.slopes, "f")}; }
  }
  rows[i] = work[i];
${
  states > 0
    ? `  for (var n = 0u; n < ${states}u; n += 1u) {
    state_cotangents[neurons[${neurons}u + n] * run.paths + i] += ${row(rows.stateSlopes, "n")};
  }`
    : ""
}
${
  counts
    ? `  for (var k = 0u; k < ${neurons}u; k += 1u) { horizon[neurons[k] * run.paths + i] += ${row(rows.added, "k")}; }`
    : ""
}
}
`,
  });
}
