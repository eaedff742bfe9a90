/**
 * In which sense noise is meant. Cells are held in that of Stratonovich, whose chain rule is the ordinary one; equations
 * in that of Itô become so by their drift: f − ½ Σ_c (∂g_c/∂y) g_c (Kloeden & Platen 1992, section 4.9).
 */
import { type Channel, directionOf } from "./channels.js";
import { jacobianVector } from "./differentiate.js";
import type { Graph, Node } from "./graph.js";

/** The drift in the sense of Stratonovich of equations in that of Itô. */
export function stratonovichDrift(
  g: Graph,
  y: readonly Node[],
  drift: readonly Node[],
  channels: readonly Channel[],
): Node[] {
  const corrected = [...drift];
  for (const channel of channels) {
    const amplitudes = channel.drives.map((d) => d.amplitude);
    const slopes = jacobianVector(g, amplitudes, directionOf(y, channel));
    channel.drives.forEach(({ state }, i) => {
      corrected[state] = g.sub(corrected[state]!, g.mul(g.constant(0.5), slopes[i]!));
    });
  }
  return corrected;
}
