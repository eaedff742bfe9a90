import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

/** What happens to a neuron at a point of its path: jumps, and the kick at the end of a step. Needs solver.wgsl.ts. */
export const jumpFunctions = (smooth: boolean): string => wgsl`
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

// The state at the end of a step, of that which the last sub-step led to.
fn kicked(end: State, z: Noise) -> State {
#if ${smooth}
  return end;
#else
  return cell_kick(end, increment(z));
#endif
}
`;
