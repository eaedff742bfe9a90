/**
 * How well the data determine parameters that were fitted by log-likelihood: standard errors, correlations, profiles,
 * criteria for the choice of a model, and whether the model stands for the data.
 */
import type { EngineNetwork } from "../engine.js";
import type { Loss } from "../loss/loss.js";
import type { SolveOptions } from "../plan/plan.js";
import type { Trainable } from "../train/trainable.js";
import type { Profile } from "./profile.js";
import type { TimeRescaling } from "./time-rescaling.js";

export interface ConfidenceOptions extends Omit<SolveOptions, "paths"> {
  /** Of no matter: no path is drawn. */
  readonly paths?: number;
  /** The loss of the fit, a `logLikelihood`; all its trials count, whatever its batch. */
  readonly loss: Loss;
  /** What was fitted, as `train` takes it: constraints and masks hold. */
  readonly trainable: readonly (string | Trainable)[];
  /** Fitted values by name, as `updated` of a training step's `values()`; default those of the network. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Probability of intervals and bands. Default 0.95. */
  readonly level?: number;
  /**
   * Where log L is taken for a parabola: in the coordinates of the constraints (`unconstrained`, the default), whose
   * intervals are taken back to the parameters and keep the constraints; or in the parameters themselves (`natural`).
   */
  readonly coordinates?: "unconstrained" | "natural";
  /** Go on to the maximum of log L first, from the values given. Default false; profiles always do. */
  readonly refine?: boolean;
  /** Entries of which a profile is wanted, by the names of the results (`vTh`, `weights[3]`), or all. */
  readonly profile?: readonly string[] | "all";
}

/** One fitted number. What is not known is NaN. */
export interface ParameterConfidence {
  /** Its name, with its place in parameters of several numbers. */
  readonly parameter: string;
  readonly value: number;
  /** From the observed Fisher information; in unconstrained coordinates by the delta method. */
  readonly standardError: number;
  /** value ± z standard errors in the coordinates that were asked for. */
  readonly interval: readonly [lower: number, upper: number];
  /** From the sandwich: right also where the model is not, if trials are independent. */
  readonly robustStandardError: number;
  /** Where the value stands at a bound: it has no standard error then, and the others are for it held there. */
  readonly atBound?: "lower" | "upper";
}

export interface Confidence {
  readonly level: number;
  readonly coordinates: "unconstrained" | "natural";
  /** Whether values were taken on to the maximum. */
  readonly refined: boolean;
  readonly parameters: readonly ParameterConfidence[];
  /** The values by name in the shapes in which they were given: refined ones if that was asked for. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Of the parameters (not of coordinates), rows and columns in their order; NaN at bounds. */
  readonly covariance: readonly (readonly number[])[];
  readonly correlation: readonly (readonly number[])[];
  readonly robustCovariance: readonly (readonly number[])[];
  /** The sum over trials, in nats. */
  readonly logLikelihood: number;
  readonly trials: number;
  /** Observed spikes within t0 to t1. */
  readonly spikes: number;
  /** 2 k − 2 log L (Akaike 1974), with k fitted numbers. */
  readonly aic: number;
  /** k log n − 2 log L (Schwarz 1978), with n the number of spikes, the events of the process (Volinsky & Raftery 2000). */
  readonly bic: number;
  /** How far the values are from the maximum, in standard errors: √(gᵀ J⁻¹ g). */
  readonly toMaximum: number;
  /** Largest measured error of the information's entries, as parts of √(J_ii J_jj). */
  readonly informationError: number;
  readonly profiles: readonly Profile[];
  readonly goodness: TimeRescaling;
  readonly warnings: readonly string[];
}

/**
 * Standard errors, correlations and intervals of parameters that were fitted by log-likelihood, from the observed Fisher
 * information J = −∂² log L (Efron & Hinkley, Biometrika 65, 1978) and by the sandwich J⁻¹ B J⁻¹, where B sums outer
 * products of the scores of trials (White, Econometrica 50, 1982); AIC and BIC; profile likelihoods; and goodness of fit by time
 * rescaling (Brown et al. 2002). All by the float64 twin, whatever the engine's backend: differences of float32 gradients would be noise.
 * @throws SaltationError `invalid-input` for other losses; where the data do not determine a parameter or cannot tell some apart,
 *   which are named; and where log L is not smooth.
 */
export async function confidence(network: EngineNetwork, options: ConfidenceOptions): Promise<Confidence> {
  const { estimate } = await import("./estimate.js");
  return estimate(network, options);
}
