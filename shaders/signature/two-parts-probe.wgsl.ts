/**
 * Sum and product of numbers in two parts, to see whether a compiler keeps what the low parts hold.
 *
 * A thread takes one pair of numbers in two parts and writes their sum and their product.
 */
export const twoPartsProbe = (functions: string): string => /* wgsl */ `
struct Probe { count: u32 }
@group(0) @binding(0) var<uniform> probe: Probe;
@group(0) @binding(1) var<storage, read> operands: array<vec2f>; // [pairs][2]
@group(0) @binding(2) var<storage, read_write> results: array<vec2f>; // [pairs][sum, product]

${functions}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= probe.count) { return; }
  let a = operands[2u * id.x];
  let b = operands[2u * id.x + 1u];
  results[2u * id.x] = plus(a, b);
  results[2u * id.x + 1u] = times(a, b);
}
`;
