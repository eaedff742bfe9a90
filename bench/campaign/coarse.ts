/**
 * Whether a job's steps are too coarse for its equations: a sub-step gives an event function that two halves of it do not
 * give, by a tenth. The method's own error is then what the backends differ by: places of events are as uncertain.
 */
import { compileCell } from "../../src/cell/emit-js.js";
import { networkOf, solveOptionsOf } from "../../src/io/build.js";
import type { SolveJob } from "../../src/io/job.js";
import type { FileContext } from "../../src/io/recording.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/solve/plan.js";
import { Stepper } from "../../src/twin/advance.js";
import { neuronParameters, PathSolver, plannedCurrent } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";

const tolerated = 0.1;

/** For jobs of which every part stands in the job itself. */
export const noFiles: FileContext = {
  open: (field) => {
    throw new Error(`${field} names a file`);
  },
};

export function tooCoarse(job: SolveJob): boolean {
  const plan = planSolve(defineNetwork(networkOf(job, noFiles)), solveOptionsOf(job));
  const { cell: definition } = plan.network;
  const cell = compileCell(definition);
  const parameters = neuronParameters(plan);
  const stepper = new Stepper(cell, plan.method, plan.dt);
  const solver = new PathSolver(plan, cell, counterNoise(plan));
  const [whole, half] = [new Float64Array(definition.states.length), new Float64Array(definition.states.length)];
  for (let path = 0; path < plan.paths; path++) {
    for (const o of solver.solve(path, true).operations) {
      if (o.kind !== "advance") continue;
      const p = parameters[o.neuron]!;
      const current = plannedCurrent(plan, o.step, o.neuron);
      // The whole rest of the step, which is what is tried.
      const h = plan.dt - o.r;
      stepper.advance(whole, o.before, o.r, h, o.driver, p, current);
      stepper.advance(half, o.before, o.r, h / 2, o.driver, p, current);
      stepper.advance(half, half, o.r + h / 2, h / 2, o.driver, p, current);
      const [start, a, b] = [cell.event(o.before, p), cell.event(whole, p), cell.event(half, p)];
      if (!(Math.abs(a - b) <= tolerated * Math.max(1, Math.abs(start)))) return true;
    }
  }
  return false;
}
