/** One Brownian path on grids of different steps: how a coarse step follows from the fine steps that it spans. */

/** Increment and space-time Lévy area of a path over one step. */
export interface PathStep {
  readonly increment: number;
  /** H = (1/h) ∫ (W_u − (u/h) W_h) du over the step (Foster, Lyons & Oberhauser 2020, definition 3.1). */
  readonly area: number;
}

/**
 * The increment and area over the union of consecutive fine steps of length h each: with W the path at a fine step's
 * start, ∫ over that step is h (W + ΔW/2 + H), and H of the union is its mean of W minus half its increment.
 */
export function coarsen(steps: readonly PathStep[]): PathStep {
  let [w, sum] = [0, 0];
  for (const s of steps) {
    sum += w + s.increment / 2 + s.area;
    w += s.increment;
  }
  return { increment: w, area: sum / steps.length - w / 2 };
}
