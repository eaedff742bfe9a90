/**
 * Signatures of spike trains to depth 3 as matrix products, summed over groups of paths.
 *
 * Split at its middle letter, S³ = Σ over segments ∫ A(t) ⊗ Δ ⊗ (S¹ − A(t)) dt, A the path so far and S¹ all of it: for
 * every middle letter a product of two matrices with one row an *entry* (a segment of the lift that moves along that
 * letter). The integrand is quadratic in t; its midpoint is off by Δ ⊗ Δ ⊗ Δ / 12, one number for a segment along an
 * axis. Segments of simultaneous spikes are entered at the two points of Gauss's rule instead, which is exact.
 *
 * `trainEntries`: a thread takes one path and one channel, writes that channel of A at all entries, and chains the
 * entries whose letter is the channel. `trainDepth3`: a thread takes a middle letter, a block of first and of last
 * letters and a group of paths, and runs through the chain of that letter.
 */
import { unroll } from "../shared/unroll.js";
import { eventList, trainPass } from "./train-layout.wgsl.js";
import { levelStarts } from "./train-signature.wgsl.js";

/** Entries of a path with so many slots: a segment of time before and after every spike, two of a spike, and the end. */
export const entryRows = (slots: number): number => 3 * slots + 2;

/** Channels, padded to whole vectors. */
export const paddedChannels = (channels: number): number => Math.ceil(channels / 4) * 4;

/** Bytes of a path's points, and of its links (weight, next entry, what the midpoint is off by). */
export const entryBytes = (channels: number, slots: number): { points: number; links: number } => ({
  points: 4 * paddedChannels(channels) * entryRows(slots),
  links: 4 * (3 * entryRows(slots) + channels),
});

/** Where things lie. Heads of the chains follow the links. */
const layout = (channels: number): string => /* wgsl */ `
const none = 0xffffffffu;
fn rows() -> u32 { return 3u * run.slots + 2u; }
fn link_at(path: u32, entry: u32) -> u32 { return (path * rows() + entry) * 3u; }
fn head_at(letter: u32, path: u32) -> u32 { return run.paths * rows() * 3u + path * ${channels}u + letter; }
`;

export const trainEntries = (channels: number, workgroupSize: number): string => /* wgsl */ `
@group(0) @binding(0) var<uniform> run: TrainPass;
@group(0) @binding(1) var<storage, read> events: array<u32>;
@group(0) @binding(2) var<storage, read_write> points: array<f32>; // [paths][entries][padded channels]
@group(0) @binding(3) var<storage, read_write> links: array<u32>;
${trainPass}
${eventList}
${layout(channels)}

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = id.x;
  let c = id.y;
  if (p >= run.paths) { return; }
  let base = p * rows() * ${paddedChannels(channels)}u + c;
  let count = event_count(p);
  let along = select(0.0f, 1.0f, c == 0u);
  var here = 0.0f;
  var entry = 0u;
  var last = none;
  if (c < ${channels}u) { links[head_at(c, p)] = none; }
  for (var n = 0u; n <= count;) {
    let delta = bitcast<f32>(events[event_at(n, 0u, p)]);
    points[base + entry * ${paddedChannels(channels)}u] = here + 0.5f * along * delta;
    if (c == 0u) {
      let at = link_at(p, entry);
      links[at] = bitcast<u32>(delta);
      links[at + 1u] = none;
      links[at + 2u] = bitcast<u32>(delta * delta * delta * 0.083333333333f);
      links[select(link_at(p, last) + 1u, head_at(0u, p), last == none)] = entry;
      last = entry;
    }
    here += along * delta;
    entry += 1u;
    if (n == count) { break; }
    let size = events[event_at(n, 4u, p)];
    var jump = 0.0f;
    for (var r = 0u; r < size; r += 1u) { jump += select(0.0f, 1.0f, events[event_at(n + r, 1u, p)] == c); }
    let single = size == 1u;
    let weight = select(0.5f, 1.0f, single);
    let wrong = select(0.0f, 0.083333333333f, single);
    let end = select(2u * size, 1u, single);
    for (var r = 0u; r < end; r += 1u) {
      let letter = events[event_at(n + select(r >> 1u, 0u, single), 1u, p)];
      let place = select(select(0.2113248654f, 0.7886751346f, (r & 1u) == 1u), 0.5f, single);
      points[base + entry * ${paddedChannels(channels)}u] = here + place * jump;
      if (letter == c) {
        let at = link_at(p, entry);
        links[at] = bitcast<u32>(weight);
        links[at + 1u] = none;
        links[at + 2u] = bitcast<u32>(wrong);
        links[select(link_at(p, last) + 1u, head_at(c, p), last == none)] = entry;
        last = entry;
      }
      entry += 1u;
    }
    here += jump;
    n += size;
  }
  points[base + (rows() - 1u) * ${paddedChannels(channels)}u] = here;
}
`;

export interface TrainDepth3Shape {
  channels: number;
  pathsPerGroup: number;
  workgroupSize: number;
}

/** Threads of one group of paths, and vectors of four last letters in a thread. */
export const depth3Blocks = (channels: number): { threads: number; vectors: number } => {
  const quads = paddedChannels(channels) / 4;
  const vectors = Math.min(2, quads);
  return { threads: channels * quads * Math.ceil(quads / vectors), vectors };
};

export const trainDepth3 = ({ channels: d, pathsPerGroup, workgroupSize }: TrainDepth3Shape): string => {
  const quads = paddedChannels(d) / 4;
  const { threads, vectors } = depth3Blocks(d);
  const across = Math.ceil(quads / vectors);
  const starts = levelStarts(d, 3);
  const letters = [0, 1, 2, 3];
  const vector = (v: number): string => `min(c * ${vectors}u + ${v}u, ${quads - 1}u)`;
  return /* wgsl */ `
@group(0) @binding(0) var<uniform> run: TrainPass;
@group(0) @binding(1) var<storage, read> points: array<vec4f>;
@group(0) @binding(2) var<storage, read> links: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // [groups][size]
${trainPass}
${layout(d)}

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * ${workgroupSize}u;
  let group = item / ${threads}u;
  let begin = group * ${pathsPerGroup}u;
  if (begin >= run.paths) { return; }
  let end = min(run.paths, begin + ${pathsPerGroup}u);
  let block = item % ${threads}u;
  let b = block / ${quads * across}u;
  let a = (block / ${across}u) % ${quads}u;
  let c = block % ${across}u;
${unroll(4, (l) => unroll(vectors, (v) => `  var sum${l}_${v} = vec4f();`))}
  var second = vec4f();
  var first = 0.0f;
  var wrong = 0.0f;
  for (var p = begin; p < end; p += 1u) {
    let path = p * rows() * ${quads}u;
${unroll(vectors, (v) => `    let all${v} = points[path + (rows() - 1u) * ${quads}u + ${vector(v)}];`)}
    var n = links[head_at(b, p)];
    while (n != none) {
      let at = link_at(p, n);
      let row = path + n * ${quads}u;
      let weight = bitcast<f32>(links[at]);
      let before = weight * points[row + a];
${unroll(vectors, (v) => `      let after${v} = all${v} - points[row + ${vector(v)}];`)}
${unroll(4, (l) => unroll(vectors, (v) => `      sum${l}_${v} += before[${l}] * after${v};`))}
      second += before;
      first += weight;
      wrong += bitcast<f32>(links[at + 2u]);
      n = links[at + 1u];
    }
  }
  let row = group * ${starts[4]}u;
  if (block == 0u) { out[row] = f32(end - begin); }
  if (a == 0u && c == 0u) { out[row + 1u + b] = first; }
${unroll(4, (l) => {
  const word = `(a * 4u + ${l}u) * ${d}u + b`;
  const guard = 4 * quads === d ? "" : ` && a * 4u + ${l}u < ${d}u`;
  return `  if (c == 0u${guard}) { out[row + ${starts[2]}u + ${word}] = second[${l}]; }
${unroll(vectors, (v) =>
  letters
    .map((m) => {
      const last = `c * ${4 * vectors}u + ${4 * v + m}u`;
      return `  if (${last} < ${d}u${guard}) { out[row + ${starts[3]}u + (${word}) * ${d}u + ${last}] = sum${l}_${v}[${m}] - select(0.0f, wrong, b == a * 4u + ${l}u && b == ${last}); }`;
    })
    .join("\n"),
)}`;
})}
}
`;
};
