/**
 * Events whose time has a density that is known given all else: those that come when a hazard, integrated since the event
 * before, reaches -log u plus what past and parameters say. Only the uniform u decides then whether such an event still
 * comes before t1, and the density of that is the boundary term of losses that jump there (docs/mathematics.md,
 * "What appears and vanishes at t1").
 *
 * Of an event with the surface E this is so if
 *   1. start and own jump set E to log u and something else, each with one uniform that sets nothing but what E reads;
 *   2. no other jump moves E, and no noise;
 *   3. E never falls, and its rate does not depend on what u sets.
 * Then E(t) - log u, which is above 0 where the event can happen at all, does not depend on u until it happens.
 */
import type { Cell } from "./cell.js";
import { amplitudesOf, type Channel } from "./channels.js";
import { vectorJacobian } from "./differentiate.js";
import { rangesOf } from "./exactness.js";
import { inputNames, isConstant, type Node } from "./graph.js";
import { type Range, range, rangeOf } from "./interval.js";
import { isUniform } from "./random.js";
import { withOwnGraph } from "./surface.js";
import { type Jump, jumpNamed } from "./tables.js";
import { Effort, vanishes } from "./vanishing.js";

/** An event that a uniform decides. */
export interface HazardEvent {
  /** Number in the cell's table. */
  readonly event: number;
  /** The uniform that the start sets it by, and that of its own jump: 0 is u, others count the further numbers from 1. */
  readonly start: number;
  readonly again: number;
}

/**
 * The events of a cell that a hazard sets off.
 * @param channels noise channels that are not 0.
 */
export function hazardEvents(given: Cell, channels: readonly number[]): HazardEvent[] {
  const cell = withOwnGraph(given);
  const { graph: g, states, drift, jumps, events } = cell;
  const names = states.map((n) => `y.${n}`);
  const y = names.map((n) => g.input(n));
  const effort = new Effort();
  const noise = channels.map((c) => cell.channels[c]!);
  const start = jumpNamed(cell, "start");
  const driven = (c: Channel): number[] => c.drives.map((d) => d.state);
  const read = (nodes: readonly Node[]): Set<number> => {
    const found = inputNames(nodes);
    return new Set(names.flatMap((n, i) => (found.has(n) ? [i] : [])));
  };
  /** The states that what is read by expressions depends on, by flow, noise and jumps. */
  const movers = (nodes: readonly Node[]): Set<number> => {
    const all = read(nodes);
    for (const i of all) {
      const amplitudes = amplitudesOf(noise.filter((c) => driven(c).includes(i)));
      // A set is walked in order of insertion: what is added here is visited too.
      for (const j of read([drift[i]!, ...amplitudes, ...jumps.map(({ value }) => value[i]!)])) all.add(j);
    }
    return all;
  };
  const known = rangesOf(cell.defaults);
  // What jumps alone move is taken for a count; whether it may fall below 0 is asked by the verdict on means (grazing.ts).
  const counts = new Set(names.filter((_, i) => isConstant(drift[i]!, 0) && !noise.some((c) => driven(c).includes(i))));
  const values = (name: string): Range => (counts.has(name) ? range(0, Number.POSITIVE_INFINITY) : known(name));
  return events.flatMap(({ surface, level, jump }, event): HazardEvent[] => {
    if (surface !== level) return [];
    const after = ({ value }: Jump): Node => g.substitute(surface, new Map(y.map((n, i) => [n, value[i]!])));
    /** The one random number that a jump sets E by. */
    const setBy = (by: Jump): string | undefined => {
      const then = after(by);
      const random = [...inputNames([then])].filter((n) => /^[uz](\.|$)/.test(n));
      const [name] = random;
      if (random.length !== 1 || !isUniform(name!)) return undefined;
      const u = g.input(name!);
      const slope = g.mul(u, vectorJacobian(g, [then], [g.one], [u])[0]!);
      return vanishes(g.sub(slope, g.one), [g.one], effort) === true ? name : undefined;
    };
    const [first, again] = [setBy(start), setBy(jump)];
    if (first === undefined || again === undefined) return [];
    const others = jumps.filter((other) => other !== start && other !== jump);
    if (others.some((other) => vanishes(g.sub(after(other), surface), [surface], effort) !== true)) return [];
    const own = read([surface]);
    if (noise.some((c) => driven(c).some((i) => own.has(i)))) return [];
    const slopes = vectorJacobian(g, [surface], [g.one], y);
    const rate = slopes.reduce((sum, d, i) => g.add(sum, g.mul(d, drift[i]!)), g.zero);
    if (!(rangeOf(rate, values).least >= 0)) return [];
    const set = states.flatMap((_, i) => {
      const names = [inputNames([start.value[i]!]), inputNames([jump.value[i]!])] as const;
      return names[0].has(first) || names[1].has(again) ? [i] : [];
    });
    const moving = movers([rate]);
    if (set.some((i) => moving.has(i) || !own.has(i))) return [];
    const number = (name: string): number => (name === "u" ? 0 : Number(name.slice(2)));
    return [{ event, start: number(first), again: number(again) }];
  });
}
