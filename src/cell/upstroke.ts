/**
 * Upstrokes that only their event ends. Where the drift of a state grows with the exponential of that state (exponential
 * and AdEx neurons) it blows up in finite time, e-fold upon e-fold within one step, and is cut off by a reset. A step that
 * begins anywhere on the way and goes over the blow-up has an error, and a derivative, that is wrong by a part of itself
 * however small dt is. So the way is cut at levels of the exponent, an e-fold apart, from where the exponential is 1: events
 * without a spike that move nothing but the next level, a hidden state. A sub-step then begins where the event before it was
 * located, and spans one e-fold of the drift.
 */
import { vectorJacobian } from "./differentiate.js";
import { rangesOf } from "./exactness.js";
import { bounded, type Graph, inputNames, isConstant, type Node, reachable } from "./graph.js";
import type { Parsed, ParsedEvent } from "./hybrid.js";
import { isPositive, rangeOf } from "./interval.js";
import type { Jump } from "./tables.js";

/**
 * The highest level. What is left beyond takes e⁻¹² of the time constant: less than a float32 of dt resolves is not cut,
 * and as the way to it begins at a located level, what it is wrong by hardly moves with anything.
 */
const highest = 12;

/** The hidden state that is the level that comes next. */
export const levelState = "~level";

/** The exponent of an upstroke into one of the events: along it, the state that the event looks at drives itself up. */
function exponentOf(g: Graph, { states, drift, events, defaults }: Parsed): Node | undefined {
  const y = states.map((n) => g.input(`y.${n}`));
  const marker = g.input("x.exponential");
  for (const { surface } of events) {
    const gradient = vectorJacobian(g, [surface], [g.one], y);
    for (const [i, up] of gradient.entries()) {
      if (isConstant(up, 0)) continue;
      for (const node of reachable([drift[i]!])) {
        if (node.op !== "exp" || bounded(node.args[0]!)) continue;
        const exponent = node.args[0]!;
        const names = inputNames([exponent]);
        if (!names.has(`y.${states[i]}`) || names.has("I")) continue;
        const marked = g.substitute(drift[i]!, new Map([[node, marker]]));
        const [by] = vectorJacobian(g, [marked], [g.one], [marker]);
        const [along] = vectorJacobian(g, [exponent], [g.one], [y[i]!]);
        if (isPositive(rangeOf(g.mul(up, g.mul(by!, along!)), rangesOf(defaults)))) return exponent;
      }
    }
  }
  return undefined;
}

/** A definition with the level that comes next as a state more, where it has such an upstroke. */
export function withLevels(g: Graph, parsed: Parsed): Parsed {
  const exponent = exponentOf(g, parsed);
  if (!exponent) return parsed;
  const level = g.input(`y.${levelState}`);
  const y = [...parsed.states.map((n) => g.input(`y.${n}`)), level];
  const least = g.constant(-1);
  /** After any jump the next level lies an e-fold above where the exponent is. */
  const levelled = (jump: Jump): Jump => {
    const after = g.substitute(exponent, new Map(jump.value.map((v, i) => [y[i]!, v])));
    return { ...jump, value: [...jump.value, g.add(g.max(after, least), g.one)] };
  };
  const moving = (event: string, surface: Node, to: Node): ParsedEvent => ({
    name: event,
    surface,
    jump: { name: event.replace(" ", "_"), value: [...y.slice(0, -1), to], inputs: ["y", "u"] },
    emits: false,
    terminal: false,
  });
  return {
    ...parsed,
    states: [...parsed.states, levelState],
    drift: [...parsed.drift, g.zero],
    events: [
      ...parsed.events.map((e) => ({ ...e, jump: levelled(e.jump) })),
      moving("level up", g.sub(g.min(exponent, g.constant(highest + 0.25)), level), g.add(level, g.one)),
      // One that turns back before its event comes down again.
      moving("level down", g.sub(g.sub(level, g.constant(2.5)), g.max(exponent, least)), g.sub(level, g.one)),
    ],
    jumps: parsed.jumps.map(levelled),
  };
}
