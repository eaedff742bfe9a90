/**
 * What the next spike of a neuron adds to a function of a train's signature, had it counted: of trains in which only the first
 * spikes of each neuron count (caps), the list of events then holds the next one too, whose letter is `channels` higher, so that
 * it moves nothing. With A and B the signatures before and after its time, and v the jump of those that count at that very time,
 * the signature gains A ⊗ (exp(v + e_k) − exp(v)) ⊗ B: words of exp are tuples of spikes of one time, those with the next spike among them.
 *
 * A thread takes one event of one path, reads A and B to depth − 1 (`spikeNextStates`) and a cotangent [size], and writes what the loss of a
 * pair of matched trains gains, `added` (of the other train of the pair, [neurons][paths of the batch]) less this, to `horizon`.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll } from "../shared/unroll.js";
import { advance, letters } from "./signature.wgsl.js";
import { rowsPerLayer, type SpikeGradientShape } from "./spike-gradient.wgsl.js";
import { eventList, spikePass, trainThreads } from "./spike-layout.wgsl.js";
import { levelStarts } from "./spike-signature.wgsl.js";

/** Numbers of levels 1 to depth − 1. */
export const nextSize = (channels: number, depth: number): number =>
  depth < 2 ? 0 : levelStarts(channels, depth - 1)[depth]! - 1;

/**
 * Signatures before or after the times of next spikes, to depth − 1. As of `spikeSignature`, a move changes only words that end in its
 * letter: a thread owns one word u of length depth − 2 of one path, keeps S at its prefixes in registers and at the words u·a in
 * `running`, and writes them to `states` of the neuron at its next spike. After, it runs backward with words reversed.
 */
export const spikeNextStates = (shape: SpikeGradientShape, direction: "before" | "after") => {
  const { channels: d, depth } = shape;
  const levels = depth - 1;
  const starts = levelStarts(d, levels);
  const words = d ** (levels - 1);
  const forward = direction === "before";
  const reversed = (k: number): string =>
    Array.from({ length: k }, (_, j) => `i${j + 1} * ${d ** j}u`).join(" + ") || "0u";
  const at = (level: number, word: string): string =>
    `states[(k * ${nextSize(d, depth)}u + ${starts[level]! - 1}u + ${word}) * run.paths + p]`;
  const move = levels === 1 ? "let before_last = 1.0f;" : advance(levels, 0, true);
  const last = (letter: string): string =>
    at(levels, forward ? `u * ${d}u + ${letter}` : `${reversed(levels - 1)} + ${letter} * ${words}u`);
  const group = `    for (var r = 0u; r < size; r += 1u) {
      let code = events[event_at(n + r, 1u, p)];
      if (code < ${d}u) { continue; }
      let k = code - ${d + 1}u;
${unroll(levels - 1, (j) => `      if (u % ${d ** (levels - 2 - j)}u == 0u) { ${at(j + 1, forward ? `u / ${d ** (levels - 2 - j)}u` : reversed(j + 1))} = s${j + 1}; }`)}
      ${last("0u")} = time_sum;
      for (var a = 1u; a < ${d}u; a += 1u) { ${last("a")} = running[(u * ${d}u + a) * run.paths + p]; }
    }
    {
${unroll(levels - 1, (j) => `      var e${j + 1} = 0.0f;`)}
      for (var r = 0u; r < size; r += 1u) {
        let letter = events[event_at(n + r, 1u, p)];
${unroll(levels - 1, (j) => `        e${j + 1} += select(0.0f, 1.0f, i${j + 1} == letter);`)}
      }
${move}
      for (var r = 0u; r < size; r += 1u) {
        let letter = events[event_at(n + r, 1u, p)];
        if (letter < ${d}u) { running[(u * ${d}u + letter) * run.paths + p] += before_last; }
      }
    }`;
  const time = (event: string): string => `    {
      let delta = bitcast<f32>(events[event_at(${event}, 0u, p)]);
${unroll(levels - 1, (j) => `      let e${j + 1} = select(0.0f, delta, i${j + 1} == 0u);`)}
${move}
      time_sum += before_last * delta;
    }`;
  return declareKernel({
    label: `signatures ${direction} next spikes`,
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      /** [neurons][words of levels 1 to depth − 1][paths]. */
      states: readWrite("array<f32>"),
      /** [words of level depth − 1][paths]. */
      running: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
${eventList}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  let u = id.y + id.z * ${rowsPerLayer}u;
  if (p >= run.paths || u >= ${words}u) { return; }
  ${letters(d, levels)}
${unroll(levels - 1, (j) => `  var s${j + 1} = 0.0f;`)}
  var time_sum = 0.0f;
  for (var a = 1u; a < ${d}u; a += 1u) { running[(u * ${d}u + a) * run.paths + p] = 0.0f; }
  let count = event_count(p);
${
  forward
    ? `  for (var n = 0u; n < count;) {
    let size = events[event_at(n, 4u, p)];
${time("n")}
${group}
    n += size;
  }`
    : `  for (var end = count; end > 0u;) {
    let n = events[event_at(end - 1u, 3u, p)];
    let size = end - n;
${time("end")}
${group}
    end = n;
  }`
}
}
`,
  });
};

export const spikeNext = (shape: SpikeGradientShape) => {
  const { channels: d, depth } = shape;
  const starts = levelStarts(d, depth);
  const states = nextSize(d, depth);
  const state = (buffer: string, level: number, word: string): string =>
    `${buffer}[((letter - 1u) * ${states}u + ${starts[level]! - 1}u + ${word}) * run.paths + p]`;
  const lines: string[] = [];
  let factorial = 1;
  for (let q = 1; q <= depth; q++) {
    factorial *= q;
    lines.push(`for (var r${q} = 0u; r${q} < size; r${q} += 1u) {`);
    lines.push(`let c${q} = events[event_at(first + r${q}, 1u, p)];`);
    lines.push(`if (c${q} >= ${d}u && first + r${q} != n) { continue; }`);
    lines.push(`let m${q} = ${q === 1 ? "" : `m${q - 1} || `}first + r${q} == n;`);
    lines.push(`let k${q} = ${q === 1 ? "" : `k${q - 1} * ${d}u + `}select(c${q}, letter, first + r${q} == n);`);
    lines.push(`if (m${q}) {`, `var part = 0.0f;`);
    for (let before = 0; before + q <= depth; before++) {
      for (let after = 0; before + q + after <= depth; after++) {
        const at = `${starts[before + q + after]}u + (a * ${d ** q}u + k${q}) * ${d ** after}u`;
        lines.push(before > 0 ? `for (var a = 0u; a < ${d ** before}u; a += 1u) {` : "{ const a = 0u;");
        if (after > 0) {
          lines.push("var inner = 0.0f;", `let at = ${at};`);
          lines.push(`for (var b = 0u; b < ${d ** after}u; b += 1u) {`);
          lines.push(`inner += cotangent[at + b] * ${state("after", after, "b")};`, "}");
        } else lines.push(`let inner = cotangent[${at}];`);
        lines.push(`part += ${before > 0 ? `inner * ${state("before", before, "a")}` : "inner"};`, "}");
      }
    }
    lines.push(`sum += part * ${Math.fround(1 / factorial)}f;`, "}");
  }
  lines.push("}".repeat(depth));
  const given = states > 0 ? read("array<f32>") : undefined;
  return declareKernel({
    label: "next spikes of trains",
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      cotangent: read("array<f32>"),
      added: read("array<f32>"),
      /** [neurons][paths of the batch]. */
      horizon: readWrite("array<f32>"),
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
  let code = events[event_at(n, 1u, p)];
  if (code < ${d}u) { return; }
  let letter = code - ${d}u;
  let first = events[event_at(n, 3u, p)];
  let size = events[event_at(first, 4u, p)];
  var sum = 0.0f;
${lines.map((l) => `  ${l}`).join("\n")}
  let at = (letter - 1u) * run.all_paths + run.first_path + p;
  horizon[at] = run.scale * (added[at] - sum);
}
`,
  });
};
