/**
 * Vector-Jacobian product of truncated signatures of spike trains.
 *
 * Moving a group of simultaneous spikes with jump v = Σ e_k from τ to τ + dτ changes the signature A ⊗ exp(v) ⊗ B by
 *   A ⊗ (e0 ⊗ exp(v) − exp(v) ⊗ e0) ⊗ B dτ,
 * A and B the signatures before and after it. The bracket begins at level 2, so A and B are needed up to depth − 2 only,
 * and differences of the cotangent are taken before anything is summed: no digits cancel.
 *
 * `spikeStates` writes A, or B by running backward with words reversed: a thread owns one word of length depth − 2 of
 * one path. `spikeGradient` contracts: a thread owns one event of one path.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll } from "../shared/unroll.js";
import { advance, letters } from "./signature.wgsl.js";
import { eventList, spikePass, trainThreads } from "./spike-layout.wgsl.js";
import { levelStarts } from "./spike-signature.wgsl.js";

export interface SpikeGradientShape {
  channels: number;
  depth: number;
}

/** Words, or events, along the second dimension of a dispatch; more go on along the third. */
export const rowsPerLayer = 32768;

/** Numbers of levels 1 to depth − 2. */
export const stateSize = (channels: number, depth: number): number =>
  depth < 3 ? 0 : levelStarts(channels, depth - 2)[depth - 1]! - 1;

export const spikeStates = (shape: SpikeGradientShape, direction: "before" | "after") => {
  const { channels: d, depth } = shape;
  const levels = depth - 2;
  const starts = levelStarts(d, levels);
  const words = d ** levels;
  const place = (k: number): string =>
    direction === "before"
      ? `u / ${d ** (levels - k)}u`
      : Array.from({ length: k }, (_, j) => `i${j + 1} * ${d ** j}u`).join(" + ");
  const store = unroll(levels, (j) => {
    const k = j + 1;
    return `      if (u % ${d ** (levels - k)}u == 0u) { states[(n * ${stateSize(d, depth)}u + ${starts[k]! - 1}u + ${place(k)}) * run.paths + p] = s${k}; }`;
  });
  const time = (delta: string): string => `    {
      let delta = bitcast<f32>(events[event_at(${delta}, 0u, p)]);
${unroll(levels, (j) => `      let e${j + 1} = select(0.0f, delta, i${j + 1} == 0u);`)}
${advance(levels + 1, 0, false)}
    }`;
  const jump = `    {
${unroll(levels, (j) => `      var e${j + 1} = 0.0f;`)}
      for (var r = 0u; r < size; r += 1u) {
        let letter = events[event_at(n + r, 1u, p)];
${unroll(levels, (j) => `        e${j + 1} += select(0.0f, 1.0f, i${j + 1} == letter);`)}
      }
${advance(levels + 1, 0, false)}
    }`;
  return declareKernel({
    label: `signatures ${direction} spikes`,
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      /** [events][words of levels 1 to depth − 2][paths]. */
      states: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
${eventList}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  let u = id.y + id.z * ${rowsPerLayer}u;
  if (p >= run.paths || u >= ${words}u) { return; }
  ${letters(d, levels + 1)}
${unroll(levels, (j) => `  var s${j + 1} = 0.0f;`)}
  let count = event_count(p);
${
  direction === "before"
    ? `  for (var n = 0u; n < count;) {
    let size = events[event_at(n, 4u, p)];
${time("n")}
${store}
${jump}
    n += size;
  }`
    : `  for (var end = count; end > 0u;) {
    let n = events[event_at(end - 1u, 3u, p)];
    let size = end - n;
${time("end")}
${store}
${jump}
    end = n;
  }`
}
}
`,
  });
};

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

export const spikeGradient = (shape: SpikeGradientShape) => {
  const { channels: d, depth } = shape;
  const starts = levelStarts(d, depth);
  const states = stateSize(d, depth);
  const lines: string[] = [];
  const state = (buffer: string, level: number, word: string): string =>
    `${buffer}[(first * ${states}u + ${levelStarts(d, depth)[level]! - 1}u + ${word}) * run.paths + p]`;
  // Words of the jump of length q are the q-tuples of the group's letters: one loop inside the other.
  for (let q = 1; q < depth; q++) {
    const letter = `events[event_at(first + r${q}, 1u, p)]`;
    lines.push(`for (var r${q} = 0u; r${q} < size; r${q} += 1u) {`);
    lines.push(q === 1 ? `let k1 = ${letter};` : `let k${q} = k${q - 1} * ${d}u + ${letter};`);
    lines.push(`var part${q} = 0.0f;`);
    for (let before = 0; before + 1 + q <= depth; before++) {
      for (let after = 0; before + after + 1 + q <= depth; after++) {
        const level = before + after + 1 + q;
        lines.push(before > 0 ? `for (var a = 0u; a < ${d ** before}u; a += 1u) {` : "{ const a = 0u;");
        lines.push(`let late = bar + ${starts[level]}u + (a * ${d ** (q + 1)}u + k${q}) * ${d ** after}u;`);
        lines.push(`let early = bar + ${starts[level]}u + (a * ${d ** (q + 1)}u + k${q} * ${d}u) * ${d ** after}u;`);
        if (after > 0) {
          lines.push("var inner = 0.0f;");
          lines.push(`for (var b = 0u; b < ${d ** after}u; b += 1u) {`);
          lines.push(`inner += (cotangent[late + b] - cotangent[early + b]) * ${state("after", after, "b")};`);
          lines.push("}");
        } else lines.push("let inner = cotangent[late] - cotangent[early];");
        lines.push(`part${q} += ${before > 0 ? `inner * ${state("before", before, "a")}` : "inner"};`);
        lines.push("}");
      }
    }
    lines.push(q === 1 ? "sum += part1;" : `sum += part${q} * ${Math.fround(1 / factorial(q))}f;`);
  }
  lines.push("}".repeat(depth - 1));
  const given = states > 0 ? read("array<f32>") : undefined;
  return declareKernel({
    label: "gradient to spike times",
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      cotangent: read("array<f32>"),
      /** [slots][paths]. */
      gradient: readWrite("array<f32>"),
      before: given,
      after: given,
    },
    body: /* wgsl */ `
${eventList}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  let n = id.y + id.z * ${rowsPerLayer}u;
  if (p >= run.paths) { return; }
  if (n >= event_count(p)) { return; }
  let first = events[event_at(n, 3u, p)];
  let size = events[event_at(first, 4u, p)];
  let bar = select(0u, (run.first_path + p) * ${starts[depth + 1]}u, run.per_path != 0u);
  var sum = 0.0f;
${lines.map((l) => `  ${l}`).join("\n")}
  let at = events[event_at(n, 2u, p)] * run.all_paths + run.first_path + p;
  gradient[at] += run.scale * sum / f32(size);
}
`,
  });
};
