/**
 * Whether 32-bit floats hold what a plan takes apart. A threshold of 10⁷ + 1 above a reset to 10⁷ is one of 1 or of 2 to them, and
 * cos(t) at t = 10⁸ anything: results would be wrong without a word. A look at the equations where paths begin, which takes
 * next to nothing, says whether to measure it.
 */
import { stateInput } from "../cell/cell.js";
import { evaluate, type Node } from "../cell/graph.js";
import { timeState } from "../cell/hybrid.js";
import type { Network } from "../network/network.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Point, points } from "../plan/points.js";

/** Rounding of a number, as a part of it. */
const rounding = 2 ** -24;

/** A part of a slope, or of the way to an event, that rounding moves: from so much on it is measured. */
const suspicion = 1e-3;

/** What equations give at a point, and by how much that moves with what they read, which is put back. */
function moved(nodes: readonly Node[], { inputs }: Point, states: readonly string[]): readonly (readonly number[])[] {
  const exact = evaluate(nodes, inputs);
  const read = [...inputs];
  for (const [name, value] of read) if (name !== "u") inputs.set(name, Math.fround(value));
  // States will come to have digits, whatever they have here; in directions of their own, as what is moved alike is not taken apart.
  states.forEach((name, i) => {
    const value = inputs.get(stateInput(name))!;
    inputs.set(stateInput(name), value * (1 + rounding * Math.cos(1 + 7 * i)));
  });
  const other = evaluate(nodes, inputs);
  for (const [name, value] of read) inputs.set(name, value);
  return exact.map((v, i) => [Math.abs(v), Math.abs(other[i]! - v)]);
}

/** Whether rounding moves what equations give where paths begin, or after an event there, by a part that may matter. */
function suspected(plan: SolvePlan): boolean {
  const { cell } = plan.network;
  const surfaces = cell.events.map((event) => event.level);
  const slopes = cell.drift.map(() => [0, 0]);
  const late = cell.states.includes(timeState) ? [plan.t1] : [];
  for (const point of points(plan)) {
    for (const t of [undefined, ...late]) {
      if (t !== undefined) point.inputs.set(stateInput(timeState), t);
      for (const [value, by] of moved(surfaces, point, cell.states))
        if (value! > 0 && by! > suspicion * value!) return true;
      moved(cell.drift, point, cell.states).forEach((pair, i) => {
        slopes[i] = slopes[i]!.map((most, n) => Math.max(most, pair[n]!));
      });
    }
  }
  return slopes.some(([most, by]) => most! > 0 && by! > suspicion * most!);
}

/** What was found, by network and what else it depends on: a network is solved again and again. */
const known = new WeakMap<Network, Map<string, Promise<string | undefined>>>();

async function lookedAt(plan: SolvePlan): Promise<string | undefined> {
  if (!suspected(plan)) return undefined;
  const { notHeld } = await import("../twin/seen.js");
  try {
    return notHeld(plan);
  } catch (error) {
    if (error instanceof EvalError) return undefined; // the page allows no code from text, which the twin is
    throw error;
  }
}

/** The plan, with a warning where 32-bit floats do not hold what it takes apart. */
export async function withHeld(plan: SolvePlan): Promise<SolvePlan> {
  const { network, t0, t1, dt, method } = plan;
  const answers = known.get(network) ?? new Map<string, Promise<string | undefined>>();
  known.set(network, answers);
  const key = [t0, t1, dt, method].join(" ");
  const answer = answers.get(key) ?? lookedAt(plan);
  answers.set(key, answer);
  const line = await answer;
  return line === undefined ? plan : { ...plan, warnings: [...(plan.warnings ?? []), line] };
}
