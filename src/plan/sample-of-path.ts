/** Paths of samples: each has some of the paths, one after the other, as its trials. */
import type { PlannedSamples } from "./samples.js";

/** The sample that a path is. */
export const sampleOfPath = ({ trials }: Pick<PlannedSamples, "trials">, path: number): number =>
  Math.floor(path / trials);
