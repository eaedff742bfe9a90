/**
 * Whether the tangents of a gradient go along with the forward solve, in place of a backward recursion, and what that takes. Loaded with
 * the first gradient of a neuron on the processor.
 */

import type { ForwardSingleShape } from "../../shaders/solve/forward-single.wgsl.js";
import type { PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import { tangentRows } from "../../shaders/solve/tangent-rows.wgsl.js";
import { type Direction, tangentText } from "../../shaders/solve/tangents.wgsl.js";
import type { Gpu, KernelOf } from "../gpu/index.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";

/** Directions of which tangents take less time than going back (docs/decisions.md). */
const most = 3;

/**
 * Operations of a drift, times directions, up to which they do. A sub-step is pushed in several places, and compilers write each
 * out: three directions of the cell of figure 1 are what was measured; longer equations would take longer to compile, or be too long.
 */
const longest = 150;

/**
 * The directions of a gradient of one neuron whose tangents go along: where they are few, each of one number, equations are short, and the loss looks at
 * times of spikes alone. Undefined where the gradient goes back.
 * @param pending the spikes that the gradient has a horizon term of.
 * @param length operations of the drift: what counts them is loaded with a solver, and in a file of its own would compress less well.
 */
export function directionsAhead(
  plan: SolvePlan,
  views: readonly View[],
  pending: readonly PendingEvent[],
  length: number,
): Direction[] | undefined {
  const { network, current, observed } = plan;
  const numbers = views.reduce((n, { length }) => n + length, 0);
  if (numbers === 0 || numbers > most || views.some(({ length }) => length !== 1)) return undefined;
  if (pending.length > 0 || observed || numbers * length > longest) return undefined;
  const of = ({ segment, state }: View): Direction | undefined => {
    if (state !== undefined) return undefined;
    if (segment === "current") return current.samples === 1 ? "current" : undefined;
    const parameter = network.cell.parameters.indexOf(segment);
    return parameter < 0 ? undefined : parameter;
  };
  const directions = views.flatMap((view) => of(view) ?? []);
  return directions.length === views.length ? directions : undefined;
}

/** What goes along, and the kernel that makes gradient rows of it. */
export interface Tangents extends NonNullable<ForwardSingleShape["tangents"]> {
  readonly kernel: Promise<KernelOf<ReturnType<typeof tangentRows>>>;
}

/** The tangents of a gradient that does not go back. */
export function tangentsOf(gpu: Gpu, ...of: Parameters<typeof directionsAhead>): Tangents | undefined {
  const directions = directionsAhead(...of);
  return (
    directions && {
      directions: directions.length,
      text: (shape, word) => tangentText(shape, directions, word),
      kernel: gpu.kernel(tangentRows(directions.length)),
    }
  );
}
