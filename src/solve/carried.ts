/**
 * Whether a GPU, whose numbers are float32, carries what rounding leaves of the increments of states and gradients
 * (shaders/shared/carry.wgsl.ts). Where increments are small beside the state they are rounded the same way step after
 * step, and what is lost adds up. States then take twice the memory, and on a software adapter a run took 3 to 8 % more
 * time with one neuron (gradients 11 to 14 %) and 13 to 41 % with a network of 30. So it is done where it matters: in long
 * runs, and where a look at the flow says so. That depends on the plan's values and grid alone, not on its seed. A solver to
 * which it costs little does it always (neuron-windows.ts).
 */
import { carryProbe } from "../../shaders/shared/carry.wgsl.js";
import { evaluate } from "../cell/graph.js";
import type { Gpu } from "../gpu/index.js";
import type { Network } from "../network/network.js";
import type { SolvePlan } from "../plan/plan.js";
import { points } from "../plan/points.js";
import { withHeld } from "./held.js";

/**
 * From so many steps on increments are carried whatever they are: each rounding loses up to 2⁻²⁴ of a number, and half of
 * that where it is a sum that grows. A gradient sums over the steps in any case, and so is right to `tolerance` only where
 * they are fewer.
 */
const longRun = 2 ** 14;
const longGradient = 2 ** 12;

/** The error of a spike time, as a part of the time that led to it, above which increments are carried. */
export const tolerance = 1e-4;

/** Rounding of a step, as a part of how far it moves a state, from which on it is worth a look. */
const suspicion = 1e-3;

/** From so many steps on the flow is looked at in any case: it may lead to where steps are small beside the state. */
const worthLook = 2 ** 10;

/** Whether a step moves a state by little more than its rounding. */
function movesLittle(plan: SolvePlan): boolean {
  for (const { values, inputs } of points(plan)) {
    const slopes = evaluate(plan.network.cell.drift, inputs);
    if (slopes.some((f, i) => f !== 0 && Math.abs(f) * plan.dt * suspicion < Math.abs(values[i]!) * 2 ** -24))
      return true;
  }
  return false;
}

/** What a plan is solved for. */
export interface Use {
  /** Gradients or sensitivities. */
  readonly differentiates?: boolean;
  /** A likelihood, in which events are observed. */
  readonly forced?: boolean;
}

/** What was found, by network and what else it depends on: a network is solved again and again. */
const found = new WeakMap<Network, Map<string, Promise<boolean>>>();

function matters(plan: SolvePlan, use: Use): Promise<boolean> {
  const { network, t0, dt, steps, method } = plan;
  const known = found.get(network) ?? new Map<string, Promise<boolean>>();
  found.set(network, known);
  const key = [t0, dt, steps, method, use.differentiates, use.forced].join(" ");
  const answer = known.get(key) ?? lookedAt(plan, use);
  known.set(key, answer);
  answer.catch(() => known.delete(key));
  return answer;
}

async function lookedAt(plan: SolvePlan, { differentiates = false, forced = false }: Use): Promise<boolean> {
  if (plan.steps > (differentiates ? longGradient : longRun)) return true;
  if (plan.steps < worthLook && !movesLittle(plan) && !forced) return false;
  const { roundingError } = await import("../twin/rounding.js");
  try {
    return roundingError(plan, forced) > tolerance;
  } catch (error) {
    if (error instanceof EvalError) return true; // the page allows no code from text, which the twin is
    throw error;
  }
}

/** Whether sums on the device keep what is carried. */
export async function tryCarry(gpu: Gpu, probe = carryProbe): Promise<boolean> {
  const count = 1000;
  const operands = Float32Array.from({ length: 64 }, (_, i) =>
    i % 2 === 0 ? Math.cos(1 + 7 * i) + 1.5 : 2 ** -25 * (1 + i / 64),
  );
  const kernel = await gpu.kernel(probe);
  const given = gpu.upload("operands", operands);
  const sums = gpu.buffer("sums", operands.byteLength);
  try {
    const batch = gpu.batch("carry").dispatch(kernel, { uniform: { count }, operands: given, sums, groups: 1 });
    const read = batch.read(sums);
    batch.submit();
    const got = new Float32Array(await read);
    return Array.from({ length: 32 }, (_, i) => 2 * i).every((i) => {
      const exact = operands[i]! + count * operands[i + 1]!;
      return Math.abs(got[i]! + got[i + 1]! - exact) <= 2 ** -40 * exact;
    });
  } finally {
    given.dispose();
    sums.dispose();
  }
}

const known = new WeakMap<Gpu, Promise<boolean>>();

function keepsCarry(gpu: Gpu): Promise<boolean> {
  let answer = known.get(gpu);
  if (!answer) {
    answer = tryCarry(gpu);
    known.set(gpu, answer);
    answer.catch(() => known.delete(gpu)); // a lost device, say
  }
  return answer;
}

/** The plan with its increments carried wherever the device can, unless they are decided. */
export async function carryWhereKept(gpu: Gpu, plan: SolvePlan): Promise<SolvePlan> {
  if (plan.increments) return plan;
  return (await keepsCarry(gpu)) ? withHeld({ ...plan, increments: "carried" }) : decideIncrements(gpu, plan);
}

/** The plan with its increments decided, unless they are. */
export async function decideIncrements(gpu: Gpu, given: SolvePlan, use: Use = {}): Promise<SolvePlan> {
  if (given.increments) return given;
  const plan = await withHeld(given);
  if (!(await matters(plan, use))) return { ...plan, increments: "rounded" };
  if (await keepsCarry(gpu)) return { ...plan, increments: "carried" };
  const warning =
    `a step of dt = ${plan.dt} moves a state by little more than the rounding of 32-bit floats, and this device does ` +
    `not keep what that loses: in ${plan.steps} steps spike times and gradients may be off by more than ${tolerance} ` +
    'of themselves; take a larger dt, or backend "cpu"';
  return { ...plan, increments: "rounded", warnings: [...(plan.warnings ?? []), warning] };
}
