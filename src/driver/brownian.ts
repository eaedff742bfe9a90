/** One Brownian path on grids of different steps: coarse steps from fine ones, and fine ones drawn between coarse. */

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

/**
 * The two halves of a step of length h, drawn given the whole: Brownian bridge with space-time Lévy area (Foster, Lyons &
 * Oberhauser 2020; Jelinčič, Foster & Kidger 2024). With D = ΔW₁ − ΔW₂, S = H₁ + H₂ and A = H₁ − H₂ of the halves, the
 * whole has ΔW = ΔW₁ + ΔW₂ and H = D/4 + S/2, where D ~ N(0, h) and S, A ~ N(0, h/12) are independent of each other and
 * of ΔW. So D given H is N(3 H, h/4), S follows from D and H, and A is free. `coarsen` of the halves is the whole again.
 * @param halves is given increment and area of the first half, then those of the second.
 * @param z0 and `z1`: independent standard normals.
 */
export function halve(halves: Float64Array, increment: number, area: number, h: number, z0: number, z1: number): void {
  const difference = 3 * area + 0.5 * Math.sqrt(h) * z0;
  const sum = 2 * area - difference / 2;
  const free = Math.sqrt(h / 12) * z1;
  halves[0] = (increment + difference) / 2;
  halves[1] = (sum + free) / 2;
  halves[2] = (increment - difference) / 2;
  halves[3] = (sum - free) / 2;
}
