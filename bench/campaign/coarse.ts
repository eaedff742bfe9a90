/**
 * Why places of events are uncertain, if they are: the steps of a job are too coarse for its equations, as a sub-step gives
 * an event function that two halves of it do not give, by a tenth; or the event function jumps along a sub-step to an event,
 * as a condition in the equations changes there. What backends differ by is then the method's own error.
 */
import { SaltationError } from "../../src/errors.js";
import { networkOf, solveOptionsOf } from "../../src/job/build.js";
import type { SolveJob } from "../../src/job/job.js";
import type { FileContext } from "../../src/job/recording.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { compileFor } from "../../src/twin/compile.js";
import { stepperOf } from "../../src/twin/exponential.js";
import { PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";

const tolerated = 0.1;

/** Whether a function jumps within [0, h]: its steepest part stays as high however often it is halved. */
function jumps(f: (h: number) => number, h: number): boolean {
  const at = Array.from({ length: 65 }, (_, i) => f((h * i) / 64));
  const rises = at.slice(1).map((e, i) => Math.abs(e - at[i]!));
  const first = Math.max(...rises);
  let [low, high] = [h * (rises.indexOf(first) / 64), h * ((rises.indexOf(first) + 1) / 64)];
  let rise = first;
  for (let n = 0; n < 16; n++) {
    const middle = 0.5 * (low + high);
    const [a, b, c] = [f(low), f(middle), f(high)];
    if (Math.abs(b - a) > Math.abs(c - b)) [high, rise] = [middle, Math.abs(b - a)];
    else [low, rise] = [middle, Math.abs(c - b)];
  }
  return rise > 0.1 * first;
}

/** For jobs of which every part stands in the job itself. */
export const noFiles: FileContext = {
  open: (field) => {
    throw new Error(`${field} names a file`);
  },
};

/** What is refused where it is solved, though another number of paths or a moved digit was not, is at the edge of that. */
function solvedOr<T>(solve: () => T): T | undefined {
  try {
    return solve();
  } catch (error) {
    if (error instanceof SaltationError) return undefined;
    throw error;
  }
}

export function uncertainPlaces(job: SolveJob): "too coarse a step" | "a condition changes at the event" | undefined {
  const plan = planSolve(defineNetwork(networkOf(job, noFiles)), solveOptionsOf(job));
  const { cell: definition } = plan.network;
  const cell = compileFor(plan);
  const stepper = stepperOf(cell, plan.method, plan.dt);
  const solver = new PathSolver(plan, cell, counterNoise(plan));
  const [whole, half] = [new Float64Array(definition.states.length), new Float64Array(definition.states.length)];
  for (let path = 0; path < plan.paths; path++) {
    const solved = solvedOr(() => solver.solve(path, true));
    if (!solved) return "too coarse a step";
    for (const o of solved.operations) {
      if (o.kind !== "advance") continue;
      const { subStep } = o;
      const { p } = subStep;
      // The whole rest of the step, which is what is tried.
      const h = plan.dt - subStep.r;
      stepper.advance(whole, { ...subStep, h });
      stepper.advance(half, { ...subStep, h: h / 2 });
      stepper.advance(half, { ...subStep, y: half, r: subStep.r + h / 2, h: h / 2 });
      const [start, a, b] = [cell.event(subStep.y, p), cell.event(whole, p), cell.event(half, p)];
      if (!(Math.abs(a - b) <= tolerated * Math.max(1, Math.abs(start)))) return "too coarse a step";
      const along = (length: number): number => {
        stepper.advance(half, { ...subStep, h: length });
        return cell.event(half, p);
      };
      if (a >= 0 && jumps(along, h)) return "a condition changes at the event";
    }
  }
  return undefined;
}
