/** The true network that a training job draws its observed trains from. */
import { fail, wholeNumber } from "../checks.js";
import { SaltationError } from "../errors.js";
import { mostKept, needsTruth, RecoveryTest, type TruthOptions, truthOf, truthSolve } from "../experiments/recovery.js";
import { defineNetwork, type NetworkDefinition } from "../network/network.js";
import { planSolve, type SolveOptions } from "../plan/plan.js";
import type { SimulatedJob, TrainJob } from "./job.js";
import { type FileContext, readSignals } from "./recording.js";

export interface Truth {
  readonly network: NetworkDefinition;
  readonly options: TruthOptions;
  readonly how: SolveOptions;
}

/** Says an error of the true network at the field of `observed.simulate` that gives the value, where one does. */
function atSimulate(error: unknown, given: SimulatedJob["simulate"]): never {
  if (!(error instanceof SaltationError)) throw error;
  const { field: at = "", message } = error;
  const field = at.replace(/^(network|input|time)\./, "");
  const [first = "", second = ""] = field.split(/[.[]/);
  const known = first === "parameters" ? second in (given.parameters ?? {}) : first in given;
  return known ? fail(`observed.simulate.${field}`, message.slice(at.length + 2)) : fail("observed.simulate", message);
}

/**
 * The true network of a job whose observed trains are simulated, checked.
 * @throws SaltationError `invalid-input` naming the field.
 */
export function truthOfJob(
  job: TrainJob,
  model: NetworkDefinition,
  solve: SolveOptions,
  context: FileContext,
): Truth | undefined {
  if (!job.observed || Array.isArray(job.observed) || !("simulate" in job.observed)) {
    if (job.test) needsTruth();
    return undefined;
  }
  const { current, inputs, ...rest } = job.observed.simulate;
  const read = readSignals(
    { ...(current === undefined ? {} : { current }), ...(inputs === undefined ? {} : { inputs }) },
    context,
    job.time,
  );
  const options = { ...rest, ...read } as TruthOptions;
  wholeNumber("observed.simulate.paths", options.paths, 1, mostKept);
  const network = truthOf(model, options);
  const how = truthSolve(solve, options);
  try {
    planSolve(defineNetwork(network), how);
  } catch (error) {
    atSimulate(error, job.observed.simulate);
  }
  if (job.test) RecoveryTest.check(job.test);
  return { network, options, how };
}
