/** What paths of a chunk fired, read back from a device, path after path (`FiredPaths`). */
import type { Gpu } from "../gpu/index.js";
import type { FiredPaths, Numbers, TakenLoss } from "../loss/taken.js";
import type { SolvePlan } from "../plan/plan.js";
import type { SolvedChunk } from "../solve/chunk-solver.js";
import type { TypedSpikes } from "../spikes/spikes.js";

/** A table [rows][columns] as [columns][rows]. */
export function turned(table: Numbers, columns: number): Float32Array {
  const rows = table.length / columns;
  const out = new Float32Array(table.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = table[r * columns + c]!;
  return out;
}

/** Cotangents as the backward recursion has them, [slots][paths]. */
export function inSlots({ counts, cotangents }: TakenLoss, slots: number): Float32Array {
  const paths = counts.length;
  const table = new Float32Array(slots * paths);
  let at = 0;
  counts.forEach((count, i) => {
    for (let n = 0; n < count; n++) table[n * paths + i] = cotangents[at++]!;
  });
  return table;
}

/**
 * Reads the spikes of a chunk back, and its states.
 * @param words of a spike in the record.
 * @param firstSlots that a record has before it grows, by doubling.
 */
export async function firedOf(
  gpu: Gpu,
  solved: SolvedChunk,
  words: number,
  entries: number,
  firstSlots: number,
): Promise<FiredPaths> {
  const { paths } = solved;
  let slots = firstSlots;
  while (slots < solved.status.largestRecord) slots *= 2;
  const used = Math.max(1, solved.status.largestCount);
  const batch = gpu.batch("read trains");
  const reading = [
    batch.read(solved.record, 0, 4 * words * used * paths),
    batch.read(solved.counts.storage, solved.counts.byteOffset, 4 * paths),
    ...(entries > 0 ? [batch.read(solved.states!, 0, 4 * entries * paths)] : []),
  ];
  batch.submit();
  const [record, read, states] = await Promise.all(reading);
  const [table, counts] = [new Int32Array(record!), new Int32Array(read!)];
  const flat = new Int32Array(words * counts.reduce((a, b) => a + b, 0));
  let at = 0;
  counts.forEach((count, i) => {
    for (let n = 0; n < count; n++) for (let w = 0; w < words; w++) flat[at++] = table[(n * words + w) * paths + i]!;
  });
  return { counts, words: flat, slots, ...(states ? { states: turned(new Float32Array(states), paths) } : {}) };
}

/** The trains of paths from such words. */
export function trainsOf(plan: SolvePlan, { counts, words }: FiredPaths, each: number): TypedSpikes[] {
  const steps = words as Int32Array;
  const places = new Float32Array(steps.buffer, steps.byteOffset, steps.length);
  let at = 0;
  return Array.from(counts, (count) => {
    const times = new Float64Array(count);
    const neurons = new Int32Array(count);
    for (let n = 0; n < count; n++, at += each) {
      times[n] = plan.t0 + (steps[at]! + places[at + 1]!) * plan.dt;
      neurons[n] = each > 2 ? steps[at + 2]! : 0;
    }
    return { times, neurons };
  });
}
