/** Whether the mean of a job's gradient is the derivative of its mean, as results have it; judge-mean.ts judges it. */
import { fail } from "../checks.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Loss } from "./loss.js";
import type { MeanVerdict } from "./result.js";

export interface JudgedMean extends MeanVerdict {
  /** Whether times of spikes are random at all. */
  readonly random: boolean;
}

/** The verdict on a gradient that was taken: paths may have been stopped. */
export function verdictOn(plan: SolvePlan, loss: Loss | undefined, judged: JudgedMean, stopped: number): MeanVerdict {
  const because = [...judged.because];
  if (stopped > 0 && judged.random && !stopsAtLast(plan, loss)) {
    because.push(`${stopped} paths stopped at maxSpikes = ${plan.maxSpikes}: which spikes come before that is random`);
  }
  return { unbiased: because.length === 0, because, terms: judged.terms };
}

/** Whether a path that is stopped has had all spikes that the loss looks at: those of its only neuron. */
export const stopsAtLast = ({ network }: SolvePlan, loss: Loss | undefined): boolean =>
  network.neurons === 1 && loss?.spikesNeeded !== undefined;

/** @throws SaltationError where it is not known that the mean of the gradient is the derivative of the mean. */
export function checkUnbiasedMean({ unbiased, because }: MeanVerdict): void {
  if (unbiased) return;
  fail(
    "requireUnbiased",
    `the mean of the gradient is not known to be the derivative of the mean: ${because.join("; ")}. ` +
      "Leave requireUnbiased out to take it as it is",
  );
}

/** @throws SaltationError for the gradient of a loss that jumps before t1, where no term has what comes and goes. */
export function checkInside(plan: SolvePlan, loss: Loss | undefined, names: readonly string[]): void {
  const where = names.length > 0 ? loss?.jumpsInside?.(plan) : undefined;
  if (where) fail("loss", `"${loss!.kind}": ${where}`);
}
