/**
 * What a neuron goes through in a step, once for all kernels. A sub-step takes it from its place `rho` on; at the end of
 * one it fires, receives, or comes to the end of the step:
 *
 *     undergo   to a place in the step, and there a jump: `fire`, `deliver`, or both
 *     finish    to the end of the step, where Euler's method adds the noise of the step
 *
 * These work on values; where they come from, and in what order neurons are taken, is the kernels' own: each has a
 * function that takes a neuron from its store to a `Start`. Their derivatives stand beside this file: undo (adjoint) and
 * push (tangents).
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { SolverShape } from "../../shared/solver.wgsl.js";

/** What happens to a neuron at a point; needs the cell alone. */
export const jumpFunctions = /* wgsl */ `
// It fires, and is reset with u; it receives a weight; or, where it is its own target, one after the other.
struct Jump { fires: bool, u: f32, receives: bool, weight: f32 }

fn fire(u: f32) -> Jump { return Jump(true, u, false, 0.0f); }
fn deliver(weight: f32) -> Jump { return Jump(false, 1.0f, true, weight); }

fn jumped(before: State, jump: Jump) -> State {
  var y = before;
  if (jump.fires) { y = cell_reset(y, jump.u); }
  if (jump.receives) { y = cell_receive(y, jump.weight); }
  return y;
}
`;

/** Needs the functions of solver.wgsl.ts. */
export const doFunctions = ({ smooth }: Pick<SolverShape, "smooth">): string => wgsl`${jumpFunctions}
// The state at the end of a step, of that which the last sub-step led to.
fn kicked(end: State, z: Noise) -> State {
#if ${smooth}
  return end;
#else
  return cell_kick(end, increment(z));
#endif
}

// Where a sub-step of a neuron starts, and what drives it.
struct Start { y: State, z: Noise, rho: f32, current: f32 }

fn reach(s: Start, place: f32) -> State { return advance(s.y, s.z, s.rho, place - s.rho, s.current); }
fn undergo(s: Start, place: f32, jump: Jump) -> State { return jumped(reach(s, place), jump); }
fn finish(s: Start) -> State { return kicked(reach(s, 1.0f), s.z); }
`;
