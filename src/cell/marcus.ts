/**
 * Jumps of a driver in the sense of Marcus (1978; Holberg & Salvi 2024, section 3): a state does not take the whole jump with
 * what it was before, but moves along the jump as along any other piece of a path, from 0 to 1 in fictitious time. Then the
 * chain rule holds across it, and limits of ever steeper continuous inputs are what comes out.
 *
 * The flow ẏ = w·g(y) over unit time is taken by Runge-Kutta 4 in equal steps, written out in the expression graph, so that its
 * derivatives are those of what is computed.
 */
import type { Graph, Node } from "./graph.js";

/** Of steps so short 1e-7 of the jump is left where the flow grows by e (the fourth order's error, e / 120 · 12⁻⁴). */
const steps = 12;

/** Where states end up that move along `field` for a unit of fictitious time; a state without a field stays. */
export function alongJump(g: Graph, y: readonly Node[], field: readonly (Node | undefined)[]): Node[] {
  const h = g.constant(1 / steps);
  const slopes = (at: readonly Node[]): Node[] => {
    const there = new Map(y.map((node, i) => [node, at[i]!]));
    return field.map((f) => (f ? g.substitute(f, there) : g.zero));
  };
  const moved = (from: readonly Node[], by: Node, k: readonly Node[]): Node[] =>
    from.map((node, i) => g.add(node, g.mul(by, k[i]!)));
  const half = g.mul(h, g.constant(0.5));
  const [sixth, third] = [g.mul(h, g.constant(1 / 6)), g.mul(h, g.constant(1 / 3))];
  let at = [...y];
  for (let step = 0; step < steps; step++) {
    const k1 = slopes(at);
    const k2 = slopes(moved(at, half, k1));
    const k3 = slopes(moved(at, half, k2));
    const k4 = slopes(moved(at, h, k3));
    at = at.map((node, i) =>
      g.add(node, g.add(g.mul(sixth, g.add(k1[i]!, k4[i]!)), g.mul(third, g.add(k2[i]!, k3[i]!)))),
    );
  }
  return at;
}
