import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { SolverShape } from "../../substep/solver.wgsl.js";

/** What happens to a neuron at a point of its path: jumps, and the kick at the end of a step. Needs solver.wgsl.ts. */
export const jumpFunctions = ({ smooth, several }: Pick<SolverShape, "smooth" | "several">): string => wgsl`
// It fires, and is reset with u; it receives a weight; or, where it is its own target, one after the other.
struct Jump { fires: bool, u: f32, receives: bool, weight: f32${several ? ", event: u32" : ""} }

fn fire(u: f32) -> Jump { return Jump(true, u, false, 0.0f${several ? ", 0u" : ""}); }
#if ${several}
fn fire_event(u: f32, event: u32) -> Jump { return Jump(true, u, false, 0.0f, event); }
#endif
fn deliver(weight: f32) -> Jump { return Jump(false, 1.0f, true, weight${several ? ", 0u" : ""}); }

fn jumped(before: State, jump: Jump) -> State {
  var y = before;
  if (jump.fires) { y = ${several ? "cell_jump(y, jump.u, jump.event)" : "cell_reset(y, jump.u)"}; }
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
