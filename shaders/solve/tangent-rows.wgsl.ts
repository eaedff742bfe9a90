/**
 * Gradient rows of paths from how the times of their events move along each direction (tangents.wgsl.ts): the sum of the
 * cotangents of these times with it.
 *
 * A thread takes one path. Reads: `moves` [slots][directions][paths], cotangents of spike times [slots][paths], and the events of
 * each path in its checkpoint. Adds to the path's gradient rows, of which row 0 is the value's.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";

export const tangentRows = (directions: number) =>
  declareKernel({
    label: "rows of tangents",
    workgroupSize: 64,
    uniform: {
      paths: "u32",
      /** Where the words that count the events of paths begin. */
      countsAt: "u32",
    },
    bindings: {
      moves: read("array<f32>"),
      cotangents: read("array<f32>"),
      checkpoints: read("array<u32>"),
      rows: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let count = checkpoints[run.counts_at + i];
  for (var d = 0u; d < ${directions}u; d += 1u) {
    var sum = rows[(1u + d) * run.paths + i];
    for (var n = 0u; n < count; n += 1u) {
      let bar = cotangents[n * run.paths + i];
      // What the loss does not look at adds nothing, were it not finite.
      sum += select(bar * moves[(n * ${directions}u + d) * run.paths + i], 0.0f, bar == 0.0f);
    }
    rows[(1u + d) * run.paths + i] = sum;
  }
}
`,
  });
