import { noiseNames, type SolverShape } from "../substep/solver.wgsl.js";

/** WGSL of a neuron's driver path in a step, of its numbers. */
export const noiseOf = (noise: number, number: (w: number) => string): string =>
  `Noise(${Array.from({ length: noise }, (_, w) => number(w)).join(", ") || "0.0f"})`;

/** A statement for each number of a driver path, and its name. */
export const eachNoise = (
  shape: Pick<SolverShape, "channels" | "tableau">,
  statement: (w: number, name: string) => string,
): string =>
  noiseNames(shape)
    .map((name, w) => `  ${statement(w, name)}`)
    .join("\n");
