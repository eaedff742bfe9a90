/**
 * The spike record, as everything that writes or reads one has it: [slots][words][paths] u32, the n-th spike of a path in
 * slot n, in time order. A spike is its grid step, its place in the step (f32 bits, a fraction of dt) and, where there are
 * several neurons, the neuron: one neuron alone spares that word.
 *
 * Of cells with several events solvers record all of them, those too that are no spikes: then the word of the neuron holds
 * the number of the event (7 bits from bit 24 on) and whether the path ends there (bit 31) too. Where connections have delays
 * they record arrivals too, as events of the number `arrivalEvent`: in place of the neuron stands that of the delay, and a
 * fourth word has the event whose spike arrives. So are spikes of sources there, as events of the number `sourceEvent`.
 */
export const recordWords = { oneNeuron: 2, neurons: 3, arrivals: 4 } as const;

/** No events of a cell have these numbers. */
export const arrivalEvent = 127;
export const sourceEvent = 126;

export interface RecordShape {
  readonly words: number;
  /** The array, after which the functions are called. */
  readonly name?: string;
  /** WGSL of the number of paths in the record. */
  readonly paths?: string;
  /** Also a function that writes a spike. */
  readonly writes?: boolean;
  /** Whether it is a record of events. */
  readonly events?: boolean;
}

/**
 * `record_step`, `record_place`, `record_neuron` and `record_event` of spike n of path i, and `record_spike` where it is
 * written: its word of the neuron is a `record_word`.
 */
export function recordFunctions({ words, name = "record", paths = "run.paths", writes, events }: RecordShape): string {
  const at = (word: number): string => `${name}[(n * ${words}u + ${word}u) * ${paths} + i]`;
  const neuron = words >= recordWords.neurons;
  return /* wgsl */ `
fn ${name}_step(n: u32, i: u32) -> u32 { return ${at(0)}; }
fn ${name}_place(n: u32, i: u32) -> f32 { return bitcast<f32>(${at(1)}); }
fn ${name}_neuron(n: u32, i: u32) -> u32 { return ${neuron ? at(2) : "0u"}${events ? " & 0xffffffu" : ""}; }
${
  events
    ? /* wgsl */ `
fn ${name}_event(n: u32, i: u32) -> u32 { return (${at(2)} >> 24u) & 0x7fu; }
fn ${name}_ends(n: u32, i: u32) -> bool { return (${at(2)} >> 31u) == 1u; }
fn ${name}_word(neuron: u32, event: u32, ends: bool) -> u32 { return neuron | (event << 24u) | select(0u, 0x80000000u, ends); }`
    : /* wgsl */ `
fn ${name}_event(n: u32, i: u32) -> u32 { return 0u; }
fn ${name}_word(neuron: u32, event: u32, ends: bool) -> u32 { return neuron; }`
}
${
  words === recordWords.arrivals
    ? /* wgsl */ `
const arrival_event = ${arrivalEvent}u;
const source_event = ${sourceEvent}u;
fn ${name}_cause(n: u32, i: u32) -> u32 { return ${at(3)}; }`
    : ""
}
${
  writes && words === recordWords.arrivals
    ? /* wgsl */ `
fn ${name}_arrival(n: u32, i: u32, step: u32, place: f32, delay: u32, cause: u32) {
  ${name}_spike(n, i, step, place, delay | (arrival_event << 24u));
  ${at(3)} = cause;
}`
    : ""
}
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
    neuron: (n: number, i: number): number => (words >= recordWords.neurons ? record[at(n, 2, i)]! : 0),
    /** Of a record of events. */
    event: (n: number, i: number): { neuron: number; event: number } => {
      const word = record[at(n, 2, i)]!;
      return { neuron: word & 0xffffff, event: (word >>> 24) & 0x7f };
    },
  };
}
