/** Spike records of a GPU that are full: whether a neuron in them fires without end, and why. */
import { recordReader, sourceEvent } from "../../shaders/shared/record.wgsl.js";
import type { SaltationError } from "../errors.js";
import type { Gpu } from "../gpu/index.js";
import { firesTooOften, mostPerStep } from "../plan/endless.js";
import type { SolvePlan } from "../plan/plan.js";
import type { SolvedChunk } from "./chunk-solver.js";

/** Neurons times steps that the float64 twin solves to find a cause: seconds. */
const mostSearched = 1e6;

/** The twin, which has the states, says why. */
async function refusal(plan: SolvePlan, path: number, neuron: number, step: number): Promise<SaltationError> {
  if (plan.network.neurons * (step + 1) <= mostSearched) {
    const { failureOf } = await import("../twin/failure.js");
    const failure = failureOf({ ...plan, steps: step + 1 }, path);
    if (failure) return failure;
  }
  const cause =
    `its reset does not take the event function below 0, or its rate is too high for dt = ${plan.dt}; ` +
    "check the reset, weights, currents and parameters";
  return firesTooOften(neuron, step, cause);
}

/** Paths whose records are looked at. */
const mostPaths = 64;

/**
 * Looks through the records of paths that fill them.
 * @throws SaltationError where a neuron fires more than `mostPerStep` times in a step.
 */
export async function checkRecord(gpu: Gpu, plan: SolvePlan, solved: SolvedChunk, recordWords: number): Promise<void> {
  const { paths, slots, events } = solved;
  const words = events?.words ?? recordWords;
  if (slots <= mostPerStep) return;
  const batch = gpu.batch("read record");
  const reads = [
    batch.read(events?.record ?? solved.record, 0, 4 * words * slots * paths),
    events
      ? batch.read(events.counts, 0, 4 * paths)
      : batch.read(solved.counts.storage, solved.counts.byteOffset, 4 * paths),
  ];
  batch.submit();
  const [data, counts] = (await Promise.all(reads)).map((buffer) => new Uint32Array(buffer)) as [
    Uint32Array,
    Uint32Array,
  ];
  const record = recordReader(data, words, paths);
  const full = Array.from(counts.keys()).filter((i) => counts[i]! >= slots);
  for (const i of full.slice(0, mostPaths)) {
    /** Of each neuron: the step at hand, and its spikes there. */
    const last = new Map<number, { step: number; count: number }>();
    for (let n = 0; n < slots; n++) {
      const { neuron, event } = events ? record.event(n, i) : { neuron: record.neuron(n, i), event: 0 };
      if (event >= sourceEvent) continue; // of no neuron
      const step = record.step(n, i);
      const known = last.get(neuron);
      if (known?.step !== step) last.set(neuron, { step, count: 1 });
      else if (++known.count > mostPerStep) throw await refusal(plan, solved.firstPath + i, neuron, step);
    }
  }
}
