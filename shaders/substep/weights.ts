/** Sums over the stages of a sub-step by their weights and nodes, for its derivatives. */
import { literal, type SubstepShape, sum } from "./stages.js";
import { byWeight, stagesBy, sumOf, type Tableau } from "./tableau.js";

/** A factor times a State; one that is 1 goes without saying. */
export const scaled = (factor: number, x: string): string =>
  factor === 1 ? x : `state_scale(${literal(factor)}, ${x})`;

/** The least weight of a stage: `weighed` counts in it. */
export const unitOf = ({ tableau }: SubstepShape): number =>
  Math.min(...tableau.weights.filter((w) => w > 0)) / sumOf(tableau.weights);

/** Sums over stages of equal weight, lightest first, with how often the least weight goes into theirs. */
export function weighed({ tableau }: SubstepShape, states: readonly (string | undefined)[]): [number, string][] {
  const groups = byWeight(tableau).reverse();
  return groups.flatMap(({ weight, stages }): [number, string][] => {
    const known = stages.flatMap((i) => states[i] ?? []);
    return known.length > 0 ? [[weight / groups[0]!.weight, sum(known)]] : [];
  });
}

/** The sum of states by the weights of their stages, over the least weight. */
export const weighedSum = (shape: SubstepShape, states: readonly (string | undefined)[]): string =>
  sum(weighed(shape, states).map(([multiple, state]) => scaled(multiple, state)));

/** Nodes above 0 with their stages. */
export const laterNodes = (tableau: Tableau): [number, number[]][] =>
  [...stagesBy(tableau.nodes)].filter(([node]) => node > 0);
