/** Distances of means from targets, and their derivatives: on a GPU they are those of shaders/loss/mean-coefficients.wgsl.ts. */
import type { MeanDistance } from "../../shaders/loss/mean-coefficients.wgsl.js";

export const distance: Record<MeanDistance, { of(d: number): number; derivative(d: number): number }> = {
  identity: { of: (d) => d, derivative: () => 1 },
  square: { of: (d) => d * d, derivative: (d) => 2 * d },
  absolute: { of: Math.abs, derivative: Math.sign },
  above: { of: (d) => Math.max(d, 0) ** 2, derivative: (d) => 2 * Math.max(d, 0) },
  below: { of: (d) => Math.min(d, 0) ** 2, derivative: (d) => 2 * Math.min(d, 0) },
};
