/**
 * A cell as a hybrid system: its states with the hidden ones that conditions and events need (switches.ts, arming.ts), the
 * flow that reads them, and all of its events, those of a definition and those that only turn modes over.
 */
import { type Armed, effectOf } from "./arming.js";
import { alongChannel, amplitudesOf, type Channel, sumOf } from "./channels.js";
import { vectorJacobian } from "./differentiate.js";
import { rangesOf } from "./exactness.js";
import { type Graph, inputNames, isConstant, type Node } from "./graph.js";
import { isNegative, isPositive, rangeOf } from "./interval.js";
import { Switches } from "./switches.js";
import type { Event, Jump } from "./tables.js";

/** Whether it peaks follows from the flow. */
export type ParsedEvent = Omit<Event, "peaks" | "level">;

/** What is written in a definition, parsed. */
export interface Parsed {
  readonly states: readonly string[];
  readonly drift: readonly Node[];
  readonly channels: readonly Channel[];
  readonly events: readonly ParsedEvent[];
  /** Those that no event has: receive and start. */
  readonly jumps: readonly Jump[];
  readonly defaults: Readonly<Record<string, number>>;
  /** States that a solver sets at grid points, so that they jump there. */
  readonly held?: readonly string[];
}

export interface Hybrid extends Omit<Parsed, "events" | "defaults"> {
  /** Whether a located condition compares a state with the current, which is no state: then the rest is not to be used. */
  readonly comparesCurrent: boolean;
  readonly events: readonly Event[];
  /** Events as conditions for exact gradients are judged by: without those that only arm others. */
  readonly judged: readonly Event[];
}

/** Names that no user may give a state. */
export const timeState = "~t";
const modeName = (i: number): string => `~${i}`;

/** A definition with time as a state more. */
export function withTime(g: Graph, parsed: Parsed, time: Node, start: Node): Parsed {
  const timed = (jump: Jump): Jump => ({
    ...jump,
    value: [...jump.value, jump.inputs.includes("y") ? time : start],
  });
  return {
    ...parsed,
    states: [...parsed.states, timeState],
    drift: [...parsed.drift, g.one],
    events: parsed.events.map((e) => ({ ...e, jump: timed(e.jump) })),
    jumps: parsed.jumps.map(timed),
  };
}

export function hybrid(g: Graph, parsed: Parsed): Hybrid {
  const { states, channels, events, jumps, defaults } = parsed;
  const y = states.map((n) => g.input(`y.${n}`));
  const flow = [...parsed.drift, ...amplitudesOf(channels), ...events.map((e) => e.surface)];
  const noisy = new Set(channels.flatMap((c) => c.drives.map((d) => d.state)));
  const flows = states.flatMap((n, i) => (isConstant(parsed.drift[i]!, 0) && !noisy.has(i) ? [] : [`y.${n}`]));
  const switches = new Switches(g, flow, new Set(flows), (i) => `y.${modeName(i)}`);
  const { comparesCurrent } = switches;
  const afterOf = ({ value }: Pick<Jump, "value">): Map<Node, Node> => new Map(y.map((n, i) => [n, value[i]!]));

  // Which events have a mode that says they are above 0 and have not been below since they happened.
  const armed: Armed = { g, states: y, defaults };
  const movers = [...jumps.filter((j) => j.inputs.includes("y")), ...events.map((e) => e.jump)];
  const start = afterOf(jumps.find((j) => j.name === "start")!);
  const held = new Set(parsed.held?.map((n) => `y.${n}`));
  const needsArming = events.map((e) => {
    const set = [...inputNames([e.surface])].some((n) => held.has(n));
    const own = effectOf(armed, e.surface, afterOf(e.jump));
    const others = movers.filter((j) => j !== e.jump);
    const stays = !set && others.every((j) => effectOf(armed, e.surface, afterOf(j)) === "keeps");
    return !((own === "below" || (own === "lowers" && stays)) && effectOf(armed, e.surface, start) === "below");
  });
  const first = switches.all.length;
  const above = events.map((_, e) =>
    needsArming[e] ? g.input(`y.${modeName(first + needsArming.slice(0, e).filter(Boolean).length)}`) : undefined,
  );
  const modes = [...switches.all.map((s) => s.mode), ...above.filter((m) => m !== undefined)];
  const drift = [...parsed.drift.map((f) => switches.freeze(f)), ...modes.map(() => g.zero)];
  const frozenChannels = channels.map((c) => ({
    ...c,
    drives: c.drives.map((d) => ({ ...d, amplitude: switches.freeze(d.amplitude) })),
  }));
  /** Whether a surface may rise and fall again: if noise moves it, or its rate has no sign of its own. */
  const peaks = (surface: Node): boolean => {
    const gradient = vectorJacobian(g, [surface], [g.one], y);
    if (frozenChannels.some((c) => !isConstant(sumOf(g, alongChannel(g, gradient, c)), 0))) return true;
    const rate = gradient.reduce((sum, d, i) => g.add(sum, g.mul(d, drift[i]!)), g.zero);
    const values = rangeOf(rate, rangesOf(defaults));
    return !(isConstant(rate, 0) || isPositive(values) || isNegative(values));
  };
  if (modes.length === 0) {
    const all = events.map((e) => ({ ...e, level: e.surface, peaks: peaks(e.surface) }));
    return { ...parsed, events: all, jumps: [...events.map((e) => e.jump), ...jumps], judged: all, comparesCurrent };
  }

  const half = g.constant(0.5);
  const surfaces = events.map((e) => switches.freeze(e.surface));
  /** A jump with what it makes of the modes; `own` is the event that it belongs to. */
  const extended = (jump: Jump, own?: ParsedEvent): Jump => {
    const after = afterOf(jump);
    const moves = jump.inputs.includes("y");
    const arms = events.flatMap((e, i) => {
      if (!above[i]) return [];
      const then = g.substitute(e.surface, after);
      const level = g.select(then, g.zero, g.zero, g.one);
      if (e === own) return [effectOf(armed, e.surface, after) === "keeps" ? g.one : level];
      return [moves ? g.select(half, above[i], level, g.zero) : level];
    });
    return { ...jump, value: [...jump.value, ...switches.after(after, moves), ...arms] };
  };
  /** A jump that sets one mode, and leaves all else as it is. */
  const setting = (name: string, mode: Node, value: Node): Jump => ({
    name,
    inputs: ["y", "u"],
    value: [...y, ...modes].map((n) => (n === mode ? value : n)),
  });
  const silent = { emits: false, terminal: false };

  const whole = events.map((e, i): Event => {
    const surface = above[i] ? g.select(half, above[i], g.constant(-1), surfaces[i]!) : surfaces[i]!;
    return { ...e, surface, level: surfaces[i]!, jump: extended(e.jump, e), peaks: peaks(surfaces[i]!) };
  });
  const turning = switches.all.map(({ mode, surface }, i): Event => {
    const rising = g.select(half, mode, g.neg(surface), surface);
    const turned = g.select(half, mode, g.zero, g.one);
    return {
      name: `condition ${i}`,
      surface: rising,
      level: rising,
      jump: setting(`turn_${i}`, mode, turned),
      ...silent,
      peaks: peaks(surface),
    };
  });
  const arming = events.flatMap((e, i): Event[] => {
    const mode = above[i];
    if (!mode) return [];
    const falling = g.select(half, mode, g.neg(surfaces[i]!), g.constant(-1));
    return [
      {
        name: `${e.name} again`,
        surface: falling,
        level: falling,
        jump: setting(`arm_${i}`, mode, g.zero),
        ...silent,
        peaks: peaks(surfaces[i]!),
      },
    ];
  });
  const all = [...whole, ...turning, ...arming];
  return {
    states: [...states, ...modes.map((_, i) => modeName(i))],
    drift,
    channels: frozenChannels,
    jumps: [...all.map((e) => e.jump), ...jumps.map((j) => extended(j))],
    events: all,
    judged: [...whole.map((e) => ({ ...e, surface: e.level })), ...turning],
    comparesCurrent,
  };
}
