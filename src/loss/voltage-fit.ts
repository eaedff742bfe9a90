/** Least squares of a state on a trace: a recorded potential, say. */
import { checkOptions, fail, float32Number, isNumbers, list, type Names, type Numbers, show } from "../checks.js";
import type { NeuronName, NeuronNames } from "../network/populations.js";
import { planObserved, type StatesOptions } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Loss } from "./loss.js";
import { pathLoss } from "./path-loss.js";

export interface VoltageFitOptions {
  /** The state that the trace is of; default `v`. */
  readonly state?: string;
  /** Neurons, by number or name (`out[3]`; `out`: all of a population); default `[0]`. */
  readonly neurons?: NeuronNames;
  /** Times of the trace, on the grid of the solution, rising; or every so much time from t0 on, up to t1. */
  readonly times: StatesOptions["times"];
  /** Values of the trace at these: [times] of one neuron, or [times][neurons]. */
  readonly values: Numbers | readonly Numbers[];
}

const names: Names<VoltageFitOptions> = { state: true, neurons: true, times: true, values: true };

/** The values in one piece, [times][neurons]. */
function valuesOf(given: VoltageFitOptions["values"], neurons: number): number[] {
  if (isNumbers(given) && neurons === 1) return Array.from(given);
  const rows = Array.isArray(given) ? (given as readonly unknown[]) : undefined;
  if (!rows) fail("loss.values", `expected a list of numbers, got ${show(given)}`);
  return rows.flatMap((row, i) => {
    if (!isNumbers(row) || row.length !== neurons)
      fail(`loss.values[${i}]`, `expected ${neurons} numbers, one for each neuron, got ${show(row)}`);
    return Array.from(row);
  });
}

/**
 * Mean over paths, times and neurons of (state − trace)²: each path's own distance. For a path y of mean m and a trace x that is
 * E(y − x)² = (m − x)² + var(y): noise counts, so that a fit of noise amplitudes by it goes to 0.
 *
 * A state that resets jumps where a spike crosses one of the times: results say so (`unbiased: false`).
 * @throws SaltationError `invalid-input`, for values that are not as many as times when its plan is known.
 */
export function voltageFit(options: VoltageFitOptions): Loss {
  checkOptions("loss", options, names);
  const { state = "v", times } = options;
  if (typeof state !== "string") fail("loss.state", `expected the name of a state, got ${show(state)}`);
  const { neurons = [0] } = options;
  const named = typeof neurons === "string" || typeof neurons === "number";
  // How many a name means is known once there is a network.
  const listed =
    !named && !Array.from<NeuronName>(list("loss.neurons", neurons, "neurons")).some((k) => typeof k === "string");
  const first: unknown = (options.values as ArrayLike<unknown> | undefined)?.[0];
  const wide = isNumbers(first) ? first.length : 1;
  const width = listed ? list("loss.neurons", neurons, "neurons").length : wide;
  const values = valuesOf(options.values, width);
  values.forEach((v, n) => {
    float32Number(`loss.values[${n}]`, v);
  });
  const count = values.length;
  if (count === 0) fail("loss.values", "is empty; give one number or more");
  const kind = "voltage-fit";
  const states = { of: [state], neurons, times };
  const made = pathLoss({
    kind,
    states,
    continuous: true,
    data: values,
    code: /* wgsl */ `
fn path_loss(path: u32, count: u32) -> f32 {
  var sum = 0.0f;
  for (var n = 0u; n < ${count}u; n += 1u) {
    let d = state(n) - data[n];
    sum += d * d;
    add_state_cotangent(n, d * ${Math.fround(2 / count).toExponential()}f);
  }
  return sum / ${count}.0f;
}`,
    evaluate({ times: spikes }, _plan, _path, own) {
      let value = 0;
      const stateCotangents = own.map((y, n) => {
        const d = y - values[n]!;
        value += (d * d) / count;
        return (2 * d) / count;
      });
      return { value, cotangents: new Float64Array(spikes.length), stateCotangents };
    },
  });
  const checkPlan = (plan: SolvePlan): void => {
    const { steps, neurons: found } = planObserved(plan.network, states, plan, "loss.states");
    if (found.length !== width)
      fail("loss.neurons", `are ${found.length}, and loss.values have ${width} at each time; give one for each`);
    if (steps.length * width === count) return;
    fail("loss.values", `has ${count / width} values for ${steps.length} times; give one for each`);
  };
  return {
    ...made,
    checkPlan,
    evaluate(spikes, plan, observed) {
      checkPlan(plan);
      return made.evaluate!(spikes, plan, observed);
    },
    async gpu(gpu, plan, recordWords) {
      checkPlan(plan);
      return made.gpu!(gpu, plan, recordWords);
    },
  };
}
