/** What the kernels of a network read of its connections, input spikes and sources: one buffer, and what they are written for. */
import { agendaEntryWords, agendaWords, portedWords } from "../../shaders/solve/agenda.wgsl.js";
import type { ConnectionShape } from "../../shaders/solve/connections.wgsl.js";
import type { Gpu, Storage } from "../gpu/index.js";
import { allArrivals, type SampledArrivals } from "../plan/arrivals.js";
import type { ParameterLayout } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";

/** Each neuron's edge to itself + 1, or 0: a word per neuron, where there is any such edge. */
function selfEdgesOf({ network }: SolvePlan): Uint32Array {
  const { rowStart, targets } = network.connections;
  const own = new Uint32Array(network.neurons);
  for (let k = 0; k < own.length; k++) {
    for (let e = rowStart[k]!; e < rowStart[k + 1]!; e++) if (targets[e] === k) own[k] = e + 1;
  }
  return own.some((e) => e > 0) ? own : new Uint32Array(0);
}

/** The delays that each neuron and source sends along, each once: where those of each begin, and their numbers. */
interface SentDelays {
  readonly starts: Uint32Array;
  readonly numbers: Uint32Array;
}

/** Of the connections of networks, which do not change: their kernels' shape asks, and the buffer. */
const sentKnown = new WeakMap<Int32Array, SentDelays>();

function sentOf({ rowStart, delayOf }: SolvePlan["network"]["connections"]): SentDelays {
  const known = sentKnown.get(delayOf);
  if (known) return known;
  const starts = new Uint32Array(rowStart.length);
  const numbers: number[] = [];
  for (let k = 0; k + 1 < rowStart.length; k++) {
    const own = new Set<number>();
    for (let e = rowStart[k]!; e < rowStart[k + 1]!; e++) if (delayOf[e]! >= 0) own.add(delayOf[e]!);
    for (const delay of own) numbers.push(delay);
    starts[k + 1] = numbers.length;
  }
  const sent = { starts, numbers: Uint32Array.from(numbers) };
  sentKnown.set(delayOf, sent);
  return sent;
}

/**
 * @param options `atOnce`: whether a neuron that is its own target receives as it fires; else it takes a turn of its own.
 *   `byDelay`: whether spikes under way are looked for by delay.
 */
export function connectionShape(
  plan: SolvePlan,
  layout: ParameterLayout,
  { atOnce = false, byDelay = false }: { readonly atOnce?: boolean; readonly byDelay?: boolean } = {},
): Omit<ConnectionShape, "neurons"> {
  const delays = layout.segments.get("delays");
  return {
    weightOffset: layout.segments.get("weights")!.offset,
    weights: plan.network.connections.weights.length,
    edges: plan.network.connections.targets.length,
    mapped: plan.network.connections.weightOf !== undefined,
    arrivals: allArrivals(plan).count,
    sources: plan.network.sources,
    trials: plan.samples?.trials ?? 1,
    selfEdges: atOnce && selfEdgesOf(plan).length > 0,
    ports: plan.network.cell.ports.length,
    delays: delays && {
      count: delays.length,
      offset: delays.offset,
      sent: byDelay ? sentOf(plan.network.connections).numbers.length : 0,
    },
  };
}

const inOne = (lists: readonly Uint32Array[], least = 0): Uint32Array => {
  const words = new Uint32Array(lists.reduce((n, list) => n + list.length, least));
  let at = 0;
  for (const list of lists) {
    words.set(list, at);
    at += list.length;
  }
  return words;
};

/** What never comes, as an entry of an agenda. */
const never = Uint32Array.of(0xffffffff, 0, 0, 0);

/** The agendas of samples, as they lie in the buffer. @param edges by which the weights of input spikes are numbered. */
function sampledWords({ offsets, all, numbers }: SampledArrivals, edges: number): Uint32Array {
  const samples = offsets.length - 1;
  const table = new Uint32Array(Math.ceil(offsets.length / agendaEntryWords) * agendaEntryWords);
  const first = table.length / agendaEntryWords + 1;
  // Before entry n of sample s there is one for each sample before.
  for (let s = 0; s <= samples; s++) table[s] = first + offsets[s]! + s;
  const what = numbers.map((n) => edges + n);
  const entries = agendaWords({ ...all, neurons: portedWords(all.neurons, all.ports), what }, []);
  const lists: Uint32Array[] = [table, never];
  for (let s = 0; s < samples; s++) {
    lists.push(entries.subarray(agendaEntryWords * offsets[s]!, agendaEntryWords * offsets[s + 1]!), never);
  }
  return inOne(lists);
}

/** The buffer (shaders/solve/connections.wgsl.ts); never of no words. */
export class ConnectionBuffer {
  private readonly fixed: Uint32Array;
  private sampled: SampledArrivals | undefined;
  private held: Storage;

  constructor(
    private readonly gpu: Gpu,
    private readonly plan: SolvePlan,
    { selfEdges, delays: shape }: Pick<ConnectionShape, "selfEdges" | "delays">,
  ) {
    const arrivals = allArrivals(plan);
    const { connections } = plan.network;
    const { rowStart, targets, ports, delays, delayOf, weightOf } = connections;
    const what = Uint32Array.from({ length: arrivals.count }, (_, x) => targets.length + x);
    const neurons = portedWords(arrivals.neurons, arrivals.ports);
    const agenda = agendaWords({ ...arrivals, neurons, what }, arrivals.weights);
    const numbers = new Uint32Array(delays.length > 0 ? delayOf : []);
    const edges = [rowStart, portedWords(targets, ports), ...(weightOf ? [weightOf] : [])];
    const sent = shape?.sent ? sentOf(connections) : undefined;
    const byDelay = sent ? [sent.starts, sent.numbers] : [];
    this.fixed = inOne([...edges, agenda, numbers, ...byDelay, ...(selfEdges ? [selfEdgesOf(plan)] : [])]);
    this.sampled = plan.samples?.agenda;
    const words = this.words();
    const all = words.length > 0 || this.fixed.length === 0 ? inOne([this.fixed, words], 1) : this.fixed;
    this.held = gpu.upload("connections", all);
  }

  private words(): Uint32Array {
    return this.sampled ? sampledWords(this.sampled, this.plan.network.connections.targets.length) : new Uint32Array(0);
  }

  get storage(): Storage {
    return this.held;
  }

  /** Takes over the agendas of other samples: what is submitted later sees them. */
  update({ samples }: Pick<SolvePlan, "samples">): void {
    if (samples?.agenda === this.sampled) return;
    this.sampled = samples?.agenda;
    const words = this.words();
    if (4 * (this.fixed.length + words.length) <= this.held.bytes) {
      this.gpu.write(this.held, words, 4 * this.fixed.length);
      return;
    }
    // Some room, so that not every batch that is larger takes a buffer of its own.
    const room = Math.ceil(1.25 * words.length);
    const larger = this.gpu.buffer("connections", 4 * (this.fixed.length + room));
    this.gpu.write(larger, inOne([this.fixed, words]));
    this.held.dispose();
    this.held = larger;
  }

  dispose(): void {
    this.held.dispose();
  }
}
