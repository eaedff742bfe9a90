/** A payoff: an expression of states at t1, or at another time. */
import { elementary } from "../../shaders/shared/elementary.wgsl.js";
import { specialFunctions } from "../../shaders/shared/special.wgsl.js";
import { checkOptions, fail, finiteNumber, float32Number, type Names, show } from "../checks.js";
import { maximumNeurons } from "../network/populations.js";
import { quoted } from "../quoted.js";
import { compileExpression } from "./expression.js";
import type { Loss } from "./loss.js";
import { pathLoss } from "./path-loss.js";

export interface PayoffOptions {
  /**
   * The payoff of one path, of the names of states: `payoff`, `discount * max(exp(x) - strike, 0)`. In a network `x[3]` is that
   * of neuron 3, `x[out[3]]` that of a neuron of a population, and `x` that of neuron 0.
   */
  readonly value: string;
  /** Numbers that it reads by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** The time at which states are looked at, on the grid; default t1. */
  readonly at?: number;
}

const names: Names<PayoffOptions> = { value: true, constants: true, at: true };

/** Names of states with the number of their neuron; what a bracket follows is a function. */
const place = /\b([A-Za-z]\w*)\b(?:\[(0|[1-9]\d*)\])?(?!\s*[\w([])/g;

/** A neuron by its name, in such a place. */
const byName = /(?<=\b[A-Za-z]\w*\[)[A-Za-z_][\w-]*\[\d+\](?=\])/g;

/**
 * Mean over paths of an expression of states. An event that ends a path before that time leaves its states as they are then, held:
 * a contract that is knocked out pays what it has paid by then.
 *
 *     payoff({ value: "discount * max(exp(x) - strike, 0)", constants: { strike: 100 } })
 *
 * The derivative of a payoff that jumps (a digital option: a condition, `step`) is not in its gradient: results say so. So they do of
 * states that an event makes jump.
 * @throws SaltationError `invalid-input` naming what is not understood; for names that are no states, when the cell is known.
 */
export function payoff(options: PayoffOptions): Loss {
  checkOptions("loss", options, names);
  const { value, constants = {}, at } = options;
  if (typeof value !== "string") fail("loss.value", `expected an expression as text, got ${show(value)}`);
  if (at !== undefined) finiteNumber("loss.at", at);
  if (typeof constants !== "object" || constants === null)
    fail("loss.constants", `expected numbers by name, got ${show(constants)}`);
  const numbers = new Map(
    Object.entries(constants).map(([name, n]) => [name, float32Number(`loss.constants.${name}`, n)] as const),
  );
  // Numbers beyond those of neurons stand for names.
  const called = [...new Set(Array.from(value.matchAll(byName), ([name]) => name))];
  for (const [, , neuron] of value.replace(byName, "0").matchAll(place))
    if (Number(neuron) >= maximumNeurons)
      fail("loss.value", `reads neuron ${neuron}; networks have no more than ${maximumNeurons}`);
  const text = value.replace(byName, (name) => String(maximumNeurons + called.indexOf(name)));
  const found = new Map<string, { readonly state: string; readonly neuron: number }>();
  for (const [name, state, neuron] of text.matchAll(place)) {
    if (numbers.has(name) || name === "pi") continue;
    found.set(name, { state: state!, neuron: Number(neuron ?? 0) });
  }
  const compiled = compileExpression("loss.value", text, found.keys(), numbers);
  const reads = compiled.reads.map((name) => found.get(name)!);
  if (reads.length === 0) fail("loss.value", `${quoted(value)} reads no state; it is the same of every path`);
  const of = [...new Set(reads.map((r) => r.state))];
  const neurons = [...new Set(reads.map((r) => r.neuron))].sort((a, b) => a - b);
  /** Where each that is read lies among the states looked at, [neurons][states]. */
  const entries = reads.map((r) => neurons.indexOf(r.neuron) * of.length + of.indexOf(r.state));
  const entryOf = (name: string): number => entries[compiled.reads.indexOf(name)]!;
  const written = compiled.code((name) => `state(${entryOf(name)}u)`);
  const lines = [...written.lines, `  let value = ${written.value};`].join("\n");
  const slopes = written.slopes.map((slope, i) => `  add_state_cotangent(${entries[i]}u, ${slope});`).join("\n");
  const body = `fn path_loss(path: u32, count: u32) -> f32 {\n${lines}\n${slopes}\n  return value;\n}`;
  const turns = compiled.turnsBy(new Set(compiled.reads));
  return pathLoss({
    kind: "payoff",
    states: { of, neurons: neurons.map((k) => called[k - maximumNeurons] ?? k), times: at === undefined ? "t1" : [at] },
    continuous: true,
    code: `${elementary}\n${specialFunctions(body)}\n${body}`,
    evaluate({ times }, _plan, _path, states) {
      const { value: paid, slopes: by } = compiled.at(
        new Map(compiled.reads.map((name, i) => [name, states[entries[i]!]!])),
      );
      const stateCotangents = new Float64Array(states.length);
      entries.forEach((e, i) => {
        stateCotangents[e]! += by[i]!;
      });
      return { value: paid, cotangents: new Float64Array(times.length), stateCotangents };
    },
    ...(turns
      ? {
          leavesOut:
            "its conditions depend on states: where it jumps as they turn, that is missing; write it without jumps",
        }
      : {}),
  });
}
