/**
 * Truncated signatures of the Marcus lifts of spike trains, summed over groups of paths.
 *
 * A thread owns one word u of length depth − 1 and a group of neighbouring paths, keeps S at the prefixes of u in
 * registers and runs through the events. The lift moves along axes, so a move changes only words that end in its letter:
 * of the words u·a of the last level, time changes u·0 (a register) and a spike of neuron k changes u·(k + 1) (in
 * `rows`). Nothing is read from the last level, so it is summed over the paths of the group as it comes.
 *
 * Reads `events`. Writes rows [groups][size], the last level with its last letter slowest (`transposed`, so that
 * neighbouring threads write neighbouring words) or in the order of words.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll } from "../shared/unroll.js";
import { advance, letters } from "./signature.wgsl.js";
import { eventList, spikePass, trainThreads } from "./spike-layout.wgsl.js";

export interface SpikeSignatureShape {
  channels: number;
  depth: number;
  /** Paths of one group. */
  pathsPerGroup: number;
  transposed: boolean;
}

/** Start of each level 0…depth in a signature, and its size. */
export const levelStarts = (channels: number, depth: number): number[] => {
  const starts = [0];
  for (let k = 0; k <= depth; k++) starts.push(starts[k]! + channels ** k);
  return starts;
};

export const spikeSignature = (label: string, shape: SpikeSignatureShape) => {
  const { channels: d, depth, transposed } = shape;
  const starts = levelStarts(d, depth);
  const size = starts[depth + 1]!;
  const words = d ** (depth - 1);
  const top = (letter: string): string =>
    transposed ? `top + (${letter}) * ${words}u + u` : `top + u * ${d}u + ${letter}`;
  // One move with increments e1, e2, … of the word's letters; what a unit of its last letter adds is `before_last`.
  const move = depth === 1 ? "let before_last = 1.0f;" : advance(depth, 0, true);
  const prefix = (k: number): string => `row + ${starts[k]}u + u / ${d ** (depth - 1 - k)}u`;
  return declareKernel({
    label,
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: { events: read("array<u32>"), rows: readWrite("array<f32>") },
    body: /* wgsl */ `
${eventList}
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * ${trainThreads}u;
  let group = item / ${words}u;
  let u = item % ${words}u;
  let begin = group * ${shape.pathsPerGroup}u;
  if (begin >= run.paths) { return; }
  let end = min(run.paths, begin + ${shape.pathsPerGroup}u);
  ${letters(d, depth)}
${unroll(depth - 1, (j) => `  let z${j + 1} = select(0.0f, 1.0f, i${j + 1} == 0u); var sum${j + 1} = 0.0f;`)}
  let row = group * ${size}u;
  let top = row + ${starts[depth]}u;
  for (var a = 1u; a < ${d}u; a += 1u) { rows[${top("a")}] = 0.0f; }
  var time_sum = 0.0f;
  for (var p = begin; p < end; p += 1u) {
${unroll(depth - 1, (j) => `    var s${j + 1} = 0.0f;`)}
    let count = event_count(p);
    for (var n = 0u; n <= count;) {
      let delta = bitcast<f32>(events[event_at(n, 0u, p)]);
      {
${unroll(depth - 1, (j) => `        let e${j + 1} = z${j + 1} * delta;`)}
${move}
        time_sum += before_last * delta;
      }
      if (n == count) { break; }
      let size = events[event_at(n, 4u, p)];
      {
${unroll(depth - 1, (j) => `        var e${j + 1} = 0.0f;`)}
        for (var r = 0u; r < size; r += 1u) {
          let letter = events[event_at(n + r, 1u, p)];
${unroll(depth - 1, (j) => `          e${j + 1} += select(0.0f, 1.0f, i${j + 1} == letter);`)}
        }
${move}
        for (var r = 0u; r < size; r += 1u) {
          let letter = events[event_at(n + r, 1u, p)];
          rows[${top("letter")}] += before_last;
        }
      }
      n += size;
    }
${unroll(depth - 1, (j) => `    sum${j + 1} += s${j + 1};`)}
  }
  rows[${top("0u")}] = time_sum;
  if (u == 0u) { rows[row] = f32(end - begin); }
${unroll(depth - 1, (j) => `  if (u % ${d ** (depth - 2 - j)}u == 0u) { rows[${prefix(j + 1)}] = sum${j + 1}; }`)}
}
`,
  });
};

/**
 * Adds up the groups' rows: a thread per word adds blocks of `rows_per_block` rows, and the scaled blocks in their
 * order to what stands in `out` (or to 0), so that the sum does not depend on how the paths were cut.
 */
export const sumSpikeRows = (channels: number, depth: number, transposed: boolean) => {
  const starts = levelStarts(channels, depth);
  const words = channels ** (depth - 1);
  return declareKernel({
    label: "sum of signatures",
    workgroupSize: trainThreads,
    uniform: { rows: "u32", rowsPerBlock: "u32", keep: "u32", scale: "f32" },
    bindings: { rows: read("array<f32>"), out: readWrite("array<f32>") },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let word = id.x + id.y * groups.x * ${trainThreads}u;
  if (word >= ${starts[depth + 1]}u) { return; }
  var at = word;
${
  transposed
    ? `  if (word >= ${starts[depth]}u) {
    let last = word - ${starts[depth]}u;
    at = ${starts[depth]}u + (last % ${channels}u) * ${words}u + last / ${channels}u;
  }`
    : ""
}
  var total = 0.0f;
  if (run.keep != 0u) { total = out[word]; }
  for (var begin = 0u; begin < run.rows; begin += run.rows_per_block) {
    let end = min(run.rows, begin + run.rows_per_block);
    var sum = 0.0f;
    for (var r = begin; r < end; r += 1u) { sum += rows[r * ${starts[depth + 1]}u + at]; }
    total += run.scale * sum;
  }
  out[word] = total;
}
`,
  });
};
