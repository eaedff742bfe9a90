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
import type { SolverShape } from "../../substep/solver.wgsl.js";
import { jumpFunctions } from "./jump.wgsl.js";

/** Needs the functions of solver.wgsl.ts. */
export const doFunctions = (
  shape: Pick<SolverShape, "smooth" | "several">,
): string => /* wgsl */ `${jumpFunctions(shape)}
// Where a sub-step of a neuron starts, and what drives it.
struct Start { y: State, z: Noise, rho: f32, current: f32 }

fn reach(s: Start, place: f32) -> State { return advance(s.y, s.z, s.rho, place - s.rho, s.current); }
fn undergo(s: Start, place: f32, jump: Jump) -> State { return jumped(reach(s, place), jump); }
fn finish(s: Start) -> State { return kicked(reach(s, 1.0f), s.z); }
`;
