import { recordFunctions } from "../shared/record.wgsl.js";

/**
 * A caller's loss of one path. A thread takes one path, calls the caller's `path_loss`, writes what it returns to
 * `values` [paths], and the cotangents that it adds to `cotangents` [slots][paths].
 */
export const pathLoss = (words: number, workgroupSize: number, code: string): string => /* wgsl */ `
struct PathRun { paths: u32, first_path: u32, slots: u32, counts_at: u32, dt: f32, duration: f32 }
@group(0) @binding(0) var<uniform> path_run: PathRun;
@group(0) @binding(1) var<storage, read> record: array<u32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> data: array<f32>;
@group(0) @binding(4) var<storage, read_write> cotangents: array<f32>;
@group(0) @binding(5) var<storage, read_write> path_values: array<f32>;

var<private> own_path: u32;

${recordFunctions({ words, paths: "path_run.paths" })}

// Time of the path's n-th spike since the start of the solution.
fn spike_time(n: u32) -> f32 { return (f32(record_step(n, own_path)) + record_place(n, own_path)) * path_run.dt; }
fn spike_neuron(n: u32) -> u32 { return record_neuron(n, own_path); }

// From the start of the solution to its end.
fn duration() -> f32 { return path_run.duration; }

fn add_cotangent(n: u32, by: f32) { cotangents[n * path_run.paths + own_path] += by; }

${code}

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= path_run.paths) { return; }
  own_path = id.x;
  path_values[id.x] = path_loss(path_run.first_path + id.x, min(counts[path_run.counts_at + id.x], path_run.slots));
}
`;
