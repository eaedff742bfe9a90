/** Neurons that fire more often than a step can tell apart, on either backend. */
import { SaltationError } from "../errors.js";
import type { Gpu } from "../gpu/index.js";
import type { SolvedChunk } from "./chunk-solver.js";
import type { SolvePlan } from "./plan.js";

/** Spikes of one neuron in one step: beyond, neighbours are no longer apart in a float32 place within the step. */
export const mostPerStep = 10_000;

/** Part of a step within which so many spikes follow each other at once: the reset left the event function above 0. */
const atOnce = 2e-3;

/** @param span part of the step that those spikes took. */
export function firesTooOften(plan: SolvePlan, neuron: number, step: number, span: number): SaltationError {
  const where = `network: neuron ${neuron} fires more than ${mostPerStep} times in step ${step}`;
  const why =
    span <= atOnce
      ? "its reset does not take the event function below 0, so that it fires again at once; make the reset larger"
      : `its rate is too high for dt = ${plan.dt}; take a smaller dt, or check the parameters`;
  return new SaltationError("invalid-input", `${where}: ${why}`);
}

/** Paths whose records are looked at. */
const mostPaths = 64;

/**
 * Looks through the records of paths that fill them.
 * @throws SaltationError where a neuron fires more than `mostPerStep` times in a step.
 */
export async function checkRecord(gpu: Gpu, plan: SolvePlan, solved: SolvedChunk, recordWords: number): Promise<void> {
  const { paths, slots } = solved;
  if (slots <= mostPerStep) return;
  const batch = gpu.batch("read record");
  const reads = [
    batch.read(solved.record, 0, 4 * recordWords * slots * paths),
    batch.read(solved.counts.storage, solved.counts.byteOffset, 4 * paths),
  ];
  batch.submit();
  const [record, counts] = (await Promise.all(reads)).map((data) => new Uint32Array(data)) as [
    Uint32Array,
    Uint32Array,
  ];
  const places = new Float32Array(record.buffer);
  const full = Array.from(counts.keys()).filter((i) => counts[i]! >= slots);
  for (const i of full.slice(0, mostPaths)) {
    /** Of each neuron: the step at hand, its spikes there, and where the first of them lies. */
    const last = new Map<number, { step: number; count: number; place: number }>();
    for (let n = 0; n < slots; n++) {
      const at = n * recordWords * paths + i;
      const [step, place] = [record[at]!, places[at + paths]!];
      const neuron = recordWords === 3 ? record[at + 2 * paths]! : 0;
      const known = last.get(neuron);
      if (known?.step !== step) last.set(neuron, { step, count: 1, place });
      else if (++known.count > mostPerStep) throw firesTooOften(plan, neuron, step, place - known.place);
    }
  }
}
