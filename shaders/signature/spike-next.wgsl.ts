/**
 * What the next spike of a neuron adds to a function of a train's signature, had it counted: of trains in which only the first
 * spikes of each neuron count (caps), the list of events then holds the next one too, whose letter is `channels` higher, so that
 * it moves nothing. With A and B the signatures before and after its time, and v the jump of those that count at that very time,
 * the signature gains A ⊗ (exp(v + e_k) − exp(v)) ⊗ B: words of exp are tuples of spikes of one time, those with the next spike among them.
 *
 * A thread takes one event of one path, reads A and B to depth − 1 (`spikeStates`) and a cotangent [size], and writes what the loss of a
 * pair of matched trains gains, `added` (of the other train of the pair, [neurons][paths of the batch]) less this, to `horizon`.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { rowsPerLayer, type SpikeGradientShape, stateSize } from "./spike-gradient.wgsl.js";
import { eventList, spikePass, trainThreads } from "./spike-layout.wgsl.js";
import { levelStarts } from "./spike-signature.wgsl.js";

/** The shape whose states, to its depth − 2, are those to depth − 1 of this. */
export const nextStates = ({ channels, depth }: SpikeGradientShape): SpikeGradientShape => ({
  channels,
  depth: depth + 1,
});

export const spikeNext = (shape: SpikeGradientShape) => {
  const { channels: d, depth } = shape;
  const starts = levelStarts(d, depth);
  const states = stateSize(d, depth + 1);
  const state = (buffer: string, level: number, word: string): string =>
    `${buffer}[(first * ${states}u + ${starts[level]! - 1}u + ${word}) * run.paths + p]`;
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
