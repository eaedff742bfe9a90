/** Divisions by 0, as a reason why a result is infinite or NaN. */
import { parameterInput } from "../../../src/cell/cell.js";
import { amplitudesOf } from "../../../src/cell/channels.js";
import { evaluate, inputNames, type Node, reachable } from "../../../src/cell/graph.js";
import { SaltationError } from "../../../src/index.js";
import type { Network } from "../../../src/network/network.js";

/** Parameters that are 0, in some neuron, where the cell's equations divide by them. */
export function zeroDivisors({ cell, neurons, parameters }: Network): string[] {
  const { drift, channels, events, jumps } = cell;
  const equations = [
    ...drift,
    ...amplitudesOf(channels),
    ...events.map((e) => e.surface),
    ...jumps.flatMap((jump) => jump.value),
  ];
  const known = new Set(parameters.map((p) => parameterInput(p.name)));
  const divisors = reachable(equations)
    .flatMap((n): Node[] => (n.op === "div" ? [n.args[1]!] : []))
    .map((divisor) => ({ divisor, inputs: inputNames([divisor]) }))
    .filter(({ inputs }) => [...inputs].every((name) => known.has(name)));
  const zero = new Set<string>();
  for (let k = 0; k < neurons; k++) {
    const values = parameters.map(({ name, perNeuron, values }) => ({ name, value: values[perNeuron ? k : 0]! }));
    const inputs = new Map(values.map(({ name, value }) => [parameterInput(name), value]));
    for (const { divisor, inputs: used } of divisors) {
      if (evaluate([divisor], inputs)[0] !== 0) continue;
      for (const { name, value } of values) if (value === 0 && used.has(parameterInput(name))) zero.add(name);
    }
    if (!parameters.some((p) => p.perNeuron)) break;
  }
  return [...zero];
}

/** What an error says, and where a result is not finite also the parameters of the networks that may be why. */
export function failureText(error: unknown, networks: readonly Network[]): string {
  const { message } = error as Error;
  if (!(error instanceof SaltationError && error.code === "not-finite")) return message;
  const zero = [...new Set(networks.flatMap(zeroDivisors))];
  return zero.length > 0 ? `${message}; the equations divide by ${zero.join(" and ")}, which should not be 0` : message;
}
