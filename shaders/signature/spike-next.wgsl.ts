/**
 * What the next spike of a neuron adds to a function of a train's signature, had it counted: of trains in which only the first
 * spikes of each neuron count (caps), the list of events then holds the next one too, whose letter is `channels` higher, so that
 * it moves nothing. With A and B the signatures before and after its time, and v the jump of those that count at that very time,
 * the signature gains A ⊗ (exp(v + e_k) − exp(v)) ⊗ B: words of exp are tuples of spikes of one time, those with the next spike among them.
 *
 * Its product with a cotangent [size] is a sum over words a x b, x of such a tuple. It is taken where A and B are at that time, so neither
 * is written for all words. As of `spikeSignature`, a move changes only words that end in its letter: a thread owns one word u of
 * length depth − 2 of one path, keeps signatures at its prefixes in registers and at the words u·a in `running`, and adds to `parts` of the
 * neuron. `nextAfter` runs backward with words reversed, for words x b, and keeps B to depth − 2 for `nextBefore`, which runs forward and
 * adds those with an a. Neighbouring threads own neighbouring words of one path: they meet its events at once, and read and write side
 * by side, `nextBefore` by a transposed cotangent (`transposeCotangent`). `spikeNext` adds the parts up.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll } from "../shared/unroll.js";
import { advance, letters } from "./signature.wgsl.js";
import { rowsPerLayer, type SpikeGradientShape, stateSize } from "./spike-gradient.wgsl.js";
import { eventList, spikePass, trainThreads } from "./spike-layout.wgsl.js";
import { levelStarts } from "./spike-signature.wgsl.js";

/** Words of length depth − 2, each of which a thread owns. */
export const nextWords = (channels: number, depth: number): number => channels ** (depth - 2);

/** Numbers of the transposed cotangent: of words of lengths depth and depth − 1, with the first depth − 2 letters fastest. */
export const transposedSize = (channels: number, depth: number): number =>
  (channels ** 2 + channels) * nextWords(channels, depth);

/** A thread takes one number. */
export const transposeCotangent = ({ channels: d, depth }: SpikeGradientShape) => {
  const words = nextWords(d, depth);
  const starts = levelStarts(d, depth);
  return declareKernel({
    label: "cotangent, transposed",
    workgroupSize: trainThreads,
    bindings: { cotangent: read("array<f32>"), transposed: readWrite("array<f32>") },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * ${trainThreads}u;
  if (i >= ${transposedSize(d, depth)}u) { return; }
  let u = i % ${words}u;
  let rest = i / ${words}u;
  if (rest < ${d * d}u) { transposed[i] = cotangent[${starts[depth]}u + u * ${d * d}u + rest]; }
  else { transposed[i] = cotangent[${starts[depth - 1]}u + u * ${d}u + rest - ${d * d}u]; }
}
`,
  });
};

/**
 * Loops over the tuples, to a length, of the events of a group (from `first`, `size` of them) with event `n`, whose letter is `letter`,
 * among them; those that do not count are left out. The body is of tuples of length q: their word is k‹q›, and exp has them over q!.
 */
function tuples(d: number, most: number, body: (q: number, over: string) => string): string {
  const lines: string[] = [];
  let factorial = 1;
  for (let q = 1; q <= most; q++) {
    factorial *= q;
    lines.push(`for (var r${q} = 0u; r${q} < size; r${q} += 1u) {`);
    lines.push(`let c${q} = events[event_at(first + r${q}, 1u, p)];`);
    lines.push(`if (c${q} >= ${d}u && first + r${q} != n) { continue; }`);
    lines.push(`let m${q} = ${q === 1 ? "" : `m${q - 1} || `}first + r${q} == n;`);
    lines.push(`let k${q} = ${q === 1 ? "" : `k${q - 1} * ${d}u + `}select(c${q}, letter, first + r${q} == n);`);
    lines.push(`if (m${q}) {`, body(q, `${Math.fround(1 / factorial)}f`), "}");
  }
  lines.push("}".repeat(most));
  return lines.map((line) => `      ${line}`).join("\n");
}

/** The run through the events of a path, `meet` where a next spike is: it adds to `sum`, which is added to or written to `parts`. */
function run(shape: SpikeGradientShape, direction: "before" | "after", meet: string): string {
  const { channels: d, depth } = shape;
  const levels = depth - 1;
  const words = nextWords(d, depth);
  const forward = direction === "before";
  const move = levels === 1 ? "let before_last = 1.0f;" : advance(levels, 0, true);
  const prefixes = forward
    ? letters(d, levels)
    : unroll(levels - 1, (j) => `let i${j + 1} = (u / ${d ** j}u) % ${d}u;`);
  const group = `    for (var r = 0u; r < size; r += 1u) {
      let n = first + r;
      let code = events[event_at(n, 1u, p)];
      if (code < ${d}u) { continue; }
      let letter = code - ${d}u;
      let neuron = p * ${d - 1}u + letter - 1u;
      var sum = 0.0f;
${meet}
      parts[neuron * ${words}u + u] ${forward ? "+=" : "="} sum;
    }
    {
${unroll(levels - 1, (j) => `      var e${j + 1} = 0.0f;`)}
      for (var r = 0u; r < size; r += 1u) {
        let letter = events[event_at(first + r, 1u, p)];
${unroll(levels - 1, (j) => `        e${j + 1} += select(0.0f, 1.0f, i${j + 1} == letter);`)}
      }
${move}
      for (var r = 0u; r < size; r += 1u) {
        let letter = events[event_at(first + r, 1u, p)];
        if (letter < ${d}u) { running[own + letter * ${words}u] += before_last; }
      }
    }`;
  const time = (event: string): string => `    {
      let delta = bitcast<f32>(events[event_at(${event}, 0u, p)]);
${unroll(levels - 1, (j) => `      let e${j + 1} = select(0.0f, delta, i${j + 1} == 0u);`)}
${move}
      running[own] += before_last * delta;
    }`;
  return /* wgsl */ `
${eventList}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let u = id.x;
  let p = id.y + id.z * ${rowsPerLayer}u;
  if (p >= run.paths || u >= ${words}u) { return; }
  ${prefixes}
${unroll(levels - 1, (j) => `  var s${j + 1} = 0.0f;`)}
  let own = p * ${d * words}u + u;
  for (var a = 0u; a < ${d}u; a += 1u) { running[own + a * ${words}u] = 0.0f; }
  let count = event_count(p);
${
  forward
    ? `  for (var first = 0u; first < count;) {
    let size = events[event_at(first, 4u, p)];
${time("first")}
${group}
    first += size;
  }`
    : `  for (var end = count; end > 0u;) {
    let first = events[event_at(end - 1u, 3u, p)];
    let size = end - first;
${time("end")}
${group}
    end = first;
  }`
}
}
`;
}

/** [paths][channels][words of length depth − 2] and [paths][neurons][the same]. */
const own = { running: readWrite("array<f32>"), parts: readWrite("array<f32>") };

/** Signatures after next spikes, [paths][neurons][words of levels 1 to depth − 2]; none at depth 2. */
const stateAt = (d: number, depth: number, level: number, word: string): string =>
  `after[neuron * ${stateSize(d, depth)}u + ${levelStarts(d, depth)[level]! - 1}u + ${word}]`;

/** For depths from 2 on. */
export const nextAfter = (shape: SpikeGradientShape) => {
  const { channels: d, depth } = shape;
  const words = nextWords(d, depth);
  const starts = levelStarts(d, depth);
  const shorter = Array.from({ length: depth - 2 }, (_, j) => j + 1);
  const meet = `      for (var a = 0u; a < ${d}u; a += 1u) {
        sum += cotangent[${starts[depth]}u + (letter * ${d}u + a) * ${words}u + u] * running[own + a * ${words}u];
      }
${shorter.map((l) => `      if (u < ${d ** l}u) { ${stateAt(d, depth, l, "u")} = s${l}; }`).join("\n")}
${
  depth < 3
    ? ""
    : tuples(d, depth - 1, (q, over) =>
        shorter
          .filter((l) => q + l <= depth)
          .map(
            (l) =>
              `if (u < ${d ** l}u) { sum += ${over} * cotangent[${starts[q + l]}u + k${q} * ${d ** l}u + u] * s${l}; }`,
          )
          .join("\n"),
      )
}`;
  return declareKernel({
    label: "next spikes and what is after them",
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      cotangent: read("array<f32>"),
      ...own,
      after: depth < 3 ? undefined : readWrite("array<f32>"),
    },
    body: run(shape, "after", meet),
  });
};

/** For depths from 2 on. */
export const nextBefore = (shape: SpikeGradientShape) => {
  const { channels: d, depth } = shape;
  const words = nextWords(d, depth);
  const starts = levelStarts(d, depth);
  /** Of prefix u of length i, then tuple and b: two letters or one more than u has are transposed. */
  const cotangentAt = (i: number, q: number, l: number): string => {
    if (i === depth - 2) {
      const rest = l === 0 ? `k${q}` : `(k${q} * ${d ** l}u + b)`;
      return `transposed[(${q + l === 2 ? "" : `${d * d}u + `}${rest}) * ${words}u + u]`;
    }
    return `cotangent[${starts[i + q + l]}u + (u / ${d ** (depth - 2 - i)}u * ${d ** q}u + k${q}) * ${d ** l}u + b]`;
  };
  const part = (i: number, q: number, over: string): string => {
    const lines: string[] = [];
    for (let l = 0; i + q + l <= depth; l++) {
      if (l === 0) {
        lines.push(`{ const b = 0u; part += ${cotangentAt(i, q, 0)}; }`);
        continue;
      }
      lines.push(
        `for (var b = 0u; b < ${d ** l}u; b += 1u) { part += ${cotangentAt(i, q, l)} * ${stateAt(d, depth, l, "b")}; }`,
      );
    }
    const all = `{ var part = 0.0f; ${lines.join("\n")} sum += ${over} * part * s${i}; }`;
    return i === depth - 2 ? all : `if (u % ${d ** (depth - 2 - i)}u == 0u) ${all}`;
  };
  const shorter = Array.from({ length: depth - 2 }, (_, j) => j + 1);
  const meet = `      for (var a = 0u; a < ${d}u; a += 1u) {
        sum += transposed[(a * ${d}u + letter) * ${words}u + u] * running[own + a * ${words}u];
      }
${
  depth < 3
    ? ""
    : tuples(d, depth - 1, (q, over) =>
        shorter
          .filter((i) => i + q <= depth)
          .map((i) => part(i, q, over))
          .join("\n"),
      )
}`;
  return declareKernel({
    label: "next spikes and what is before them",
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      cotangent: depth < 4 ? undefined : read("array<f32>"),
      transposed: read("array<f32>"),
      ...own,
      after: depth < 3 ? undefined : read("array<f32>"),
    },
    body: run(shape, "before", meet),
  });
};

/**
 * A thread takes one event of one path, adds up the parts of its words and those of words x alone, and writes what the loss of a pair of
 * matched trains gains, `added` (of the other train of the pair, [neurons][paths of the batch]) less this, to `horizon`.
 */
export const spikeNext = ({ channels: d, depth }: SpikeGradientShape) => {
  const starts = levelStarts(d, depth);
  const words = nextWords(d, depth);
  const whole = tuples(d, depth, (q, over) => `sum += ${over} * cotangent[${starts[q]}u + k${q}];`);
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
      parts: depth < 2 ? undefined : read("array<f32>"),
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
${whole}
${
  depth < 2
    ? ""
    : `  let from_part = (p * ${d - 1}u + letter - 1u) * ${words}u;
  for (var u = 0u; u < ${words}u; u += 1u) { sum += parts[from_part + u]; }`
}
  let at = (letter - 1u) * run.all_paths + run.first_path + p;
  horizon[at] = run.scale * (added[at] - sum);
}
`,
  });
};
