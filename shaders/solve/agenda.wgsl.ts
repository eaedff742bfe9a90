/**
 * An agenda: what happens to neurons at given times, in the order in which it happens. It serves input spikes, spikes of
 * sources, where each sample has an agenda of its own, and the forced events of a likelihood, where each lane has one.
 *
 * An entry is its grid step, its place in the step (f32 bits), the neuron (and from bit 24 on the port), and what happens: `ownSpike`, or that a weight
 * arrives, by edge e as e, by input spike n as edges + n. A source sends: it is numbered after the neurons, and nothing more is said of
 * it. Weights of the input spikes come after all entries.
 */
export const agendaEntryWords = 4;

/** What happens at an entry: the neuron's own spike. */
export const ownSpike = 0xffffffff;

export interface AgendaShape {
  /** The array (u32) that it lies in, and its first word there. */
  array: string;
  from: number;
  /** The first word of the weights of input spikes. */
  weights: number;
  /** Edges of the network, and where their weights lie in the flat parameter vector. */
  edges: number;
  weightOffset: number;
  /** The event that a neuron's own spike is, of a cell with several. */
  spike?: number | undefined;
  /** Ports of the cell. */
  ports: number;
}

/** Bits of the neuron in a word that has the port above them. */
const neuronBits = 24;

/** How a neuron and its port are read off a word; of a cell with one port it is the neuron alone. */
export const portedWord = (ports: number): { neuron: string; port(word: string): string } => ({
  neuron: ports > 1 ? " & 0xffffffu" : "",
  port: (word) => (ports > 1 ? `${word} >> ${neuronBits}u` : "0u"),
});

/** Such words. */
export function portedWords(neurons: Uint32Array, ports: ArrayLike<number>): Uint32Array {
  const words = new Uint32Array(neurons.length);
  for (let n = 0; n < words.length; n++) words[n] = neurons[n]! | (ports[n]! << neuronBits);
  return words;
}

/** `agenda_step`, `agenda_place`, `agenda_neuron`, `agenda_what` and `agenda_weight` of an entry. */
export function agendaReads({ array, from, weights, edges, weightOffset, ports }: AgendaShape): string {
  const at = (word: number): string => `${array}[${from + word}u + ${agendaEntryWords}u * x]`;
  const word = portedWord(ports);
  return /* wgsl */ `
const own_spike = ${ownSpike}u;
fn agenda_step(x: u32) -> u32 { return ${at(0)}; }
fn agenda_place(x: u32) -> f32 { return bitcast<f32>(${at(1)}); }
fn agenda_neuron(x: u32) -> u32 { return ${at(2)}${word.neuron}; }
fn agenda_port(x: u32) -> u32 { return ${word.port(at(2))}; }
fn agenda_what(x: u32) -> u32 { return ${at(3)}; }
// What arrives; of no meaning at an own spike.
fn agenda_weight(x: u32) -> f32 {
  let what = agenda_what(x);
  if (what < ${edges}u) { return theta[${weightOffset}u + what]; }
  return bitcast<f32>(${array}[${weights}u + what - ${edges}u]);
}`;
}

/** The same, and its jump: needs operations/jump.wgsl.ts. */
export const agendaFunctions = (shape: AgendaShape): string => /* wgsl */ `${agendaReads(shape)}
fn agenda_jump(x: u32, u: f32) -> Jump {
  if (agenda_what(x) == own_spike) { return fire(u, ${shape.spike ?? 0}u); }
  return deliver(agenda_weight(x), agenda_port(x));
}`;

/** Lays out the words of an agenda; its neurons are words with ports, where there are several. */
export function agendaWords(
  entries: Readonly<Record<"steps" | "neurons" | "what", Uint32Array> & { places: ArrayLike<number> }>,
  inputWeights: ArrayLike<number>,
): Uint32Array {
  const { steps, places, neurons, what } = entries;
  const words = new Uint32Array(agendaEntryWords * steps.length + inputWeights.length);
  const floats = new Float32Array(words.buffer);
  for (let x = 0; x < steps.length; x++) {
    const at = agendaEntryWords * x;
    words[at] = steps[x]!;
    floats[at + 1] = places[x]!;
    words[at + 2] = neurons[x]!;
    words[at + 3] = what[x]!;
  }
  floats.set(inputWeights, agendaEntryWords * steps.length);
  return words;
}
