import { declareKernel, read, readWrite } from "../shared/declare.js";
import { recordFunctions } from "../shared/record.wgsl.js";

export interface PathLossShape {
  label: string;
  /** Words of a spike in the record. */
  words: number;
  code: string;
  /** Of which a spike at the end is added in turn; 0: of none. */
  neurons: number;
  /**
   * Of a loss that looks at states: where in `data`, as f32, it is said which entry of what is kept each of its own is; -1
   * where they are the same.
   */
  states?: { entriesFrom: number } | undefined;
}

const stateFunctions = ({ entriesFrom }: { entriesFrom: number }): string => /* wgsl */ `
fn state_at(n: u32) -> u32 {
  return ${entriesFrom < 0 ? "n" : `u32(data[${entriesFrom}u + n])`} * run.paths + own_path;
}

// The n-th of the states that the loss looks at: [times][neurons][states].
fn state(n: u32) -> f32 { return states[state_at(n)]; }
fn add_state_cotangent(n: u32, by: f32) {
  if (added == 0xffffffffu) { state_cotangents[state_at(n)] += by; }
}
`;

/**
 * A caller's loss of one path. A thread takes one path, calls the caller's `path_loss`, writes what it returns to
 * `values` [paths], and the cotangents that it adds to `cotangents` [slots][paths], those of states to `stateCotangents` [entries][paths]; then, with `neurons` above 0, what one
 * more spike of each neuron at the end adds to it to `horizon` [neurons][paths].
 */
export const pathLoss = ({ label, words, code, neurons, states }: PathLossShape) =>
  declareKernel({
    label,
    workgroupSize: 64,
    uniform: {
      paths: "u32",
      firstPath: "u32",
      slots: "u32",
      /** Where the chunk's counts begin, in words. */
      countsAt: "u32",
      dt: "f32",
      duration: "f32",
    },
    bindings: {
      record: read("array<u32>"),
      counts: read("array<u32>"),
      data: read("array<f32>"),
      cotangents: readWrite("array<f32>"),
      pathValues: readWrite("array<f32>"),
      horizon: neurons > 0 ? readWrite("array<f32>") : undefined,
      states: states && read("array<f32>"),
      stateCotangents: states && readWrite("array<f32>"),
    },
    body: /* wgsl */ `
var<private> own_path: u32;

${recordFunctions({ words })}

// A spike at the end that the record does not have: its number and neuron.
var<private> added: u32 = 0xffffffffu;
var<private> added_neuron: u32;

// Time of the path's n-th spike since the start of the solution.
fn spike_time(n: u32) -> f32 {
  if (n == added) { return run.duration; }
  return (f32(record_step(n, own_path)) + record_place(n, own_path)) * run.dt;
}
fn spike_neuron(n: u32) -> u32 {
  if (n == added) { return added_neuron; }
  return record_neuron(n, own_path);
}

// From the start of the solution to its end.
fn duration() -> f32 { return run.duration; }

fn add_cotangent(n: u32, by: f32) {
  if (added == 0xffffffffu) { cotangents[n * run.paths + own_path] += by; }
}
${states ? stateFunctions(states) : ""}
${code}

fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= run.paths) { return; }
  own_path = id.x;
  let path = run.first_path + id.x;
  let count = min(counts[run.counts_at + id.x], run.slots);
  let value = path_loss(path, count);
  path_values[id.x] = value;
${
  neurons > 0
    ? `  added = count;
  for (var k = 0u; k < ${neurons}u; k += 1u) {
    added_neuron = k;
    horizon[k * run.paths + id.x] = path_loss(path, count + 1u) - value;
  }`
    : ""
}
}
`,
  });
