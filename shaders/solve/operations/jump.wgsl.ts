import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { SolverShape } from "../../substep/solver.wgsl.js";

/** What happens to a neuron at a point of its path: jumps, and the kick at the end of a step. Needs solver.wgsl.ts. */
export const jumpFunctions = ({ smooth, several }: Pick<SolverShape, "smooth" | "several">): string => wgsl`
// Its event happens, with u; it receives a weight at a port; or, where it is its own target, one after the other.
struct Jump { fires: bool, u: f32, receives: bool, weight: f32, event: u32, port: u32 }

fn fire(u: f32, event: u32) -> Jump { return Jump(true, u, false, 0.0f, event, 0u); }
fn deliver(weight: f32, port: u32) -> Jump { return Jump(false, 1.0f, true, weight, 0u, port); }

// How many uniforms an event takes, and the one that it gets where its neuron has taken \`drawn\` with it.
#if ${several}
fn uniforms_of(event: u32) -> u32 { return select(0u, 1u, cell_draws(event)); }
fn uniform_of(path: u32, k: u32, drawn: u32, event: u32) -> f32 {
  return select(1.0f, event_uniform(path, k, drawn), cell_draws(event));
}
#else
fn uniforms_of(event: u32) -> u32 { return 1u; }
fn uniform_of(path: u32, k: u32, drawn: u32, event: u32) -> f32 { return event_uniform(path, k, drawn); }
#endif

// Whether an event that the record has room for is a spike, the last that a path may have, and ends it. \`spikes\` came before.
struct Fate { emits: bool, saturates: bool, ends: bool }
fn fate_of(event: u32, spikes: u32, most: u32) -> Fate {
  let emits = cell_emits(event);
  let saturates = emits & (most > 0u) & (spikes + 1u >= most);
  return Fate(emits, saturates, saturates | cell_ends(event));
}

fn jumped(before: State, jump: Jump) -> State {
  var y = before;
  if (jump.fires) { y = cell_jump(y, jump.u, jump.event); }
  if (jump.receives) { y = cell_receive(y, jump.weight, jump.port); }
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
