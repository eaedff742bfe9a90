/** What tasks of shards come to. */
import { SaltationError } from "../errors.js";
import type { RangeSums } from "../loss/loss.js";
import type { Numbers, TakenLoss } from "../loss/taken.js";
import type { SpikeTable } from "../spikes/table.js";
import type { StatisticPart } from "./kernel-statistic.js";
import type { Task } from "./split.js";

/** What an error says, where another may tell it. */
export interface Failure {
  readonly code: SaltationError["code"];
  readonly message: string;
  readonly field?: string;
}

/** Of simulated paths. */
export interface SimulatedRange {
  readonly spikes: number;
  readonly saturated: number;
  readonly largestCount: number;
  readonly warnings: readonly string[];
  /** Where they are kept. */
  readonly table?: SpikeTable;
  /** Those that the job asks for, [paths][entries]: a device's are float32. */
  readonly states?: Numbers;
}

/** Of a gradient. */
export interface GradientRange extends RangeSums {
  /** Where every path's are asked for: [1 + entries][paths]. */
  readonly rows?: Numbers;
}

/** Of a batch of other paths, from which standard errors come; for an estimator by the score with what that is made of. */
export interface BatchResult {
  readonly value?: number;
  readonly flat?: Float64Array;
  /** [1 + entries][paths]. */
  readonly rows?: Numbers;
}

/** What a task came to. */
export interface TaskResult {
  readonly task: Task;
  /** What it was computed on. */
  readonly adapter: string;
  readonly whole?: object;
  readonly simulated?: SimulatedRange;
  readonly gradient?: GradientRange;
  readonly taken?: TakenLoss;
  /** Of log-likelihoods: value and gradient of −log L of each trial, [1 + entries][trials]. */
  readonly likelihood?: Float64Array;
  readonly likelihoodWarnings?: readonly string[];
  /** Kernels of pairs of a Gram matrix. */
  readonly pairs?: Float64Array;
  readonly statistic?: StatisticPart;
  readonly batch?: BatchResult;
  readonly failed?: Failure;
}

export const failureOf = ({ code, message, field }: SaltationError): Failure => ({
  code,
  message,
  ...(field === undefined ? {} : { field }),
});

/** The error that a failure tells of. */
export const thrown = ({ code, message, field }: Failure): SaltationError =>
  new SaltationError(code, message, field === undefined ? {} : { field });

/** Results of tasks of a kind, sorted as the work was cut. */
export function inOrder(results: readonly TaskResult[], kind: Task["kind"]): TaskResult[] {
  const at = ({ task }: TaskResult): number => ("first" in task ? task.first : "batch" in task ? task.batch : 0);
  return results.filter((r) => r.task.kind === kind).sort((a, b) => at(a) - at(b));
}

/** @throws SaltationError what the first that failed met. */
export function checked(results: readonly TaskResult[]): readonly TaskResult[] {
  const failed = results.find((r) => r.failed);
  if (failed) throw thrown(failed.failed!);
  return results;
}

/** What a job itself would fail by: a batch whose states are not finite leaves its errors unknown, and no more. */
export const failedIn = (results: readonly TaskResult[]): Failure | undefined =>
  results.find((r) => r.failed && !(r.task.kind === "batch" && r.failed.code === "not-finite"))?.failed;
