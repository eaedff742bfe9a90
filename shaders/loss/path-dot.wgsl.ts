/**
 * Dot product of each path's vector with one vector.
 *
 * A thread takes one path of the table [paths][count] and writes to row 0 of `rows`, from path `first` on.
 */
export const pathDot = (workgroupSize: number): string => /* wgsl */ `
struct Dot { paths: u32, first: u32, count: u32 }
@group(0) @binding(0) var<uniform> dot_of: Dot;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read> vector: array<f32>;
@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dot_of.paths) { return; }
  let from_word = id.x * dot_of.count;
  var sum = 0.0f;
  for (var w = 0u; w < dot_of.count; w += 1u) { sum += table[from_word + w] * vector[w]; }
  rows[dot_of.first + id.x] = sum;
}
`;
