/** Noise channels of a cell: Brownian motions of their own, each of which may drive several states. */
import type { Graph, Node } from "./graph.js";

export interface Drive {
  /** Index of the state variable. */
  readonly state: number;
  /** Its amplitude g(y, θ). */
  readonly amplitude: Node;
}

export interface Channel {
  /** What a definition calls it; a state's own channel has the name of the state. */
  readonly name: string;
  /** Whether it is one Brownian motion for all neurons of a network. */
  readonly shared: boolean;
  /** Whether its amplitudes depend on no state: on parameters, inputs and time alone. */
  readonly additive: boolean;
  /** What it drives: at most one amplitude per state, one state at least. */
  readonly drives: readonly Drive[];
}

/**
 * Whether a method takes a channel as additive (`additivePlaces` in shaders/substep/tableau.ts): unless it drives a state that goes
 * along a rate of its own, as the end of such a sub-step is right where stages read the path at their nodes.
 * @param rated indices of those states.
 */
export const isAdditive = ({ additive, drives }: Channel, rated: readonly number[] = []): boolean =>
  additive && !drives.some(({ state }) => rated.includes(state));

/** All amplitudes of some channels. */
export const amplitudesOf = (channels: readonly Pick<Channel, "drives">[]): Node[] =>
  channels.flatMap((c) => c.drives.map((d) => d.amplitude));

/** The slope of a function along a channel, ∇E·g: its terms, one per state driven. */
export const alongChannel = (g: Graph, gradient: readonly Node[], { drives }: Channel): Node[] =>
  drives.map(({ state, amplitude }) => g.mul(gradient[state]!, amplitude));

export const sumOf = (g: Graph, terms: readonly Node[]): Node => terms.reduce((sum, term) => g.add(sum, term), g.zero);

/** A channel's direction, as tangents of states. */
export const directionOf = (y: readonly Node[], { drives }: Channel): Map<Node, Node> =>
  new Map(drives.map(({ state, amplitude }) => [y[state]!, amplitude]));

/** What a channel is on, for messages; and its name where that is not a state's own, as a state may have several. */
export function channelText(states: readonly string[], { name, drives }: Channel): string {
  const driven = drives.map((d) => `"${states[d.state]}"`).join(" and ");
  const own = drives.length === 1 && name === states[drives[0]!.state];
  return own ? driven : `${driven} (channel "${name}")`;
}

/**
 * The channels of a definition but for what they are found to be, numbered as they are met. An amplitude that is text is a channel of the state's own; by
 * name, states share channels.
 * @param noise amplitudes by state.
 * @param shared names of channels that all neurons have in common.
 * @param parse an amplitude, by the state and, where it has one, the channel's name.
 */
export function channelsOf(
  states: readonly string[],
  noise: Readonly<Record<string, unknown>>,
  shared: readonly string[],
  parse: (text: unknown, state: string, channel?: string) => Node,
): Omit<Channel, "additive">[] {
  const named = new Map<string, Drive[]>();
  const all: { name: string; shared: boolean; drives: Drive[] }[] = [];
  states.forEach((n, state) => {
    if (!Object.hasOwn(noise, n)) return;
    const given = noise[n];
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      all.push({ name: n, shared: false, drives: [{ state, amplitude: parse(given, n) }] });
      return;
    }
    for (const [name, text] of Object.entries(given)) {
      const drive = { state, amplitude: parse(text, n, name) };
      const known = named.get(name);
      if (known) known.push(drive);
      else {
        const drives = [drive];
        named.set(name, drives);
        all.push({ name, shared: shared.includes(name), drives });
      }
    }
  });
  return all;
}
