import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

/** Sizes of a solve with events forced to a schedule (src/plan/schedule.ts). */
export interface ScheduleShape {
  neurons: number;
  lanes: number;
  edges: number;
  /** Where weights and the weights of input spikes lie in theta. */
  weightOffset: number;
  arrivalOffset: number;
}

/**
 * Reading a schedule: lane starts [lanes + 1], then step, place (f32 bits) and what happens of each entry. Needs
 * `schedule` and `theta`.
 */
export function scheduleFunctions(shape: ScheduleShape): string {
  return wgsl`
const own_spike = 0xffffffffu;
fn entry_step(entry: u32) -> u32 { return schedule[${shape.lanes + 1}u + 3u * entry]; }
fn entry_place(entry: u32) -> f32 { return bitcast<f32>(schedule[${shape.lanes + 2}u + 3u * entry]); }
fn entry_what(entry: u32) -> u32 { return schedule[${shape.lanes + 3}u + 3u * entry]; }
// The weight of what arrives; 0 for an own spike.
fn entry_weight(what: u32) -> f32 {
  if (what == own_spike) { return 0.0f; }
  return theta[select(${shape.arrivalOffset}u + what - ${shape.edges}u, ${shape.weightOffset}u + what, what < ${shape.edges}u)];
}`;
}
