/**
 * The spike record, as everything that writes or reads one has it: [slots][words][paths] u32, the n-th spike of a path in
 * slot n, in time order. A spike is its grid step, its place in the step (f32 bits, a fraction of dt) and, where there are
 * several neurons, the neuron: one neuron alone spares that word.
 */
export const recordWords = { oneNeuron: 2, neurons: 3 } as const;

const words = { step: 0, place: 1, neuron: 2 } as const;

export interface RecordShape {
  readonly words: number;
  /** The array, after which the functions are called. */
  readonly name?: string;
  /** WGSL of the number of paths in the record. */
  readonly paths?: string;
  /** Also a function that writes a spike. */
  readonly writes?: boolean;
}

/** `record_step`, `record_place` and `record_neuron` of spike n of path i, and `record_spike` where it is written. */
export function recordFunctions({ words: all, name = "record", paths = "run.paths", writes }: RecordShape): string {
  const at = (word: number): string => `${name}[(n * ${all}u + ${word}u) * ${paths} + i]`;
  const known = all > words.neuron;
  const write = /* wgsl */ `
fn ${name}_spike(n: u32, i: u32, step: u32, place: f32, neuron: u32) {
  ${at(words.step)} = step;
  ${at(words.place)} = bitcast<u32>(place);
${known ? `  ${at(words.neuron)} = neuron;` : ""}
}`;
  return /* wgsl */ `
fn ${name}_step(n: u32, i: u32) -> u32 { return ${at(words.step)}; }
fn ${name}_place(n: u32, i: u32) -> f32 { return bitcast<f32>(${at(words.place)}); }
fn ${name}_neuron(n: u32, i: u32) -> u32 { return ${known ? at(words.neuron) : "0u"}; }
${writes ? write : ""}`;
}

/** Spikes of a record that has come back from the GPU. */
export interface RecordReader {
  step(n: number, i: number): number;
  place(n: number, i: number): number;
  neuron(n: number, i: number): number;
}

export function recordReader(record: Uint32Array, all: number, paths: number): RecordReader {
  const places = new Float32Array(record.buffer, record.byteOffset, record.length);
  const at = (n: number, word: number, i: number): number => (n * all + word) * paths + i;
  return {
    step: (n, i) => record[at(n, words.step, i)]!,
    place: (n, i) => places[at(n, words.place, i)]!,
    neuron: (n, i) => (all > words.neuron ? record[at(n, words.neuron, i)]! : 0),
  };
}
