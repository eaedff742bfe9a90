/**
 * Signatures of spike trains to depth 3 as matrix products, summed over groups of paths.
 *
 * Split at its middle letter, S³ = Σ over segments ∫ A(t) ⊗ Δ ⊗ (S¹ − A(t)) dt, A the path so far and S¹ all of it: for
 * every middle letter a product of two matrices with one row an *entry* (a segment of the lift that moves along that
 * letter). The integrand is quadratic in t; its midpoint is off by Δ ⊗ Δ ⊗ Δ / 12, one number for a segment along an
 * axis. Segments of simultaneous spikes are entered at the two points of Gauss's rule instead, which is exact.
 *
 * `spikePoints`: a thread takes one path and four channels, and writes A at all entries. `spikeLinks`: a thread takes one
 * path and chains the entries of each letter. `spikeDepth3`: a thread takes a middle letter, a block of first and of last
 * letters and a group of paths, and runs through the chain of that letter.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { unroll } from "../shared/unroll.js";
import { eventList, spikePass, trainThreads } from "./spike-layout.wgsl.js";
import { levelStarts } from "./spike-signature.wgsl.js";

/** Entries of a path with so many slots: a segment of time before and after every spike, two of a spike, and the end. */
export const entryRows = (slots: number): number => 3 * slots + 2;

/** Channels, padded to whole vectors. */
export const paddedChannels = (channels: number): number => Math.ceil(channels / 4) * 4;

/** Bytes of a path's points, and of its links: weight (negative at a point of Gauss's rule) and next entry; chains. */
export const entryBytes = (channels: number, slots: number): { points: number; links: number } => ({
  points: 4 * paddedChannels(channels) * entryRows(slots),
  links: 8 * (entryRows(slots) + channels),
});

/** Where things lie. First and last entries of the chains follow the links. */
const layout = (channels: number): string => /* wgsl */ `
const none = 0xffffffffu;
fn rows() -> u32 { return 3u * run.slots + 2u; }
fn link_at(path: u32, entry: u32) -> u32 { return (path * rows() + entry) * 2u; }
fn head_at(letter: u32, path: u32) -> u32 { return run.paths * rows() * 2u + (path * ${channels}u + letter) * 2u; }
fn tail_at(letter: u32, path: u32) -> u32 { return head_at(letter, path) + 1u; }
`;

/** Walks through a path's events: `time` at every segment of time, `spike` at every entry of a spike. */
const walk = (before: string, time: string, group: string, spike: string, after: string): string => `
  let count = event_count(p);
  var entry = 0u;
${before}
  for (var n = 0u; n <= count;) {
    let delta = bitcast<f32>(events[event_at(n, 0u, p)]);
${time}
    entry += 1u;
    if (n == count) { break; }
    let size = events[event_at(n, 4u, p)];
    let single = size == 1u;
${group}
    let end = select(2u * size, 1u, single);
    for (var r = 0u; r < end; r += 1u) {
${spike}
      entry += 1u;
    }
${after}
    n += size;
  }`;

export const spikePoints = (channels: number) => {
  const quads = paddedChannels(channels) / 4;
  return declareKernel({
    label: "points of trains",
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      events: read("array<u32>"),
      /** [paths][entries][padded channels]. */
      points: readWrite("array<vec4f>"),
    },
    body: /* wgsl */ `
${eventList}
${layout(channels)}
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  if (p >= run.paths) { return; }
  let base = p * rows() * ${quads}u + id.y;
  let own = id.y * 4u + vec4u(0u, 1u, 2u, 3u);
  let along = select(vec4f(), vec4f(1.0f), own == vec4u());
  var here = vec4f();
${walk(
  "",
  `    points[base + entry * ${quads}u] = here + 0.5f * delta * along;
    here += delta * along;`,
  `    var jump = vec4f();
    for (var r = 0u; r < size; r += 1u) {
      jump += select(vec4f(), vec4f(1.0f), own == vec4u(events[event_at(n + r, 1u, p)]));
    }`,
  `      let place = select(select(0.2113248654f, 0.7886751346f, (r & 1u) == 1u), 0.5f, single);
      points[base + entry * ${quads}u] = here + place * jump;`,
  "    here += jump;",
)}
  points[base + (rows() - 1u) * ${quads}u] = here;
}
`,
  });
};

export const spikeLinks = (channels: number) =>
  declareKernel({
    label: "links of trains",
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: { events: read("array<u32>"), links: readWrite("array<u32>") },
    body: /* wgsl */ `
${eventList}
${layout(channels)}

// The last entry of a chain, while it grows, is kept beside its head.
fn append(p: u32, letter: u32, entry: u32, weight: f32) {
  let at = link_at(p, entry);
  links[at] = bitcast<u32>(weight);
  links[at + 1u] = none;
  let last = tail_at(letter, p);
  let before = links[last];
  links[select(link_at(p, before) + 1u, head_at(letter, p), before == none)] = entry;
  links[last] = entry;
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  if (p >= run.paths) { return; }
${walk(
  `  for (var c = 0u; c < ${channels}u; c += 1u) {
    links[head_at(c, p)] = none;
    links[tail_at(c, p)] = none;
  }`,
  "    append(p, 0u, entry, delta);",
  "",
  `      let letter = events[event_at(n + select(r >> 1u, 0u, single), 1u, p)];
      append(p, letter, entry, select(-0.5f, 1.0f, single));`,
  "",
)}
}
`,
  });

/** Of depth 3 all levels, or those below the last, which take none of its products and have the same bits. */
export type Depth3Levels = 2 | 3;

/** Threads of one group of paths; a thread takes `vectors` × 4 first and as many last letters. */
export const depth3Blocks = (
  channels: number,
  levels: Depth3Levels = 3,
): { threads: number; vectors: number; blocks: number } => {
  const quads = paddedChannels(channels) / 4;
  const vectors = Math.min(2, quads);
  const blocks = Math.ceil(quads / vectors);
  return { threads: channels * blocks ** (levels - 1), vectors, blocks };
};

/** Rows of `levels` 2 are as long, and their last level is left as it is. */
export const spikeDepth3 = (label: string, d: number, pathsPerGroup: number, levels: Depth3Levels = 3) => {
  const quads = paddedChannels(d) / 4;
  const { threads, vectors, blocks } = depth3Blocks(d, levels);
  const starts = levelStarts(d, 3);
  const width = 4 * vectors;
  const whole = blocks * width === d;
  const last = levels === 3;
  const vector = (block: string, v: number): string => `min(${block} * ${vectors}u + ${v}u, ${quads - 1}u)`;
  return declareKernel({
    label,
    workgroupSize: trainThreads,
    uniform: spikePass,
    bindings: {
      points: read("array<vec4f>"),
      links: read("array<u32>"),
      /** [groups][size]. */
      out: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
${layout(d)}
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * ${trainThreads}u;
  let group = item / ${threads}u;
  let begin = group * ${pathsPerGroup}u;
  if (begin >= run.paths) { return; }
  let end = min(run.paths, begin + ${pathsPerGroup}u);
  let block = item % ${threads}u;
  let b = block / ${blocks ** (levels - 1)}u;
  let a = (block / ${last ? blocks : 1}u) % ${blocks}u;
  let c = ${last ? `block % ${blocks}u` : "0u"};
${last ? unroll(width, (l) => unroll(vectors, (v) => `  var sum${l}_${v} = vec4f();`)) : ""}
${unroll(vectors, (v) => `  var second${v} = vec4f();`)}
  var first = 0.0f;
${last ? "  var wrong = 0.0f;" : ""}
  for (var p = begin; p < end; p += 1u) {
    let path = p * rows() * ${quads}u;
${
  last
    ? `    let all = path + (rows() - 1u) * ${quads}u;
${unroll(vectors, (v) => `    let all${v} = points[all + ${vector("c", v)}];`)}`
    : ""
}
    var n = links[head_at(b, p)];
    while (n != none) {
      let at = link_at(p, n);
      let row = path + n * ${quads}u;
      let kept = bitcast<f32>(links[at]);
      let weight = abs(kept);
${unroll(vectors, (v) => `      let before${v} = weight * points[row + ${vector("a", v)}];`)}
${
  last
    ? `${unroll(vectors, (v) => `      let after${v} = all${v} - points[row + ${vector("c", v)}];`)}
${unroll(width, (l) => unroll(vectors, (v) => `      sum${l}_${v} += before${l >> 2}[${l & 3}] * after${v};`))}`
    : ""
}
${unroll(vectors, (v) => `      second${v} += before${v};`)}
      first += weight;
${last ? "      wrong += max(kept, 0.0f) * weight * weight;" : ""}
      n = links[at + 1u];
    }
  }
${last ? "  wrong *= 0.083333333333f;" : ""}
  let row = group * ${starts[4]}u;
  if (block == 0u) { out[row] = f32(end - begin); }
  if (a == 0u && c == 0u) { out[row + 1u + b] = first; }
${unroll(width, (l) => {
  const before = `(a * ${width}u + ${l}u)`;
  const inside = whole ? "" : `${before} < ${d}u && `;
  const word = `${before} * ${d}u + b`;
  return `  if (${inside}c == 0u) { out[row + ${starts[2]}u + ${word}] = second${l >> 2}[${l & 3}]; }
${unroll(last ? width : 0, (m) => {
  const after = `c * ${width}u + ${m}u`;
  const value = `sum${l}_${m >> 2}[${m & 3}] - select(0.0f, wrong, b == ${before} && b == ${after})`;
  return `  if (${inside}${after} < ${d}u) { out[row + ${starts[3]}u + (${word}) * ${d}u + ${after}] = ${value}; }`;
})}`;
})}
}
`,
  });
};
