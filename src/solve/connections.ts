/** What the kernels of a network read of its connections and input spikes: one buffer, and what they are written for. */
import { agendaWords, portedWords } from "../../shaders/solve/agenda.wgsl.js";
import type { ConnectionShape } from "../../shaders/solve/connections.wgsl.js";
import type { Gpu, Storage } from "../gpu/index.js";
import { allArrivals } from "../plan/arrivals.js";
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

/**
 * @param atOnce whether a neuron that is its own target receives as it fires; else it takes a turn of its own.
 */
export function connectionShape(
  plan: SolvePlan,
  layout: ParameterLayout,
  atOnce: boolean,
): Omit<ConnectionShape, "neurons"> {
  const delays = layout.segments.get("delays");
  return {
    weightOffset: layout.segments.get("weights")!.offset,
    weights: plan.network.connections.weights.length,
    edges: plan.network.connections.targets.length,
    mapped: plan.network.connections.weightOf !== undefined,
    arrivals: allArrivals(plan).count,
    selfEdges: atOnce && selfEdgesOf(plan).length > 0,
    ports: plan.network.cell.ports.length,
    delays: delays && { count: delays.length, offset: delays.offset },
  };
}

/** The buffer (shaders/solve/connections.wgsl.ts); never of no words. */
export function uploadConnections(
  gpu: Gpu,
  plan: SolvePlan,
  { selfEdges }: Pick<ConnectionShape, "selfEdges">,
): Storage {
  const arrivals = allArrivals(plan);
  const { rowStart, targets, ports, delays, delayOf, weightOf } = plan.network.connections;
  const what = Uint32Array.from({ length: arrivals.count }, (_, x) => targets.length + x);
  const neurons = portedWords(arrivals.neurons, arrivals.ports);
  const agenda = agendaWords({ ...arrivals, neurons, what }, arrivals.weights);
  const numbers = delays.length > 0 ? Uint32Array.from(delayOf) : new Uint32Array(0);
  const edges = [rowStart, portedWords(targets, ports), ...(weightOf ? [weightOf] : [])];
  const lists = [...edges, agenda, numbers, ...(selfEdges ? [selfEdgesOf(plan)] : [])];
  const words = new Uint32Array(lists.reduce((n, list) => n + list.length, 1));
  let at = 0;
  for (const list of lists) {
    words.set(list, at);
    at += list.length;
  }
  return gpu.upload("connections", words);
}
