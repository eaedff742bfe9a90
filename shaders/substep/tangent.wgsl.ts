/** Forward derivative of a sub-step, for any cell and method: needs the functions of solver.wgsl.ts and the cell's. */
import { inTurns, moved, nextLengths, plus, type SubstepShape, slopeChanges, slopesOf, times } from "./stages.js";
import { unitOf, weighedSum } from "./weights.js";

export function tangentFunction(shape: SubstepShape): string {
  if (shape.exponential) return shape.exponential.tangent(shape);
  const { nodes } = shape.tableau;
  const x = slopesOf(shape);
  const [next, further] = [nextLengths(shape, "t"), nextLengths(shape, "dh")];
  const dx = slopeChanges(shape, "dx", (place) => moved("dr", place, "dh"));
  const each = (name: string): string[] => nodes.map((_, i) => `${name}${i + 1}`);
  const unit = unitOf(shape);
  return /* wgsl */ `
// Tangent of the end of a sub-step: its start moved by dr, its length by dh (physical times).
fn substep_tangent(y: State, z: Noise, rho: f32, h: f32, current: f32, dy: State, dr: f32, dh: f32, d_current: f32) -> State {
  let t = h * dt;
  let rate = slope_rate(z);
  ${x.lines}
  ${dx.lines}
  ${next.lines}
  ${further.lines}
  ${inTurns(shape, { makes: { k: "State", d: "State" }, passes: { at: "y", along: "dy" } }, (stage) => {
    const [at, k, d] = [stage.of("at"), stage.of("k"), stage.of("d")];
    const [length, longer] = [next.at(stage), further.at(stage)];
    return [
      stage.make("k", `cell_flow(${at}, current, ${x.at(stage)})`),
      stage.make(
        "d",
        `cell_flow_jvp(${at}, current, ${x.at(stage)}, ${stage.of("along")}, d_current, ${dx.at(stage)})`,
      ),
      stage.pass("at", `state_axpy(y, ${length}, ${k})`),
      stage.pass("along", `state_axpy(state_axpy(dy, ${length}, ${d}), ${longer}, ${k})`),
    ];
  })}
  return ${plus(shape.carried, "dy", [
    [times(unit, "t"), weighedSum(shape, each("d"))],
    [times(unit, "dh"), weighedSum(shape, each("k"))],
  ])};
}
`;
}
