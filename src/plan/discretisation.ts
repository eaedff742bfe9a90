/** What is known of the error that a run owes to its step: measured on some of its own paths (src/twin/discretisation.ts). */
import { checkOptions, type Names, positiveNumber } from "../checks.js";
import type { Rate } from "./stability.js";

export interface DiscretisationOptions {
  /**
   * Error above which there is a warning: of spike times as a part of the mean interval between spikes, of states as a
   * part of their size. Default 0.01.
   */
  tolerance?: number;
}

/** What derivatives of spike times owe to the step. */
export interface DerivativesDiscretisation {
  /** The parameter of the gradient by which they are furthest off. */
  readonly by: string;
  /**
   * By how much, as a part of the derivative at half the step: of the sum of spike times, as a mean over paths. 0 where it is not
   * beyond three standard errors of that. Infinite where a path only touches the surface of an event, so that a derivative is.
   */
  readonly relative: number;
  readonly paths: number;
  /** A step at which `relative` would be below five times the tolerance, where it is not and one was found. */
  readonly suggestedDt?: number | undefined;
  /** One line where `relative` is above five times the tolerance. */
  readonly warning?: string | undefined;
}

/** The error was measured. */
export interface MeasuredDiscretisation {
  readonly measured: true;
  /** The run's step; the comparison is with half of it. */
  readonly dt: number;
  /**
   * Of what: spike times; the intervals between them where spikes are given (a likelihood), so that errors do not add up;
   * states at the end where no path had a spike.
   */
  readonly of: "spike times" | "intervals" | "states";
  /** Paths that were solved again, from the run's first on, and up to which time. */
  readonly paths: number;
  readonly until: number;
  /**
   * Root mean square error. Of spike times in the unit of time: the n-th spike of a neuron is compared with its n-th
   * spike, and one that does not come counts as the end. Of intervals it is `intervalError`. Of states as a part of their size, the state with the largest.
   * Infinite where paths cannot be solved.
   */
  readonly error: number;
  /** Mean error: of spike times above 0 where they come late. */
  readonly bias: number;
  /** Mean interval between the spikes of a neuron, the first one's since t0; NaN where there are none. */
  readonly interval: number;
  /** Root mean square error and mean error of those intervals: what each adds to the errors of the times after it. */
  readonly intervalError: number;
  readonly intervalBias: number;
  /** `error` as a part of `interval`; of states, `error` itself. */
  readonly relative: number;
  /** Part of the spikes that exist at only one of the two steps. */
  readonly unmatched: number;
  /** The largest |∂f/∂y| of a state along the paths. */
  readonly fastest?: Rate | undefined;
  readonly tolerance: number;
  /** A step at which `relative` would be within the tolerance, where it is not and one was found. */
  readonly suggestedDt?: number | undefined;
  /** Of a gradient, where paths have spikes and it takes few enough steps. */
  readonly derivatives?: DerivativesDiscretisation | undefined;
  /** One line where `relative` is above the tolerance; or that of `derivatives`. */
  readonly warning?: string | undefined;
}

/** It was not, and why. */
export interface UnmeasuredDiscretisation {
  readonly measured: false;
  readonly dt: number;
  readonly why: string;
  readonly warning?: undefined;
}

export type Discretisation = MeasuredDiscretisation | UnmeasuredDiscretisation;

const names: Names<DiscretisationOptions> = { tolerance: true };

/** @throws SaltationError `invalid-input`. */
export function toleranceOf(options: DiscretisationOptions, field = "discretisation"): number {
  checkOptions(field, options, names);
  return positiveNumber(`${field}.tolerance`, options.tolerance ?? 1e-2);
}
