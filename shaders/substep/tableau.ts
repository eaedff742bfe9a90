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
  /**
   * Where in a sub-step each stage reads the slope of a path whose noise is additive; other noise is read at the nodes.
   */
  readonly additivePlaces?: readonly number[];
  /** How states are taken along a rate of their own; where there is none, no state of a plan is. */
  readonly exponential?: Exponential;
}

/** Factors of φ₁, φ₂ and φ₃, where φ_k(z) = ∫₀¹ exp((1 - s) z) s^(k - 1) / (k - 1)! ds; at z = 0 they are 1, 1/2, 1/6. */
export type Phis = readonly [number, number, number];

/**
 * The same method for y' = a y + N, with a diagonal a: what a does is exact. With g_j = k_j - a (y_j - y), which is
 * N_j + a y, stage i starts from y + h (first_i g_1 + before_i g_(i-1)), with φ of node_i a h; the end is
 * y + h Σ weight_i g_i, with φ of a h. At a = 0 that is the row itself.
 */
export interface Exponential {
  /** Where its stages are others than those of the row. */
  readonly nodes?: readonly [0, ...number[]];
  /** Whether stages move only the states that have a rate: the rest stays where the sub-step began. */
  readonly alone?: boolean;
  /** By stage; those of the first are not looked at, and the second has its first stage for the one before. */
  readonly first: readonly Phis[];
  readonly before: readonly Phis[];
  readonly weights: readonly Phis[];
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

const none: Phis = [0, 0, 0];

const rungeKutta4 = {
  order: 4,
  nodes: [0, 0.5, 0.5, 1],
  weights: [1, 2, 2, 1],
  // Krogstad (2005), "ETD4RK-B". Its weights are those of Cox & Matthews (2002); its third and fourth stages are of the
  // second order for any a, and theirs are not, which shows in what a stiff state drives.
  exponential: {
    first: [none, none, [0.5, -1, 0], [1, -2, 0]],
    before: [none, [0.5, 0, 0], [0, 1, 0], [0, 2, 0]],
    weights: [
      [1, -3, 4],
      [0, 2, -4],
      [0, 2, -4],
      [0, -1, 4],
    ],
  } satisfies Exponential,
} as const;

/** Places at which a parabola has the slopes W + c H. */
const placesOfSlopes = (c: readonly number[]): number[] => c.map((factor) => (6 - factor) / 12);
const r = Math.sqrt(3);

/**
 * The tableau of each method.
 * @internal
 */
export const tableaux = {
  euler: {
    order: 1,
    nodes: [0],
    weights: [1],
    driver: "grid",
    // φ₂ puts a state with a rate to its mean over the sub-step, which is what others have of it: so a synapse delivers
    // its charge, whatever the step.
    exponential: {
      nodes: [0, 1],
      alone: true,
      first: [none, none],
      before: [none, [0, 1, 0]],
      weights: [none, [1, 0, 0]],
    },
  },
  "wong-zakai": { ...rungeKutta4, driver: "line" },
  // Stages go along the slope of the one before, so that what they have of additive noise are displacements: node_2 s_1,
  // node_3 s_2 and s_3, where s_i = W + c_i H is the slope that stage i reads and the parabola's at its place is
  // W + 6 (1 - 2 place_i) H. Read at the nodes the middle ones are W/2 + (3/2 ± 3/2) H; right is W/2 + 3/2 H, about which the
  // Brownian path has a variance of dt/16. With ± √3/2 H, of the same variance as H has dt/12, the mean of a square is
  // right, and so is Simpson's of all three; s_4 makes the sum W again. What is linear stays as it is: the sum of the
  // displacements, W/2 + H in the end, and by time W/2 - H.
  levy: { ...rungeKutta4, driver: "parabola", additivePlaces: placesOfSlopes([3 + r, 3 - r, 0, r - 9]) },
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
