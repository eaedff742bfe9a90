/**
 * Whether a step is too long for an explicit method to be stable: then a state that decays is thrown further from rest by
 * every step, and what comes out is wrong at any number of paths. Looked at where paths begin and after a spike there.
 */
import { tableauOf } from "../../shaders/substep/tableau.js";
import { parameterInput, stateInput } from "../cell/cell.js";
import { Evaluation, evaluate, inputNames } from "../cell/graph.js";
import { jumpNamed } from "../cell/tables.js";
import { currentAt } from "../driver/current.js";
import { type Network, valueAt } from "../network/network.js";
import type { Method, SolvePlan } from "./plan.js";

/** How fast a state answers to itself: ∂f/∂y of it, per unit of time; below 0 it decays. */
export interface Rate {
  readonly state: string;
  readonly rate: number;
}

/** Neurons looked at, beside those with the least and the largest value of a parameter. */
const mostNeurons = 16;

/** One step of y′ = −y at dt = x, with the stages of a method. */
function amplification(method: Method, x: number): number {
  const { nodes, weights } = tableauOf(method);
  let [slope, sum, total] = [0, 0, 0];
  nodes.forEach((node, i) => {
    slope = -x * (1 + node * slope);
    sum += weights[i]! * slope;
    total += weights[i]!;
  });
  return 1 + sum / total;
}

const limits = new Map<Method, number>();

/** The largest rate · dt at which a decaying state decays in the method as well: 2 for `euler`, 2.785 for Runge-Kutta 4. */
export function stabilityLimit(method: Method): number {
  let limit = limits.get(method);
  if (limit === undefined) {
    let [low, high] = [0, 0.125];
    while (Math.abs(amplification(method, high)) <= 1 && high < 64) low = high++;
    for (let i = 0; i < 50; i++) {
      const middle = (low + high) / 2;
      if (Math.abs(amplification(method, middle)) <= 1) low = middle;
      else high = middle;
    }
    limit = low;
    limits.set(method, limit);
  }
  return limit;
}

/** Neurons whose rates are looked at: spread over the network, and the extremes of each parameter. */
function lookedAt({ neurons, parameters }: Network): Set<number> {
  const chosen = new Set<number>();
  if (parameters.every((p) => !p.perNeuron)) return chosen.add(0);
  for (let k = 0; k < neurons; k += Math.ceil(neurons / mostNeurons)) chosen.add(k);
  for (const p of parameters.filter((p) => p.perNeuron)) {
    let [least, most] = [0, 0];
    for (let k = 0; k < neurons; k++) {
      const v = valueAt(p, k);
      if (v < valueAt(p, least)) least = k;
      if (v > valueAt(p, most)) most = k;
    }
    chosen.add(least).add(most);
  }
  return chosen;
}

/** What was found, by network and the states that are left out. */
const known = new WeakMap<Network, Map<string, Rate | undefined>>();

/**
 * The state that decays fastest where paths begin, or after a spike there, by differences of the drift: of those that are
 * not taken exactly along their rates.
 */
export function fastestDecay(plan: Pick<SolvePlan, "network" | "current" | "exponential">): Rate | undefined {
  const { network, current, exponential } = plan;
  const found = known.get(network) ?? new Map<string, Rate | undefined>();
  known.set(network, found);
  const key = exponential.join(" ");
  if (found.has(key)) return found.get(key);
  const { cell } = network;
  const drifts = cell.drift.map((f) => new Evaluation([f]));
  const others = [...inputNames(cell.drift)].map((name) => [name, 0] as const);
  let worst: Rate | undefined;
  for (const k of lookedAt(network)) {
    const inputs = new Map<string, number>([
      ...others,
      ...network.parameters.map((p) => [parameterInput(p.name), valueAt(p, k)] as const),
    ]);
    for (const { input, kind } of cell.furtherRandom) inputs.set(input, kind === "uniform" ? 0.5 : 0);
    inputs.set("u", 0.5).set("I", currentAt(current, 0, k));
    const look = (values: readonly number[]): void => {
      cell.states.forEach((name, i) => {
        inputs.set(stateInput(name), values[i]!);
      });
      cell.states.slice(0, cell.states.length - cell.hidden).forEach((state, i) => {
        if (exponential.includes(state)) return;
        const step = 1e-6 * Math.max(1, Math.abs(values[i]!));
        const [up, down] = [1, -1].map((sign) => {
          inputs.set(stateInput(state), values[i]! + sign * step);
          return drifts[i]!.at(inputs)[0]!;
        }) as [number, number];
        inputs.set(stateInput(state), values[i]!);
        const rate = (up - down) / (2 * step);
        if (rate < (worst?.rate ?? 0)) worst = { state, rate };
      });
    };
    const start = evaluate(jumpNamed(cell, "start").value, inputs);
    look(start);
    for (const { jump } of cell.events) look(evaluate(jump.value, inputs));
  }
  found.set(key, worst);
  return worst;
}

/** The largest of dt, dt/2, dt/4 … that is at most so much: it divides what dt divides. */
export const halvedTo = (dt: number, most: number): number => dt / 2 ** Math.max(0, Math.ceil(Math.log2(dt / most)));

/** A number as messages have it. */
export const three = (x: number): string => String(Number(x.toPrecision(3)));

/** What is to be said where a state decays too fast for the step. */
export function beyondStability(plan: SolvePlan): string | undefined {
  const { dt, method } = plan;
  const decay = fastestDecay(plan);
  const limit = stabilityLimit(method);
  if (!decay || !(-decay.rate * dt > limit)) return undefined;
  const { state, rate } = decay;
  const most = limit / -rate;
  return (
    `time.dt: ${dt} is beyond the stability limit of "${method}": "${state}" decays at a rate of ${three(-rate)}, and ` +
    `rate · dt = ${three(-rate * dt)} is above ${three(limit)}, so the results are wrong; take a dt below ` +
    `${three(most)}, such as ${halvedTo(dt, most)}`
  );
}
