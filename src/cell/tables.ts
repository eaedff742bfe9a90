/**
 * What happens to a cell between stretches of flow, as tables: jumps of its state, and the events that set them off.
 * Whatever differentiates, checks, compiles or emits a cell goes over their rows.
 */
import { inputNames, type Node } from "./graph.js";
import { onlyPort } from "./ports.js";
import { isRandom } from "./random.js";

/**
 * What functions of a cell read beside its parameters: states y.<state>; the current I, where it is no state or parameter (inputs.ts); a uniform u; the weight w of a
 * spike; numbers x.<channel> of the driver path, which are its slopes ("x") or increments ("dW").
 */
export type Input = "y" | "I" | "u" | "w" | "x" | "dW";

/** A jump of the state. */
export interface Jump {
  /** Its functions bear it in emitted text, so it is a word of ours and not of a user's: letters, digits and _. */
  readonly name: string;
  /** The value of each state after it. */
  readonly value: readonly Node[];
  /** What it reads; a jump that does not read y makes a state anew. */
  readonly inputs: readonly Input[];
}

/** An event: it happens when its surface, a function of states and parameters, crosses 0 upwards. */
export interface Event {
  readonly name: string;
  /** The event function as it was written: `surface` is below 0 too while the event has yet to fall below 0. */
  readonly level: Node;
  readonly surface: Node;
  /** What the state becomes, one of the cell's jumps. */
  readonly jump: Jump;
  /** Whether it is a spike: recorded, and sent to targets. */
  readonly emits: boolean;
  /** Whether it ends the path. */
  readonly terminal: boolean;
  /** Whether its surface may rise and fall again between events, so that solvers look for peaks within a sub-step. */
  readonly peaks: boolean;
}

/** The jump of what arrives at a port, by the port's number. */
export const portName = (port: number): string => `receive_${port}`;

/** What messages call a jump: the field in which a definition has it. */
export function fieldOfJump(
  cell: { readonly events: readonly Event[]; readonly ports: readonly string[] },
  jump: Jump,
): string {
  const event = cell.events.find((e) => e.jump === jump);
  if (event && /^jump_\d+$/.test(jump.name)) return `events.${event.name}.jump`;
  const port = cell.ports.find((_, i) => portName(i) === jump.name);
  if (port === undefined) return jump.name;
  return port === onlyPort ? onlyPort : `receive.${port}`;
}

/** A jump of a cell by name. */
export const jumpNamed = ({ jumps }: { readonly jumps: readonly Jump[] }, name: string): Jump =>
  jumps.find((jump) => jump.name === name)!;

/** The first event of a cell that is a spike. */
export const spikeOf = ({ events }: { readonly events: readonly Event[] }): Event => events.find((e) => e.emits)!;

/** Whether solvers record all events and not only spikes: there are others, or one ends its path, which the record says. */
export const recordsEvents = ({ events }: { readonly events: readonly Event[] }): boolean =>
  events.length > 1 || events.some((e) => e.terminal);

/** Whether an event takes a fresh uniform: a spike always does, so that uniforms are counted by spikes. */
export const draws = ({ emits, jump }: Event): boolean => emits || [...inputNames(jump.value)].some(isRandom);
