/**
 * The Marcus lift of spike trains to paths of time and counts, as the kernels over pairs read them, and its pullback.
 *
 * A path of G groups of simultaneous spikes has 2G + 2 vertices: its start, two at each group (before and after the
 * jump), its end. Path p begins at vertex p · (2 slots + 2).
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { eventList, spikePass, trainThreads } from "./spike-layout.wgsl.js";

/** Vertices set aside for a path. */
export const liftVertices = (slots: number): number => 2 * slots + 2;

/**
 * A thread takes one path and one channel, and writes that channel of all vertices, or (`differences`) of the moves from
 * each vertex to the next, which are exact. The thread of channel 0 writes where the path begins and how many vertices
 * it has to `extents` (with `table`), or the number alone.
 */
export const spikeLift = (channels: number, form: { readonly differences: boolean; readonly table: boolean }) => {
  const { differences, table } = form;
  const put = (vertex: string, value: string): string => `points[base + (${vertex}) * ${channels}u] = ${value};`;
  return declareKernel({
    label: "lift of trains",
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      /** [paths][vertices][channels]. */
      points: readWrite("array<f32>"),
      extents: readWrite(table ? "array<vec2u>" : "array<u32>"),
    },
    body: /* wgsl */ `
${eventList}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  let c = id.y;
  if (p >= run.paths) { return; }
  let start = p * (2u * run.slots + 2u);
  let base = start * ${channels}u + c;
  let count = event_count(p);
  let along = select(0.0f, 1.0f, c == 0u);
  var here = 0.0f;
  var vertex = 0u;
  for (var n = 0u; n <= count;) {
    let delta = along * bitcast<f32>(events[event_at(n, 0u, p)]);
    ${put("vertex", differences ? "delta" : "here")}
    here += delta;
    ${put("vertex + 1u", differences ? "0.0f" : "here")}
    if (n == count) { break; }
    let size = events[event_at(n, 4u, p)];
    var jump = 0.0f;
    for (var r = 0u; r < size; r += 1u) { jump += select(0.0f, 1.0f, events[event_at(n + r, 1u, p)] == c); }
    ${differences ? put("vertex + 1u", "jump") : ""}
    here += jump;
    vertex += 2u;
    n += size;
  }
  if (c == 0u) { extents[p] = ${table ? "vec2u(start, vertex + 2u)" : "vertex + 2u"}; }
}
`,
  });
};

/**
 * The lift with one more spike at its end. A thread takes one path and one channel, and copies that channel of all vertices (or moves), with
 * one more vertex after the jump in channel `letter`. Path p then begins at vertex p · (vertices + 1), as `table` is told.
 */
export const liftWithSpike = (channels: number, differences: boolean) =>
  declareKernel({
    label: "lift with a spike at the end",
    workgroupSize: trainThreads,
    uniform: { paths: "u32", vertices: "u32", letter: "u32" },
    bindings: {
      /** [paths][vertices][channels]; and where each path begins, with its number of vertices. */
      points: read("array<f32>"),
      extents: read("array<vec2u>"),
      more: readWrite("array<f32>"),
      table: readWrite("array<vec2u>"),
    },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  let c = id.y;
  if (p >= run.paths) { return; }
  let count = extents[p].y;
  let start = p * (run.vertices + 1u);
  let source = extents[p].x * ${channels}u + c;
  let to = start * ${channels}u + c;
  for (var v = 0u; v < count; v += 1u) { more[to + v * ${channels}u] = points[source + v * ${channels}u]; }
  let jump = select(0.0f, 1.0f, c == run.letter);
  let last = points[source + (count - 1u) * ${channels}u];
  ${
    differences
      ? `more[to + (count - 1u) * ${channels}u] = jump;
  more[to + count * ${channels}u] = 0.0f;`
      : `more[to + count * ${channels}u] = last + jump;`
  }
  if (c == 0u) { table[p] = vec2u(start, count + 1u); }
}
`,
  });

/**
 * A thread takes one path and adds the scaled gradient by the time of each vertex to the spikes at it, in even shares.
 * The gradient is [paths][vertices][channels], with time the first channel; only that is read.
 */
export const spikePullback = (channels: number) =>
  declareKernel({
    label: "pullback to spike times",
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      gradient: read("array<f32>"),
      /** [slots][paths]. */
      out: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
${eventList}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  if (p >= run.paths) { return; }
  let count = event_count(p);
  var vertex = p * (2u * run.slots + 2u) + 1u;
  for (var n = 0u; n < count;) {
    let size = events[event_at(n, 4u, p)];
    let share = run.scale * (gradient[vertex * ${channels}u] + gradient[(vertex + 1u) * ${channels}u]) / f32(size);
    for (var r = 0u; r < size; r += 1u) {
      out[events[event_at(n + r, 2u, p)] * run.all_paths + run.first_path + p] += share;
    }
    vertex += 2u;
    n += size;
  }
}
`,
  });
