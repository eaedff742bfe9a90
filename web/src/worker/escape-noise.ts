/** Whether the event function of a cell grows at a hazard. */
import { stateInput } from "../../../src/cell/cell.js";
import { vectorJacobian } from "../../../src/cell/differentiate.js";
import { vanishes } from "../../../src/cell/exactness.js";
import type { Cell } from "../../../src/index.js";

/**
 * With escape noise the reset sets the event function to log u less an offset: it then rises to 0 at the rate of a
 * hazard. A hard threshold has none.
 */
export function hasEscapeNoise({ graph: g, states, event, reset }: Cell): boolean {
  const after = g.substitute(event, new Map(states.map((n, i) => [g.input(stateInput(n)), reset[i]!])));
  const u = g.input("u");
  const slope = g.mul(u, vectorJacobian(g, [after], [g.one], [u])[0]!);
  return vanishes(g.sub(slope, g.one), [g.one]) === true;
}
