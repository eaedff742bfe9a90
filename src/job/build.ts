/** From a checked job to what the library takes: network, options, loss, optimiser. */
import { fail, wholeNumber } from "../checks.js";
import { combinedLoss } from "../loss/combined-loss.js";
import { crossEntropy } from "../loss/cross-entropy.js";
import { expectedSignatureLoss } from "../loss/expected-signature.js";
import { type ExpressionLossOptions, expressionLoss } from "../loss/expression-loss.js";
import { logLikelihood } from "../loss/log-likelihood.js";
import type { Loss } from "../loss/loss.js";
import { spikesOutside } from "../loss/observed.js";
import { type PayoffOptions, payoff } from "../loss/payoff.js";
import { psthLoss } from "../loss/psth.js";
import { rateRegulariser, silenceRegulariser } from "../loss/regularisers.js";
import { signatureMmdLoss, signatureScoreLoss } from "../loss/signature-kernel.js";
import { firstPassage, spikeCount, spikeRate } from "../loss/spike-count.js";
import { fanoFactor, interval } from "../loss/spike-statistics.js";
import { firstSpikes, meanSpikeTime } from "../loss/spike-times.js";
import { type TargetTimesOptions, targetTimes } from "../loss/target-times.js";
import { vanRossum } from "../loss/van-rossum.js";
import { type VoltageFitOptions, voltageFit } from "../loss/voltage-fit.js";
import type { NetworkDefinition } from "../network/network.js";
import type { NeuronName } from "../network/populations.js";
import type { StatesOptions } from "../plan/observed.js";
import type { SolveOptions } from "../plan/plan.js";
import type { SignatureSolver } from "../signature/definitions/solver.js";
import type { StaticKernel } from "../signature/definitions/static-kernel.js";
import { meanFirstTimes, type Trial } from "../spikes/trials.js";
import type { GradientJob, LossJob, OneLossJob, SolveJob, TrialsJob } from "./job.js";
import {
  always,
  type FileContext,
  fieldName,
  readSignal,
  readSignals,
  readTrials,
  type Span,
  trialsWithin,
} from "./recording.js";

export function networkOf(
  job: Pick<SolveJob, "network" | "input"> & Partial<Pick<SolveJob, "time">>,
  context: FileContext,
): NetworkDefinition {
  const inputSpikes = job.input?.spikes;
  return {
    ...job.network,
    ...(job.network.populations ? { populations: ownSignals(job.network.populations, context, job.time) } : {}),
    ...readSignals(job.input ?? {}, context, job.time),
    ...(inputSpikes ? { inputSpikes } : {}),
  } as NetworkDefinition;
}

/** Populations with their signals from the job's beginning on. */
function ownSignals(
  populations: NonNullable<SolveJob["network"]["populations"]>,
  context: FileContext,
  time: SolveJob["time"] | undefined,
): object {
  const each = Object.entries(populations).map(([name, population]) => {
    const field = `network.populations.${fieldName(name)}`;
    if ("sources" in population) return [name, population];
    if ("poisson" in population)
      return [name, { ...population, poisson: readSignal(population.poisson, `${field}.poisson`, context, time) }];
    return [name, { ...population, ...readSignals(population, context, time, field) }];
  });
  return Object.fromEntries(each);
}

/** The network with the parameters that it has while it is trained. */
export function trainedAs(network: NetworkDefinition, loss: LossJob): NetworkDefinition {
  if (loss.kind !== "log-likelihood" || !loss.parameters) return network;
  return { ...network, parameters: { ...network.parameters, ...loss.parameters } };
}

export function solveOptionsOf(job: Omit<SolveJob, "paths"> & { paths?: number }): SolveOptions {
  const { paths, time, method, seed, maxSpikes, antithetic, states, sampled } = job;
  return {
    ...(paths === undefined ? {} : { paths }),
    t1: time.t1,
    dt: time.dt,
    ...(time.t0 === undefined ? {} : { t0: time.t0 }),
    ...(method === undefined ? {} : { method: method as "levy" }),
    ...(seed === undefined ? {} : { seed }),
    ...(maxSpikes === undefined ? {} : { maxSpikes }),
    ...(antithetic === undefined ? {} : { antithetic }),
    ...(sampled === undefined ? {} : { samples: sampled }),
    ...(states === undefined ? {} : { states: given(states) as unknown as StatesOptions }),
  };
}

/** What is not given is not there: schemas leave out no field, and options take no undefined ones. */
const given = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** What a job asks of its gradients. */
export const requirementsOf = ({
  requireExact,
  requireUnbiased,
}: Pick<GradientJob, "requireExact" | "requireUnbiased">): { requireExact?: boolean; requireUnbiased?: boolean } => ({
  ...(requireExact === undefined ? {} : { requireExact }),
  ...(requireUnbiased === undefined ? {} : { requireUnbiased }),
});

/** @param until observed spikes from t1 up to here are put to another use. */
export function lossOf(
  loss: LossJob,
  observed: TrialsJob | undefined,
  context: FileContext,
  neurons: number,
  span: Span,
  until?: number,
): Loss {
  if (loss.kind === "sum") {
    const parts = loss.of.map(({ loss: one, weight = 1 }) => {
      return { weight, loss: lossOf(one, observed, context, neurons, span, until) };
    });
    return combinedLoss(parts);
  }
  const alone = aloneLossOf(loss);
  if (alone) return alone;
  if (observed === undefined) {
    fail("observed", `is missing; loss "${loss.kind}" compares with observed spike trains`);
  }
  const all = readTrials(observed, context, always, neurons);
  const outside = Array.isArray(observed) ? undefined : (observed as { outside?: "drop" }).outside;
  const left = spikesOutside(all, span, { outside, until });
  const made = trialsLoss(loss as Exclude<OneLossJob, { kind: Alone }>, trialsWithin(all, span), neurons, span);
  return left.length > 0
    ? { ...made, warnings: (plan, means) => [...left, ...(made.warnings?.(plan, means) ?? [])] }
    : made;
}

/** A loss that compares with no observed trains. */
export function aloneLossOf(loss: OneLossJob): Loss | undefined {
  const { kind, ...rest } = loss;
  const options = given(rest);
  switch (kind) {
    case "mean-spike-time":
      return meanSpikeTime(options.neuron as NeuronName | undefined, options.index as number | undefined);
    case "spike-count":
      return spikeCount(options);
    case "spike-rate":
      return spikeRate(options);
    case "fano-factor":
      return fanoFactor(options);
    case "interval":
      return interval(options);
    case "first-passage":
      return firstPassage(options);
    case "cross-entropy":
      return crossEntropy(options);
    case "target-times":
      return targetTimes(options as unknown as TargetTimesOptions);
    case "expression":
      return expressionLoss(options as unknown as ExpressionLossOptions);
    case "voltage-fit":
      return voltageFit(options as unknown as VoltageFitOptions);
    case "payoff":
      return payoff(options as unknown as PayoffOptions);
    case "rate":
      return rateRegulariser(options as unknown as Parameters<typeof rateRegulariser>[0]);
    case "silence":
      return silenceRegulariser(options as unknown as Parameters<typeof silenceRegulariser>[0]);
    default:
      return undefined;
  }
}

type Alone =
  | "mean-spike-time"
  | "spike-count"
  | "spike-rate"
  | "first-passage"
  | "fano-factor"
  | "interval"
  | "cross-entropy"
  | "target-times"
  | "expression"
  | "voltage-fit"
  | "payoff"
  | "rate"
  | "silence";

/** A loss that compares with observed trials. */
function trialsLoss(loss: Exclude<OneLossJob, { kind: Alone }>, trials: Trial[], neurons: number, span: Span): Loss {
  switch (loss.kind) {
    case "first-spikes": {
      const n = wholeNumber("loss.spikes", loss.spikes ?? 3, 1, 2 ** 20);
      return firstSpikes(meanFirstTimes(trials, neurons, n, span.t1), loss.error ?? "mse");
    }
    case "log-likelihood":
      return logLikelihood(trials, loss.batch === undefined ? {} : { batch: loss.batch });
    case "expected-signature": {
      const { depth, matching = false, levelWeights } = loss;
      return expectedSignatureLoss(trials, { depth, matching, ...(levelWeights ? { levelWeights } : {}) });
    }
    case "signature-mmd":
    case "signature-score": {
      const { static: kernel, solver } = loss;
      const options = {
        ...(kernel ? { static: kernel as StaticKernel } : {}),
        ...(solver ? { solver: solver as SignatureSolver } : {}),
      };
      if (loss.kind === "signature-score") return signatureScoreLoss(trials, options);
      return signatureMmdLoss(trials, { ...options, unbiased: loss.unbiased ?? true });
    }
    case "psth": {
      const { kind: _, bin, ...options } = loss;
      return psthLoss(trials, { bin, ...given(options) });
    }
    case "van-rossum":
      return vanRossum(trials, { tau: loss.tau, unbiased: loss.unbiased ?? true });
  }
}
