/**
 * Whether a path only touches the surface of an event. There ∇E·f is 0, and the derivative of the event's time by anything that moves the
 * surface is infinite on one side and 0 on the other. In numbers ∇E·f is what rounding leaves of 0, and the derivative is 1/that:
 * of any size, and of no meaning.
 *
 * A path that crosses E = 0 at a rate r, and bends down at c, would come to r²/2c above it if it went on. That is compared with what E is
 * a sum of, for rounding is a part of the latter: its *clearance*.
 */
import type { Happening } from "../cell/emit-js.js";
import type { Stepper, SubStep } from "./advance.js";

/** Below this clearance rounding of float64, added up over a thousand operations, decides whether a path crosses. */
export const leastClearance = 2 ** -42;
/** The same of float32, over sixteen. */
export const leastClearance32 = 2 ** -20;

/** What is said where no step mends a derivative. */
export const tangential =
  "with: a path only touches the surface of an event or of a condition, to rounding (∇E·f is 0 there): derivatives are infinite on one side of " +
  "that and not on the other, and the gradient is either, or rounding; take parameters at which it is crossed, or not reached";

/** How far before the event the bend is looked at, as a part of the sub-step that ends there. */
const before = 1 / 32;
/** Rates that explain so much of the way up from the start of the sub-step are not looked into: there is little bend. */
const plain = 0.5;

/** What an event function is a sum of, to first order: the size of its terms. */
export function termsOf(gradient: ArrayLike<number>, values: ArrayLike<number>): number {
  let size = 0;
  for (let i = 0; i < gradient.length; i++) size += Math.abs(gradient[i]! * (values[i] ?? 0));
  return size;
}

/**
 * The clearance of an event that ends a sub-step; infinite where the path does not bend.
 * @param landed the state at the event.
 * @param rate ∇E times the derivative of that state by the length.
 * @param terms what E is a sum of there.
 */
export function clearanceOf(
  { surface }: Happening,
  stepper: Stepper,
  subStep: SubStep,
  landed: Float64Array,
  rate: number,
  terms: number,
): number {
  const { y, h, p } = subStep;
  const end = surface(landed, p);
  if (!(rate * h < plain * (end - surface(y, p)))) return Number.POSITIVE_INFINITY;
  const out = new Float64Array(y.length);
  stepper.advance(out, { ...subStep, h: (1 - before) * h });
  const up = before * h * rate;
  // By half the bend it is further below than its rate says.
  const half = end - surface(out, p) - up;
  return half > 0 ? up ** 2 / (4 * half * terms) : Number.POSITIVE_INFINITY;
}
