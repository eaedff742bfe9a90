/** The kernel from which the backward recursion of a loss that jumps at t1 begins. Loaded with the first such gradient. */
import { recordWords } from "../../shaders/shared/record.wgsl.js";
import { type HorizonShape, horizonKernel, type PendingEvent } from "../../shaders/solve/horizon.wgsl.js";
import type { Cell } from "../cell/cell.js";
import type { Gpu, KernelOf } from "../gpu/index.js";
import { segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { gradientPlaces } from "./gradient-places.js";
import { solverShape } from "./shape.js";

/** Small, so that a training batch of a hundred paths still spreads over the processors. */
const workgroupSize = 32;

export type Horizon = KernelOf<ReturnType<typeof horizonKernel>>;

/** Whether any event of a cell ends the path, as it has but one. */
export const endsAll = ({ events }: Cell): boolean => events.length === 1 && events[0]!.terminal;

/**
 * @param places where the solver keeps what the kernel reads and writes.
 * @param pending the events of a hazard that are spikes (src/loss/horizon.ts).
 */
export async function horizonFor(
  gpu: Gpu,
  plan: SolvePlan,
  views: readonly View[],
  pending: readonly PendingEvent[],
  places: HorizonShape["places"],
): Promise<Horizon> {
  const { cell } = plan.network;
  const names = segmentsOf(views);
  const shape = await solverShape(plan, "reverse", names);
  const { gradientRows, entries, parts } = gradientPlaces(plan, views);
  // An event function has nothing of the current.
  const ofParameters = parts.filter(({ from }) => from !== "grad_current");
  const words = plan.network.connections.delays.length > 0 ? recordWords.arrivals : recordWords.neurons;
  const table = { gradientRows, parts: ofParameters, entries };
  const whole = { ...shape, ...table, recordWords: words, workgroupSize, pending, terminal: endsAll(cell), places };
  return gpu.kernel(horizonKernel(whole, `horizon ${cell.name} ${plan.method}`));
}
