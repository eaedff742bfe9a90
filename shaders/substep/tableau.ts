/**
 * The methods of a step, as data: all that is particular to one. Each routine of a sub-step (its end, its stages, its
 * reverse, its derivatives) is written from a row here, for WGSL (advance, reverse, tangent.wgsl.ts) and in float64
 * (src/twin/advance.ts).
 */

/**
 * An explicit Runge-Kutta method each of whose stages starts from the slope of the one before: stage i is the flow at
 * rho + node_i h of y + node_i h k_(i-1), and the end is y + h Σ weight_i k_i / Σ weight_i. What its stages are follows
 * from the nodes, so a method that needs the slopes of more than one stage cannot be said.
 */
interface RungeKutta {
  /** Of the error in the step, where the flow is smooth. */
  readonly order: number;
  readonly nodes: readonly [0, ...number[]];
  /** Whole numbers, to be divided by their sum. */
  readonly weights: readonly number[];
}

/** A method and the path that drives it: none, a line in each grid step, a line and a parabola. */
interface AlongPath extends RungeKutta {
  readonly driver: "none" | "line" | "parabola";
}

/**
 * Noise at grid points alone, as a kick. The drift is frozen over a sub-step: where the event function crosses zero along
 * it is found as on a straight line, so there is one stage.
 */
interface AtGrid extends RungeKutta {
  readonly nodes: readonly [0];
  readonly driver: "grid";
}

export type Tableau = AlongPath | AtGrid;

const rungeKutta4 = { order: 4, nodes: [0, 0.5, 0.5, 1], weights: [1, 2, 2, 1] } as const;

/**
 * The tableau of each method.
 * @internal
 */
export const tableaux = {
  euler: { order: 1, nodes: [0], weights: [1], driver: "grid" },
  "wong-zakai": { ...rungeKutta4, driver: "line" },
  levy: { ...rungeKutta4, driver: "parabola" },
} as const satisfies Record<string, Tableau>;

export const tableauOf = (method: keyof typeof tableaux): Tableau => tableaux[method];

/** Whether states move along the path within steps, not by a kick at grid points. */
export const alongPath = ({ driver }: Tableau): boolean => driver !== "grid";

export const sumOf = (weights: readonly number[]): number => weights.reduce((sum, w) => sum + w, 0);

/** Stages (their indices) that share something, by what they share. */
export function stagesBy(values: readonly number[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  values.forEach((value, i) => {
    groups.set(value, [...(groups.get(value) ?? []), i]);
  });
  return groups;
}

/**
 * Stages of equal weight, heaviest first; those without weight are left out. In float32 slopes of equal weight are added
 * before they are scaled, which saves products, and the heavier sum goes first onto the state.
 */
export const byWeight = ({ weights }: Tableau): { weight: number; stages: number[] }[] =>
  [...stagesBy(weights)]
    .map(([weight, stages]) => ({ weight, stages }))
    .filter(({ weight }) => weight !== 0)
    .sort((a, b) => b.weight - a.weight);
