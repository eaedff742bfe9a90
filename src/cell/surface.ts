/**
 * Points on surfaces E = 0, and what expressions are there. Where a surface is affine in a state, the state is
 * eliminated; else points of a fixed sequence are taken to it by Newton's method in one input, from starts of several
 * sizes, so that a surface with several roots (π, −π, …) is met at several of them.
 */
import type { Channel } from "./channels.js";
import { vectorJacobian } from "./differentiate.js";
import { Evaluation, Graph, inputNames, isConstant, type Node, reachable } from "./graph.js";
import { isUniform } from "./random.js";
import type { Event, Jump } from "./tables.js";
import { type Effort, sequence, tooLong, vanishes } from "./vanishing.js";

/** A value of an input to be tried. @param r between 0 and 1, evenly. @param trial from 1. */
export type Draw = (name: string, r: number, trial: number) => number;

export interface Place {
  /** Expressions that are 0 there; none: anywhere. */
  readonly surfaces: readonly Node[];
  /** Names of inputs that may be moved to get there. */
  readonly movable: readonly string[];
  readonly draw: Draw;
  /** Whether it is known of states that they may have these values; all values where it is missing. */
  readonly allows?: (point: Point) => boolean;
}

export type Point = ReadonlyMap<string, number>;

const trials = 120;
const wanted = 24;
const mostSteps = 80;

/** Sizes of states and currents that are tried: of order one, a turn of a circle, and millivolts. */
const sizes = [2, 7, 0.3, 100];

/** A number of either sign, of a size that changes from trial to trial. */
export const ofAnySize = (r: number, trial: number): number => sizes[trial % sizes.length]! * (2 * r - 1);

/** A uniform u lies in (0, 1]. */
const possible = (point: Point): boolean => {
  for (const [name, value] of point) if (isUniform(name) && !(value > 0 && value <= 1)) return false;
  return true;
};

/**
 * Points on the surfaces of a place, each with where it was before it was taken there.
 * @param roots expressions that are to be evaluated there.
 */
export function pointsOn(
  g: Graph,
  { surfaces, movable, draw, allows = () => true }: Place,
  roots: readonly Node[],
  effort: Effort,
): { on: Point; off: Point }[] {
  const names = [...inputNames([...roots, ...surfaces])].sort();
  const inputs = movable.map((n) => g.input(n));
  const slopes = surfaces.map((s) => vectorJacobian(g, [s], [g.one], inputs));
  const movers = slopes.map((row) => row.flatMap((d, i) => (isConstant(d, 0) ? [] : [i])));
  if (movers.some((m) => m.length === 0)) return [];
  const evaluation = new Evaluation([...surfaces, ...slopes.flat()]);
  const found: { on: Point; off: Point }[] = [];
  for (let trial = 1; trial <= trials && found.length < wanted; trial++) {
    const off = new Map(names.map((n, i) => [n, draw(n, sequence(trial, i), trial)] as const));
    const on = new Map(off);
    const taken: number[] = [];
    // Each surface has an input of its own that is moved, not the same one in every trial.
    for (const m of movers) {
      const free = m.filter((i) => !taken.includes(i));
      if (free.length > 0) taken.push(free[trial % free.length]!);
    }
    if (taken.length < surfaces.length) return found;
    let far = surfaces.length > 0;
    for (let step = 0; far && step < mostSteps; step++) {
      if (!effort.spend(evaluation.size)) return found;
      const values = evaluation.at(on);
      far = false;
      taken.forEach((i, s) => {
        const name = movable[i]!;
        const x = on.get(name)!;
        const by = values[s]! / values[surfaces.length + s * inputs.length + i]!;
        on.set(name, x - by);
        // A step that is not a number stays far.
        if (!(Math.abs(by) <= 1e-12 * (1 + Math.abs(x)))) far = true;
      });
    }
    if (!far && possible(on) && allows(on) && [...on.values()].every(Number.isFinite)) found.push({ on, off });
  }
  return found;
}

/** The states that stand for others where a surface that is affine in one of them is 0. */
export function eliminated(g: Graph, surface: Node, states: readonly string[]): ReadonlyMap<Node, Node> {
  const y = states.map((n) => g.input(n));
  const slopes = vectorJacobian(g, [surface], [g.one], y);
  for (const [i, slope] of slopes.entries()) {
    const fixed = [...inputNames([slope])].every((n) => n.startsWith("p."));
    if (isConstant(slope, 0) || !fixed) continue;
    const rest = g.substitute(surface, new Map([[y[i]!, g.zero]]));
    return new Map([[y[i]!, g.neg(g.div(rest, slope))]]);
  }
  return new Map();
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * Whether an expression vanishes at a place; where that cannot be told, why.
 * @param terms those that cancel in it: its size.
 */
export function vanishesAt(
  g: Graph,
  root: Node,
  terms: readonly Node[],
  place: Place,
  effort: Effort,
): boolean | string {
  const everywhere = vanishes(root, terms, effort);
  if (everywhere === true || everywhere === tooLong || place.surfaces.length === 0) return everywhere;
  const roots = [root, ...terms];
  const evaluation = new Evaluation(roots);
  const points = pointsOn(g, place, roots, effort);
  if (!effort.spend(2 * points.length * evaluation.size)) return tooLong;
  const values = points
    .map(({ on, off }) => ({ on: evaluation.at(on), off: Math.abs(evaluation.at(off)[0]!) }))
    .filter(({ on }) => on.every(Number.isFinite));
  // How large it is elsewhere: on the surface both it and its terms may be 0 to rounding.
  const elsewhere = median(values.map((v) => v.off).filter((v) => v > 0 && Number.isFinite(v)));
  for (const { on } of values) {
    const [value, ...sizes] = on.map(Math.abs) as [number, ...number[]];
    if (value > 1e-9 * Math.max(1e-300, elsewhere, ...sizes)) return false;
  }
  return values.length > 0 || "has no finite value at any point tried of the surface";
}

/** What a choice a < b ? x : y in some expressions depends on: it changes where the surface is 0. */
export interface Choice {
  readonly node: Node;
  readonly surface: Node;
}

export const choicesIn = (g: Graph, roots: readonly Node[]): Choice[] =>
  reachable(roots)
    .filter((n) => n.op === "select")
    .map((node) => ({ node, surface: g.sub(node.args[0]!, node.args[1]!) }));

/** An expression with a choice made: with its first branch, and with its second. */
export const branchesOf = (g: Graph, root: Node, { node }: Choice): [Node, Node] => [
  g.substitute(root, new Map([[node, node.args[2]!]])),
  g.substitute(root, new Map([[node, node.args[3]!]])),
];

/** A graph of its own for expressions of another, and what copies them to it. */
export function copier(from: Graph): { graph: Graph; copy(root: Node): Node } {
  const graph = new Graph();
  for (const name of from.positive) graph.positive.add(name);
  const done = new Map<Node, Node>();
  const copy = (root: Node): Node => {
    for (const node of reachable([root])) {
      if (done.has(node)) continue;
      const { op, value, name, args } = node;
      const made =
        op === "constant"
          ? graph.constant(value)
          : op === "input"
            ? graph.input(name)
            : graph.rebuild(
                node,
                args.map((n) => done.get(n)!),
              );
      done.set(node, made);
    }
    return done.get(root)!;
  };
  return { graph, copy };
}

/** The parts of a cell that hold expressions. */
export interface Expressions {
  readonly graph: Graph;
  readonly channels: readonly Channel[];
  readonly drift: readonly Node[];
  readonly jumps: readonly Jump[];
  readonly events: readonly Event[];
}

/**
 * A cell with a graph of its own: what is built on that leaves no trace in the cell, whose nodes keep their order and
 * thereby every bit of what is emitted from them.
 */
export function withOwnGraph<C extends Expressions>(cell: C): C {
  const { graph, copy } = copier(cell.graph);
  const copied = (jump: Jump): Jump => ({ ...jump, value: jump.value.map(copy) });
  const jumps = new Map(cell.jumps.map((jump) => [jump, copied(jump)] as const));
  return {
    ...cell,
    graph,
    channels: cell.channels.map((c) => ({
      ...c,
      drives: c.drives.map((d) => ({ ...d, amplitude: copy(d.amplitude) })),
    })),
    drift: cell.drift.map(copy),
    jumps: [...jumps.values()],
    events: cell.events.map((e) => ({
      ...e,
      surface: copy(e.surface),
      level: copy(e.level),
      jump: jumps.get(e.jump) ?? copied(e.jump),
    })),
  };
}
