/**
 * Conditions of a flow as located switches. A comparison in the drift, the noise or an event function whose two branches
 * differ where its sides are equal splits the state space along a surface; right of it another flow goes on. Each such
 * condition gets a *mode*, a hidden state that is 1 where it holds and 0 where not, and that nothing but jumps moves. The
 * flow reads the mode instead of the comparison, so that between events the branch is frozen, also in stages of a sub-step
 * beyond the surface; and where the surface is crossed an event without a spike turns the mode over. What it does to
 * derivatives is then the saltation of any event whose jump leaves the state as it is:
 *
 *     ∂τ = −(∂S + ∇S·∂y⁻) / (∇S·f⁻),   ∂y⁺ = ∂y⁻ + (f⁻ − f⁺) ∂τ.
 *
 * Branches that agree on the surface need no location: a continuous right-hand side is what a solver takes in its stride.
 */
import { fail } from "../checks.js";
import { vectorJacobian } from "./differentiate.js";
import { Evaluation, type Graph, inputNames, type Node, reachable } from "./graph.js";
import { Effort, sequence } from "./vanishing.js";
import { cellAt, chooser, surfacesByCell } from "./which-cell.js";

/** A condition whose surface is located. */
export interface Switch {
  /** Its mode, the hidden state that is 1 where it holds: an input of the graph. */
  readonly mode: Node;
  /** The condition: `left` < `right`, as it was written. */
  readonly left: Node;
  readonly right: Node;
  /** right − left along the frozen flow: above 0 where the condition holds. */
  readonly surface: Node;
}

/** Events have numbers of seven bits (shaders/shared/record.wgsl.ts), those of a definition and those that arm them. */
const mostSwitches = 64;

/** Steps of Newton's method towards a surface, and points on it that are looked at. */
const mostIterations = 40;
const mostPoints = 24;
/** Distances from the surface: a difference of branches that agree on it falls from the first to the second. */
const [far, near] = [1e-6, 1e-10];

/**
 * Whether two branches meet wherever left = right. Points of that surface are found along one state by Newton's method; beside
 * each, either branch is taken on its own side of it. As branches that meet may do so with infinite slopes, or have no value
 * on the surface itself, it is asked whether their difference vanishes on the way there.
 */
function agree(g: Graph, [left, right, yes, no]: readonly [Node, Node, Node, Node], effort: Effort): boolean {
  const gap = g.sub(left, right);
  if (yes === no) return true;
  const axes = [...inputNames([gap])].filter((n) => n.startsWith("y."));
  // The states cancel: nothing is crossed.
  if (axes.length === 0) return true;
  const all = [...inputNames([gap, yes, no])].sort();
  const sloped = axes.map((n) => new Evaluation([gap, vectorJacobian(g, [gap], [g.one], [g.input(n)])[0]!]));
  const branches = new Evaluation([yes, no]);
  const cost = 4 * branches.size + mostIterations * Math.max(...sloped.map((s) => s.size));
  let found = 0;
  for (let trial = 1; trial <= 8 * mostPoints && found < mostPoints; trial++) {
    if (!effort.spend(cost)) return false;
    const at = new Map(
      all.map((n, i) => [n, n === chooser ? cellAt(sequence(trial, i)) : 0.05 + 1.9 * sequence(trial, i)] as const),
    );
    const axis = axes[trial % axes.length]!;
    const onAxis = sloped[trial % axes.length]!;
    let [value, slope] = onAxis.at(at) as [number, number];
    for (let k = 0; k < mostIterations && value !== 0; k++) {
      const next = at.get(axis)! - value / slope;
      if (next === at.get(axis)) break;
      at.set(axis, next);
      [value, slope] = onAxis.at(at) as [number, number];
    }
    const place = at.get(axis)!;
    if (!(Math.abs(value) <= 1e-12 * Math.abs(slope) * (1 + Math.abs(place)))) continue;
    // Where the gap grows along the axis, left < right holds below.
    const side = slope > 0 ? -1 : 1;
    const apart = (distance: number): number => {
      const by = distance * (1 + Math.abs(place));
      const x = branches.at(at.set(axis, place + side * by))[0]!;
      const y = branches.at(at.set(axis, place - side * by))[1]!;
      return Math.abs(x - y);
    };
    const [d, rest] = [apart(far), apart(near)];
    if (!Number.isFinite(d) || !Number.isFinite(rest)) continue;
    found++;
    if (rest > 0.1 * d) return false;
  }
  return found > 0;
}

/** The switches of a cell, and its expressions with branches frozen. */
export class Switches {
  readonly all: Switch[] = [];
  /** Whether a condition compares a state with the current. */
  comparesCurrent = false;
  private readonly frozen = new Map<Node, Node>();
  /** By condition: its switch, and whether it holds where the mode is 0. */
  private readonly byCondition = new Map<string, { mode: Node; turned: boolean }>();

  /**
   * @param flow drift, noise amplitudes and event functions.
   * @param flowing names of the inputs that are states with a drift or noise: what others say changes at jumps alone.
   * @param modeInput the name of the input that is mode number i.
   */
  constructor(
    private readonly g: Graph,
    flow: readonly Node[],
    flowing: ReadonlySet<string>,
    modeInput: (i: number) => string,
  ) {
    const effort = new Effort();
    for (const node of reachable(flow)) {
      if (node.op !== "select") continue;
      const [left, right] = node.args as [Node, Node];
      if (![...inputNames([left, right])].some((n) => flowing.has(n))) continue;
      if (this.byCondition.has(this.key(left, right))) continue;
      if (agree(g, node.args as [Node, Node, Node, Node], effort)) continue;
      if (inputNames([left, right]).has("I")) this.comparesCurrent = true;
      if (this.all.length === mostSwitches)
        fail("cell", `more than ${mostSwitches} conditions in what flows must be located; simplify them`);
      const mode = g.input(modeInput(this.all.length));
      // What compares the same two the other way round holds where this does not.
      this.byCondition.set(this.key(left, right), { mode, turned: false });
      this.byCondition.set(this.key(right, left), { mode, turned: true });
      this.all.push({ mode, left, right, surface: g.zero });
    }
    const ofCell = this.all.length > 0 ? surfacesByCell(g, flow) : undefined;
    this.all.forEach((one, i) => {
      const surface = g.sub(this.freeze(one.right), this.freeze(one.left));
      this.all[i] = { ...one, surface: ofCell!(one.left, one.right, surface) };
    });
  }

  private key(left: Node, right: Node): string {
    return `${left.id},${right.id}`;
  }

  /** The expression with modes in place of located conditions. */
  freeze(root: Node): Node {
    const { g, frozen, byCondition } = this;
    if (this.all.length === 0) return root;
    for (const node of reachable([root])) {
      if (frozen.has(node)) continue;
      const args = node.args.map((n) => frozen.get(n)!);
      const known = node.op === "select" ? byCondition.get(this.key(node.args[0]!, node.args[1]!)) : undefined;
      if (known) {
        const [yes, no] = args.slice(2) as [Node, Node];
        frozen.set(node, g.select(g.constant(0.5), known.mode, known.turned ? no : yes, known.turned ? yes : no));
      } else frozen.set(node, g.rebuild(node, args));
    }
    return frozen.get(root)!;
  }

  /**
   * Each mode where a state is made or moved by a jump: whether its condition holds there. A jump that leaves both sides of a condition
   * as they are leaves its mode too: where they come to be equal at the same time, that is an event of its own.
   * @param after what each state becomes; of a start, from nothing.
   */
  after(after: ReadonlyMap<Node, Node>, moves: boolean): Node[] {
    const { g } = this;
    return this.all.map(({ mode, left, right }) => {
      const [a, b] = [g.substitute(left, after), g.substitute(right, after)];
      return moves && a === left && b === right ? mode : g.select(a, b, g.one, g.zero);
    });
  }
}
