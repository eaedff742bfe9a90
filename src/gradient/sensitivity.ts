/** Forward sensitivities on the GPU: the derivative of every spike time of every path in each parameter asked for. */
import { recordReader } from "../../shaders/shared/record.wgsl.js";
import { horizonTangent } from "../../shaders/solve/horizon-tangent.wgsl.js";
import { directionKind, sensitivity, sensitivityFields } from "../../shaders/solve/sensitivity.wgsl.js";
import type { Gpu } from "../gpu/index.js";
import { horizonOf } from "../loss/horizon.js";
import { stepsPerDispatch } from "../plan/chunks.js";
import { deviceVector, directionsOf, segmentsOf, timesSegment, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { decideIncrements } from "../solve/carried.js";
import { ConnectionBuffer, connectionShape } from "../solve/connections.js";
import { endsAll } from "../solve/horizon.js";
import { NetworkSolver } from "../solve/network-solver.js";
import { solverShape } from "../solve/shape.js";
import { fillTable, firstSlots, fittingPaths, solveFrom, told } from "../solve/simulate.js";
import { networkRunOf } from "../solve/uniform.js";
import type { Sensitivities } from "../spikes/sensitivities.js";
import { emptyTable, type SpikeTable } from "../spikes/table.js";

const workgroupSize = 64;

/** Rows of the direction buffer: kind, index, and the neurons from one to another, the last not among them. */
function directionRows(plan: SolvePlan, views: readonly View[]): Uint32Array {
  const rows: number[] = [];
  const { cell, neurons } = plan.network;
  const { parameter, weight, current, delay, initial, time } = directionKind;
  for (const view of views) {
    const { segment, part, length, neuronStride, state } = view;
    // Of weights and delays a part is of their places, else of neurons.
    const { first, end } = part ?? { first: 0, end: neurons };
    if (state !== undefined) {
      for (const some of directionsOf(view)) rows.push(initial, state, first + some.first, first + some.end);
      continue;
    }
    if (segment === timesSegment) {
      for (const entry of directionsOf(view, plan.samples!.count)) rows.push(time, entry.first, 0, 0);
      continue;
    }
    for (let i = 0; i < length; i++) {
      const own = (n: number): [number, number] => (neuronStride > 0 ? [first + n, first + n + 1] : [first, end]);
      if (segment === "weights") rows.push(weight, (part?.first ?? 0) + i, 0, neurons);
      else if (segment === "delays") rows.push(delay, (part?.first ?? 0) + i, 0, neurons);
      else if (segment === "current") {
        const width = neuronStride > 0 ? end - first : 1;
        rows.push(current, Math.floor(i / width), ...own(i % width));
      } else rows.push(parameter, cell.parameters.indexOf(segment), ...own(i));
    }
  }
  return Uint32Array.from(rows);
}

export async function sensitivitiesGpu(
  gpu: Gpu,
  given: SolvePlan,
  views: readonly View[],
  progress?: (pathsDone: number) => void,
): Promise<Sensitivities> {
  const names = segmentsOf(views);
  const plan = await decideIncrements(gpu, given, { differentiates: true });
  const shape = await solverShape(plan, "forward", names);
  const directions = views.reduce((n, v) => n + directionsOf(v, plan.samples?.count).length, 0);
  const fields = sensitivityFields(shape.states, directions);
  const { neurons, cell } = plan.network;
  const solver = await NetworkSolver.create(gpu, plan, []);
  const sizes = {
    workgroupSize,
    ...connectionShape(plan, shape.layout),
    recordWords: solver.eventWords,
    cellParameters: cell.parameters.length,
    directions,
    along: [...new Set(views.flatMap(({ state }) => state ?? []))],
    timed: names.includes(timesSegment),
  };
  const label = `${cell.name} ${plan.method}`;
  const { events: pending, lacks } = horizonOf(plan, names);
  const asked = { ...shape, ...sizes, pending, terminal: endsAll(cell) };
  const [kernel, appearing] = await Promise.all([
    gpu.kernel(sensitivity({ ...shape, ...sizes }, `sensitivity ${label}`)),
    pending.length > 0 ? gpu.kernel(horizonTangent(asked, `horizon, forward, ${label}`)) : undefined,
  ]);
  const theta = gpu.upload("parameters", deviceVector(plan));
  const connections = new ConnectionBuffer(gpu, plan, sizes);
  const direction = gpu.upload("directions", directionRows(plan, views));
  const slots = { value: firstSlots(plan) };
  /** Derivatives are by event; which of them a spike of a path is. */
  const parts: {
    table: SpikeTable;
    firstPath: number;
    derivatives: Float32Array;
    eventOf: (i: number, spike: number) => number;
    /** [neurons][directions][paths]. */
    horizon: Float32Array | undefined;
  }[] = [];
  try {
    // A chunk leaves room for tangents beside what its forward solve takes.
    const fitting = (room: number): number => {
      const rows = room + (appearing ? neurons : 0);
      const perPath = 4 * (fields.perNeuron * neurons + fields.perPath) + 4 * directions * rows;
      return fittingPaths(gpu, solver, room, undefined, perPath);
    };
    for (let done = 0; done < plan.paths; ) {
      const solved = await solveFrom(gpu, plan, solver, done, slots, fitting);
      const { firstPath, paths } = solved;
      done += paths;
      const used = Math.max(1, solved.status.largestRecord);
      const events = solved.events ?? { record: solved.record, counts: solved.counts.storage };
      const work = gpu.buffer("tangents", 4 * (fields.perNeuron * neurons + fields.perPath) * paths);
      const derivatives = gpu.buffer("derivatives", 4 * used * directions * paths);
      const horizon = appearing && gpu.buffer("horizon term", 4 * neurons * directions * paths);
      try {
        const batch = gpu.batch("sensitivity").clear(work).clear(derivatives);
        const window = Math.min(plan.steps, stepsPerDispatch(paths * neurons * (1 + directions)));
        for (let stepBegin = 0; stepBegin < plan.steps; stepBegin += window) {
          const stepEnd = Math.min(plan.steps, stepBegin + window);
          batch.dispatch(kernel, {
            uniform: networkRunOf(plan, { firstPath, paths }, stepBegin, stepEnd),
            theta,
            connections: connections.storage,
            direction,
            record: events.record,
            counts: events.counts,
            work,
            derivatives,
            threads: paths,
          });
        }
        if (appearing && horizon) {
          batch.clear(horizon).dispatch(appearing, {
            uniform: networkRunOf(plan, { firstPath, paths }, plan.steps, plan.steps),
            theta,
            direction,
            counts: events.counts,
            work,
            horizon,
            record: shape.several ? events.record : undefined,
            threads: paths,
          });
        }
        const data = batch.read(derivatives);
        const ends = horizon && batch.read(horizon);
        batch.submit();
        const table = emptyTable(paths, used, plan.t1);
        const bytes = 4 * solver.recordWords * used * paths;
        const record = new Uint32Array(await gpu.read(solved.record, 0, bytes));
        const counts = new Uint32Array(await gpu.read(solved.counts.storage, solved.counts.byteOffset, 4 * paths));
        fillTable(table, plan, { firstPath: 0, paths }, solver.recordWords, record, counts);
        let eventOf = (_: number, spike: number): number => spike;
        if (solved.events) {
          const { words } = solved.events;
          const data = await gpu.read(events.record, 0, 4 * words * used * paths);
          const all = recordReader(new Uint32Array(data), words, paths);
          const allCounts = new Uint32Array(await gpu.read(events.counts));
          const places = Array.from(allCounts, (count, i) =>
            Array.from({ length: count }, (_, n) => n).filter((n) => cell.events[all.event(n, i).event]?.emits),
          );
          eventOf = (i, spike) => places[i]![spike]!;
        }
        const atEnd = ends && new Float32Array(await ends);
        parts.push({ table, firstPath, derivatives: new Float32Array(await data), eventOf, horizon: atEnd });
      } finally {
        work.dispose();
        derivatives.dispose();
        horizon?.dispose();
        solved.dispose();
      }
      progress?.(done);
    }
  } finally {
    theta.dispose();
    connections.dispose();
    direction.dispose();
    solver.dispose();
  }
  const width = plan.maxSpikes > 0 ? plan.maxSpikes : Math.max(1, ...parts.map((p) => p.table.slots));
  const table = emptyTable(plan.paths, width, plan.t1);
  const out = new Float64Array(plan.paths * width * directions);
  const perPath = neurons * directions;
  const horizon = appearing && new Float64Array(plan.paths * perPath);
  for (const { table: part, firstPath, derivatives, eventOf, horizon: ends } of parts) {
    for (let i = 0; i < part.paths; i++) {
      if (ends) for (let e = 0; e < perPath; e++) horizon![(firstPath + i) * perPath + e] = ends[e * part.paths + i]!;
      const row = (firstPath + i) * width;
      table.counts[firstPath + i] = part.counts[i]!;
      for (let n = 0; n < part.counts[i]!; n++) {
        table.times[row + n] = part.times[i * part.slots + n]!;
        table.neurons[row + n] = part.neurons[i * part.slots + n]!;
        for (let d = 0; d < directions; d++) {
          out[(row + n) * directions + d] = derivatives[(eventOf(i, n) * directions + d) * part.paths + i]!;
        }
      }
    }
  }
  return { table, directions, derivatives: out, horizon, horizonLacks: lacks, warnings: told(plan.warnings) };
}
