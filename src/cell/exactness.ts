/**
 * When is a pathwise gradient of spike times exact? Holberg & Salvi (2024), theorem 3.2, ask three things of a cell:
 *
 * 1. transversality: the drift crosses the event set, ∇E·f ≠ 0 there;
 * 2. noise does not drive the event: ∇E·g = 0;
 * 3. jump and noise commute: g(T(y)) = ∇T·g(y), for the reset and for what a target receives.
 *
 * Each is checked on the expression graph: by simplification, by signs, and where an identity does not simplify, by
 * its values at random points (an expression that vanishes at many independent random points vanishes identically but
 * for a chance of order rounding). What has no value at any of the points, or would take too long, is left unproven.
 */
import { alongChannel, type Channel, channelText, directionOf, sumOf } from "./channels.js";
import { jacobianVector, vectorJacobian } from "./differentiate.js";
import { Evaluation, type Graph, inputNames, isConstant, type Node, reachable } from "./graph.js";
import type { Event, Jump } from "./tables.js";

export type Verdict = "holds" | "unproven" | "violated";

export interface ExactnessCondition {
  readonly name: "transversality" | "noise does not drive the event" | "jump and noise commute";
  readonly verdict: Verdict;
  /** What was found, in one line. */
  readonly detail: string;
}

export interface Exactness {
  /** False where a condition is violated. */
  readonly exact: boolean;
  readonly conditions: readonly ExactnessCondition[];
}

interface CheckedCell {
  readonly graph: Graph;
  readonly states: readonly string[];
  readonly defaults: Readonly<Record<string, number>>;
  readonly channels: readonly Channel[];
  readonly drift: readonly Node[];
  readonly jumps: readonly Jump[];
  readonly events: readonly Event[];
}

type Sign = "positive" | "negative" | "zero" | "unknown";

/** Sign of an expression for all states, with parameters taken to keep the sign of their defaults. */
export function signOf(root: Node, defaults: Readonly<Record<string, number>>): Sign {
  const signs = new Map<Node, Sign>();
  const flip = (s: Sign): Sign => (s === "positive" ? "negative" : s === "negative" ? "positive" : s);
  const of = (value: number): Sign => (value > 0 ? "positive" : value < 0 ? "negative" : "zero");
  for (const node of reachable([root])) {
    const [a, b] = node.args.map((n) => signs.get(n)!) as [Sign, Sign];
    let sign: Sign = "unknown";
    switch (node.op) {
      case "constant":
        sign = of(node.value);
        break;
      case "input":
        if (node.name.startsWith("p.")) sign = of(defaults[node.name.slice(2)]!);
        if (sign === "zero") sign = "unknown";
        break;
      case "exp":
        sign = "positive";
        break;
      case "neg":
        sign = flip(a);
        break;
      case "mul":
      case "div":
        if (a === "zero") sign = "zero";
        else if (a !== "unknown" && b !== "unknown" && b !== "zero") sign = a === b ? "positive" : "negative";
        break;
      case "add":
        if (a === b || b === "zero") sign = a;
        else if (a === "zero") sign = b;
        break;
      case "sub":
        if (b === "zero" || (a === flip(b) && a !== "unknown")) sign = a;
        else if (a === "zero") sign = flip(b);
        break;
      case "min":
      case "max":
        if (a === b) sign = a;
        break;
      case "select": {
        const [x, y] = node.args.slice(2).map((n) => signs.get(n)!) as [Sign, Sign];
        if (x === y) sign = x;
        break;
      }
      default:
        break;
    }
    signs.set(node, sign);
  }
  return signs.get(root)!;
}

/**
 * What a check may cost, in operations of expressions built or evaluated: some tenths of a second. Counted and not timed, so that the
 * same definition gets the same verdict everywhere.
 */
const mostOperations = 1_000_000;

export class Effort {
  private left = mostOperations;

  /** @returns false where the effort is spent: then nothing more is to be done. */
  spend(operations: number): boolean {
    this.left -= operations;
    return this.left >= 0;
  }
}

/** Why it could not be told whether an expression vanishes. */
const noValue = "has no finite value at any of the points tried";
const tooLong = `takes more than ${mostOperations.toLocaleString("en")} operations to check`;

/**
 * Whether an expression vanishes for all values of its inputs; where that cannot be told, why.
 * @param terms those that cancel in it: its size.
 */
export function vanishes(root: Node, terms: readonly Node[], effort = new Effort()): boolean | string {
  if (isConstant(root, 0)) return true;
  if (root.op === "constant") return false;
  const roots = [root, ...terms];
  const evaluation = new Evaluation(roots);
  const { size } = evaluation;
  const names = [...inputNames(roots)].sort();
  // A fixed low-discrepancy sequence instead of chance: the same definition always gets the same verdict.
  let tried = 0;
  for (let trial = 1; trial <= 200 && tried < 24; trial++) {
    if (!effort.spend(size)) return tooLong;
    const point = new Map(
      names.map((n, i) => [n, 0.05 + 1.9 * ((trial * Math.sqrt(2 + 3 * i + i * i) + 0.37 * i) % 1)] as const),
    );
    const [value, ...sizes] = evaluation.at(point) as [number, ...number[]];
    if (![value, ...sizes].every(Number.isFinite)) continue;
    tried++;
    const scale = Math.max(1e-300, ...sizes.map(Math.abs));
    if (Math.abs(value) > 1e-9 * scale) return false;
  }
  return tried > 0 || noValue;
}

/** Some of a list, in words. */
const some = (list: readonly string[], most = 3): string =>
  list.slice(0, most).join("; ") + (list.length > most ? `; and ${list.length - most} more` : "");

/** A condition of several parts: those that violate it, and those that could not be told, with why. */
class Parts {
  readonly violated: string[] = [];
  private readonly untold = new Map<string, string[]>();

  add(part: string, holds: boolean | string): void {
    if (holds === true) return;
    if (holds === false) this.violated.push(part);
    else this.untold.set(holds, [...(this.untold.get(holds) ?? []), part]);
  }

  /** The verdict, with words for each. */
  verdict(
    name: ExactnessCondition["name"],
    holds: string,
    formula: string,
    violated: (parts: string) => string,
  ): ExactnessCondition {
    if (this.violated.length > 0) return { name, verdict: "violated", detail: violated(some(this.violated)) };
    if (this.untold.size === 0) return { name, verdict: "holds", detail: holds };
    const why = [...this.untold].map(([reason, parts]) => `${formula} ${reason} (${some(parts)})`);
    return { name, verdict: "unproven", detail: `${why.join("; ")}: whether the gradient is exact is not known` };
  }
}

/** Whether the drift crosses the surface of an event, from the rate ∇E·f. */
function crossing(rate: Node, defaults: CheckedCell["defaults"]): Pick<ExactnessCondition, "verdict" | "detail"> {
  if (isConstant(rate, 0)) {
    return {
      verdict: "violated",
      detail: "the drift never moves the event function (∇E·f is identically 0): the event cannot be crossed",
    };
  }
  if (signOf(rate, defaults) === "positive") return { verdict: "holds", detail: "∇E·f is positive everywhere" };
  return {
    verdict: "unproven",
    detail: "∇E·f is not positive everywhere: the gradient is exact only at crossings with ∇E·f ≠ 0",
  };
}

/** Checks the three conditions on a parsed cell, for each of its events and jumps. */
export function checkExactness(cell: CheckedCell): Exactness {
  const { graph: g, states, channels, events } = cell;
  const y = states.map((n) => g.input(`y.${n}`));
  const gradients = events.map((e) => vectorJacobian(g, [e.surface], [g.one], y));
  const effort = new Effort();

  const crossings = gradients.map((gradient, e) => {
    const rate = gradient.reduce((sum, d, i) => g.add(sum, g.mul(d, cell.drift[i]!)), g.zero);
    const { verdict, detail } = crossing(rate, cell.defaults);
    return { verdict, detail: events.length > 1 ? `${events[e]!.name}: ${detail}` : detail };
  });
  const worst = (["violated", "unproven"] as const).find((v) => crossings.some((c) => c.verdict === v)) ?? "holds";
  const transversality = { name: "transversality", ...crossings.find((c) => c.verdict === worst)! } as const;

  const driving = new Parts();
  gradients.forEach((gradient, e) => {
    const what = events.length > 1 ? ` at ${events[e]!.name}` : "";
    for (const channel of channels) {
      const along = alongChannel(g, gradient, channel);
      const sizes = [...(along.length > 1 ? along : []), ...channel.drives.map((d) => d.amplitude)];
      driving.add(`${channelText(states, channel)}${what}`, vanishes(sumOf(g, along), sizes, effort));
    }
  });
  const noise = driving.verdict(
    "noise does not drive the event",
    "∇E·g is identically 0",
    "∇E·g",
    (parts) =>
      `the noise on ${parts.replaceAll(";", ",")} moves the event function (∇E·g ≠ 0): ` +
      "use escape noise (a hazard integrated to a random threshold) in place of a hard threshold on a noisy state",
  );

  const clashing = new Parts();
  for (const { name: jumpName, value: jump, inputs } of cell.jumps) {
    if (!inputs.includes("y")) continue;
    const after = new Map(y.map((node, i) => [node, jump[i]!] as const));
    const jumpSize = reachable(jump).length;
    for (const channel of channels) {
      const driven = `with the noise on ${channelText(states, channel)}`;
      if (!effort.spend(jumpSize)) {
        clashing.add(`${jumpName} ${driven}`, tooLong);
        continue;
      }
      const moved = jacobianVector(g, jump, directionOf(y, channel));
      const amplitudesAfter = new Map(channel.drives.map((d) => [d.state, g.substitute(d.amplitude, after)] as const));
      states.forEach((name, r) => {
        const expected = amplitudesAfter.get(r) ?? g.zero;
        const holds = vanishes(g.sub(expected, moved[r]!), [expected, moved[r]!], effort);
        clashing.add(`${jumpName}.${name} ${driven}`, holds);
      });
    }
  }
  const commute = clashing.verdict(
    "jump and noise commute",
    "g(T(y)) = ∇T·g(y)",
    "g(T(y)) − ∇T·g(y)",
    (parts) =>
      `${parts} (g(T(y)) ≠ ∇T·g(y)): make the jump a shift (v - vReset) instead of a set value, ` +
      "or take the noise off that state",
  );

  const conditions = [transversality, noise, commute];
  return { exact: conditions.every((c) => c.verdict !== "violated"), conditions };
}
