/**
 * Spikes that sources send at different times and that delays bring to a neuron at one time: rounding says which comes first, on each backend by
 * itself. Where what follows depends on it, that is told.
 */
import { weightAt } from "../network/connections.js";
import { arrivalsOfSample } from "../plan/arrivals.js";
import type { SolvePlan } from "../plan/plan.js";
import { fireAtOnce } from "../plan/tied-sources.js";
import { compileFor } from "./compile.js";
import { neuronParameters } from "./of-neurons.js";

/** Times this near to each other, as a part of a step, are one time: float32 does not tell them apart. */
const sameTime = 1e-6;
/** Arrivals that are looked at, at most: a plan is warned before every solve. */
const most = 2 ** 18;

interface Arrival {
  readonly at: number;
  readonly sent: number;
  readonly edge: number;
}

/** Two arrivals at one neuron at one time, sent at different times; the first that is found. */
function tie({ network, samples, dt }: SolvePlan): { sample: number; one: Arrival; other: Arrival } | undefined {
  const { neurons, connections } = network;
  const { rowStart, targets, delays, delayOf } = connections;
  const lateness = (edge: number): number => (delayOf[edge]! < 0 ? 0 : delays[delayOf[edge]!]! / dt);
  // One delay of all brings nothing together that was sent apart.
  const [first, end] = [rowStart[neurons]!, rowStart[rowStart.length - 1]!];
  let alike = first;
  while (alike < end && lateness(alike) === lateness(first)) alike++;
  if (alike === end) return undefined;
  let looked = 0;
  for (let sample = 0; sample < samples!.count && looked < most; sample++) {
    const { count, at, neurons: senders } = arrivalsOfSample(samples!.agenda!, sample);
    const reached = new Map<number, Arrival[]>();
    for (let n = 0; n < count && looked < most; n++) {
      const sender = senders[n]!;
      if (sender < neurons) continue;
      for (let edge = rowStart[sender]!; edge < rowStart[sender + 1]!; edge++, looked++) {
        const list = reached.get(targets[edge]!) ?? [];
        reached.set(targets[edge]!, list);
        list.push({ at: at[n]! + lateness(edge), sent: at[n]!, edge });
      }
    }
    for (const list of reached.values()) {
      list.sort((a, b) => a.at - b.at || a.sent - b.sent);
      for (let i = 1; i < list.length; i++) {
        const [one, other] = [list[i - 1]!, list[i]!];
        if (other.at - one.at < sameTime && Math.abs(other.sent - one.sent) > sameTime) return { sample, one, other };
      }
    }
  }
  return undefined;
}

/** Why it matters which of two arrivals comes first, if it does: asked of a few states. */
function whyOrdered(plan: SolvePlan, one: Arrival, other: Arrival): string | undefined {
  const { connections, cell } = plan.network;
  const neuron = connections.targets[one.edge]!;
  if (fireAtOnce(plan.network, neuron)) return "the first may set off an event";
  const compiled = compileFor(plan);
  const p = neuronParameters(plan)[neuron]!;
  const n = cell.states.length;
  const after = (arrivals: readonly Arrival[], salt: number): Float64Array => {
    const y = Float64Array.from({ length: n }, (_, i) => ((1 + i + n * salt) * 0.6180339887498949) % 1);
    for (const { edge } of arrivals)
      compiled.ports[connections.ports[edge]!]!.receive(y, y, p, weightAt(connections, edge));
    return y;
  };
  for (let salt = 0; salt < 3; salt++) {
    const [a, b] = [after([one, other], salt), after([other, one], salt)];
    // Beyond rounding.
    if (a.some((x, i) => Math.abs(x - b[i]!) > 1e-9 * Math.max(1, Math.abs(x)))) return "their jumps do not commute";
  }
  return undefined;
}

/** What is said of such spikes; nothing where there are none, or the order is all the same. */
export function tiedArrivals(plan: SolvePlan): string | undefined {
  const { network, samples, t0, dt } = plan;
  if (!samples?.agenda || network.connections.delays.length === 0) return undefined;
  const found = tie(plan);
  if (!found) return undefined;
  const { sample, one, other } = found;
  const why = whyOrdered(plan, one, other);
  if (why === undefined) return undefined;
  const time = (at: number): number => Number((t0 + at * dt).toPrecision(6));
  return (
    `samples.spikes: what sources send at ${time(one.sent)} and at ${time(other.sent)} (sample ${sample}) delays bring to neuron ` +
    `${network.connections.targets[one.edge]} at one time, ${time(one.at)}: which comes first is a matter of rounding, and ${why}; ` +
    "move a time or a delay by a little"
  );
}
