/**
 * The spike record, as everything that writes or reads one has it: [slots][words][paths] u32, the n-th spike of a path in
 * slot n, in time order. A spike is its grid step, its place in the step (f32 bits, a fraction of dt) and, where there are
 * several neurons, the neuron: one neuron alone spares that word.
 */
export const recordWords = { oneNeuron: 2, neurons: 3 } as const;

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
export function recordFunctions({ words, name = "record", paths = "run.paths", writes }: RecordShape): string {
  const at = (word: number): string => `${name}[(n * ${words}u + ${word}u) * ${paths} + i]`;
  const neuron = words === recordWords.neurons;
  return /* wgsl */ `
fn ${name}_step(n: u32, i: u32) -> u32 { return ${at(0)}; }
fn ${name}_place(n: u32, i: u32) -> f32 { return bitcast<f32>(${at(1)}); }
fn ${name}_neuron(n: u32, i: u32) -> u32 { return ${neuron ? at(2) : "0u"}; }
${
  writes
    ? /* wgsl */ `
fn ${name}_spike(n: u32, i: u32, step: u32, place: f32, neuron: u32) {
  ${at(0)} = step;
  ${at(1)} = bitcast<u32>(place);
  ${neuron ? `${at(2)} = neuron;` : ""}
}`
    : ""
}`;
}

/** Reads spikes of a record that has come back from the GPU. */
export function recordReader(record: Uint32Array, words: number, paths: number) {
  const places = new Float32Array(record.buffer, record.byteOffset, record.length);
  const at = (n: number, word: number, i: number): number => (n * words + word) * paths + i;
  return {
    step: (n: number, i: number): number => record[at(n, 0, i)]!,
    place: (n: number, i: number): number => places[at(n, 1, i)]!,
    neuron: (n: number, i: number): number => (words === recordWords.neurons ? record[at(n, 2, i)]! : 0),
  };
}
