/** Which parameters are trained, under which constraints, and which of their entries. */
import { checkOptions, fail, finiteNumber, type Names, oneOf, show } from "../checks.js";
import type { View } from "../plan/layout.js";
import type { LearningRate } from "./schedule.js";
import { type Transform, type TransformName, transformOf } from "./transform.js";

/**
 * Which entries of a parameter are trained: true or false in the shape in which the parameter was given (for edges, one
 * for each edge), or `nonzero` for those whose first value is not 0.
 */
export type Mask = "nonzero" | MaskShape;
export type MaskShape = boolean | readonly MaskShape[];

/** A parameter to train. */
export interface Trainable {
  /** The cell's, `weights` or `current`. */
  readonly name: string;
  /** `softplus` or `exp` keep it positive, `sigmoid` within `bounds`. Default `none`, or `sigmoid` where bounds are given. */
  readonly transform?: TransformName;
  readonly bounds?: readonly [lower: number, upper: number];
  /** Default: all entries. */
  readonly mask?: Mask;
  /** The group whose optimiser moves it. */
  readonly group?: string;
  /** Instead of a group: the run's optimiser with a learning rate of its own. */
  readonly learningRate?: LearningRate;
}

const trainableOptions: Names<Trainable> = {
  name: true,
  transform: true,
  bounds: true,
  mask: true,
  group: true,
  learningRate: true,
};

/** A name alone stands for all entries of a parameter without constraint. */
export const trainableOf = (given: string | Trainable): Trainable =>
  typeof given === "string" ? { name: given } : given;

/** @throws SaltationError `invalid-input` where it is no list. */
export function trainableNames(list: readonly (string | Trainable)[]): string[] {
  if (!Array.isArray(list)) fail("trainable", `expected a list of parameters, got ${show(list)}`);
  return list.map((t: string | Trainable, i) => {
    if (typeof t === "string") return t;
    checkOptions(`trainable[${i}]`, t, trainableOptions);
    return t.name;
  });
}

/**
 * The transform of a trainable parameter.
 * @throws SaltationError `invalid-input` for bounds that do not fit.
 */
export function readTransform(field: string, { transform, bounds }: Trainable): Transform {
  const names = ["none", "softplus", "exp", "sigmoid"] as const;
  const name = oneOf(`${field}.transform`, transform ?? (bounds ? "sigmoid" : "none"), names);
  if (name !== "sigmoid") {
    if (bounds) fail(`${field}.bounds`, `do not go with transform "${name}"; use "sigmoid", or leave one of them out`);
    return transformOf(name);
  }
  if (!Array.isArray(bounds) || bounds.length !== 2) {
    fail(`${field}.bounds`, `expected [lower, upper], got ${show(bounds)}`);
  }
  const [lower, upper] = bounds as unknown as [number, number];
  finiteNumber(`${field}.bounds[0]`, lower);
  if (!(finiteNumber(`${field}.bounds[1]`, upper) > lower)) {
    fail(`${field}.bounds`, `expected a lower bound below the upper one, got ${show(bounds)}`);
  }
  return transformOf(name, [lower, upper]);
}

/** The place of an entry that no solve reads. */
const nowhere = -1;

/** Follows a mask and the places of a parameter's entries, in the same shape, and marks what is to be trained. */
function follow(field: string, mask: unknown, places: unknown, marked: boolean[]): void {
  if (typeof places === "number") {
    if (typeof mask !== "boolean") fail(field, `expected true or false, got ${show(mask)}`);
    if (places !== nowhere) marked[places] = mask;
    return;
  }
  const list = places as unknown[];
  if (!Array.isArray(mask)) {
    fail(field, `expected ${list.length} entries in the parameter's shape, or "nonzero", got ${show(mask)}`);
  }
  if (mask.length !== list.length) {
    fail(field, `expected ${list.length} entries in the parameter's shape, got ${mask.length}`);
  }
  list.forEach((place, i) => {
    follow(`${field}[${i}]`, mask[i], place, marked);
  });
}

/**
 * Which entries of a view are trained.
 * @param values the view's first values.
 * @throws SaltationError `invalid-input` for a mask of another shape.
 */
export function readMask(field: string, mask: Mask | undefined, view: View, values: ArrayLike<number>): boolean[] {
  if (mask === undefined) return new Array<boolean>(view.length).fill(true);
  if (mask === "nonzero") return Array.from(values, (v) => v !== 0);
  const marked = new Array<boolean>(view.length).fill(false);
  const all = Array.from({ length: view.length }, (_, i) => i);
  const beyond = view.beyond.map(() => nowhere);
  const places = view.numbers ? view.numbers(all) : view.shape(all, beyond);
  follow(`${field}.mask`, mask, places, marked);
  return marked;
}
