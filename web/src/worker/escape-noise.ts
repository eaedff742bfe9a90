/** Whether the event function of a cell grows at a hazard. */
import { stateInput } from "../../../src/cell/cell.js";
import { vectorJacobian } from "../../../src/cell/differentiate.js";
import { spikeOf } from "../../../src/cell/tables.js";
import { vanishes } from "../../../src/cell/vanishing.js";
import type { Cell } from "../../../src/index.js";

/**
 * With escape noise the reset sets the event function to log u less an offset: it then rises to 0 at the rate of a
 * hazard. A hard threshold has none.
 */
export function hasEscapeNoise(cell: Cell): boolean {
  const { graph: g, states } = cell;
  const { level, jump } = spikeOf(cell);
  const after = g.substitute(level, new Map(states.map((n, i) => [g.input(stateInput(n)), jump.value[i]!])));
  const u = g.input("u");
  const slope = g.mul(u, vectorJacobian(g, [after], [g.one], [u])[0]!);
  return vanishes(g.sub(slope, g.one), [g.one]) === true;
}
