/** The state after a sub-step, for any cell and method. */
import { endOf, inTurns, nextLengths, type SubstepShape, slopesOf } from "./stages.js";

export function advanceFunction(shape: SubstepShape): string {
  if (shape.exponential) return shape.exponential.advance(shape);
  const { tableau } = shape;
  // The drift by itself has no slope to read.
  const grid = tableau.driver === "grid";
  const x = slopesOf(shape);
  const next = nextLengths(shape, "t");
  const stages = inTurns(shape, { makes: { k: "State" }, passes: { at: "y" } }, (stage) => [
    stage.make(
      "k",
      grid ? `cell_drift(${stage.of("at")}, current)` : `cell_flow(${stage.of("at")}, current, ${x.at(stage)})`,
    ),
    stage.pass("at", `state_axpy(y, ${next.at(stage)}, ${stage.of("k")})`),
  ]);
  return /* wgsl */ `
// The state after a sub-step from rho of h (both fractions of the grid step).
fn advance(y: State, z: Noise, rho: f32, h: f32, current: f32) -> State {
  let t = h * dt;
  ${grid ? "" : x.lines}
  ${next.lines}
  ${stages}
  return ${endOf(
    shape,
    tableau.nodes.map((_, i) => `k${i + 1}`),
  )};
}`;
}
