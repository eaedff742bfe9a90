/**
 * Increments carried in two parts: the rounded sum, and what rounding left out of it, to be added with the next
 * increment (Kahan 1965, with Knuth's exact error of a sum). So a number keeps the digits of increments far below its
 * own last one: what is lost is of the order of 2^-48 of it, whatever the number of increments.
 *
 * A compiler may take sums apart as if they were exact, (s - y) → d, and then nothing is carried. Whether a device's does
 * is tried before use (src/solve/carried.ts).
 */
import { declareKernel, read, readWrite } from "./declare.js";

export const carryFunction = /* wgsl */ `
// y + low + d: the sum, and what is left of it.
fn add_carrying(y: f32, low: f32, d: f32) -> vec2f {
  let x = low + d;
  let s = y + x;
  let t = s - y;
  return vec2f(s, (y - (s - t)) + (x - t));
}`;

/**
 * Adds to numbers again and again, to see whether a compiler lets what is carried stand.
 *
 * A thread takes a number and an increment, adds `count` times, and writes the sum and what is left.
 */
export const carryProbe = declareKernel({
  label: "carry",
  workgroupSize: 64,
  uniform: { count: "u32" },
  bindings: { operands: read("array<vec2f>"), sums: readWrite("array<vec2f>") },
  body: /* wgsl */ `
${carryFunction}

fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&operands)) { return; }
  let at = operands[id.x];
  var sum = vec2f(at.x, 0.0f);
  for (var n = 0u; n < run.count; n += 1u) { sum = add_carrying(sum.x, sum.y, at.y); }
  sums[id.x] = sum;
}
`,
});
