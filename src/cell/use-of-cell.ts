/** How a cell is used, and what verdicts on it ask of its expressions: on surfaces, after jumps, along the flow. */
import { alongChannel, amplitudesOf, channelText, sumOf } from "./channels.js";
import { vectorJacobian } from "./differentiate.js";
import { type CheckedCell, movesEvent } from "./exactness.js";
import { type Graph, inputNames, isConstant, type Node, type Op, reachable } from "./graph.js";
import { type Range, rangeOf } from "./interval.js";
import type { Invariants } from "./invariants.js";
import { isRandom, isWeight, second } from "./random.js";
import { type Choice, choicesIn, eliminated, type Place, vanishesAt } from "./surface.js";
import type { Event, Jump } from "./tables.js";
import { Effort } from "./vanishing.js";

/** What is known of how a cell is used. */
export interface Circumstances {
  /** Values that an input can have, and those that are tried: y.<state>, p.<parameter>, I, u, w. */
  readonly range: (name: string) => Range;
  readonly draw: Place["draw"];
  /** Noise channels that are not 0, by index. */
  readonly channels: readonly number[];
  /** Whether spikes arrive at neurons that may fire, and whether arrivals of different weights may meet. */
  readonly arrivals: boolean;
  readonly meetings: boolean;
  /** Whether a parameter (p.<parameter>) or the weights (w) are differentiated by. */
  readonly moved: (name: string) => boolean;
  /** What a state that is an input held between samples jumps by at these; all numbers where that is not said. */
  readonly jumps?: (state: string) => Range;
  /** Whether a parameter or the weights (w) are whole numbers. */
  readonly whole?: (name: string) => boolean;
  /** States that samples say the start of. */
  readonly initial?: readonly string[];
  /** What is known of the values of states, where that was found. */
  readonly invariants?: Pick<Invariants, "at" | "after" | "allows" | "ties">;
}

/** Operations that depend on what they have a derivative by, and on nothing else. */
const smoothOperations: ReadonlySet<Op> = new Set<Op>(
  "constant,input,add,sub,mul,div,neg,exp,log,sqrt,sin,cos,tanh,softplus,expm1,log1p,erf".split(",") as Op[],
);

/** A cell in its use, on a graph of its own. */
export class UseOfCell {
  protected readonly g: Graph;
  protected readonly y: readonly Node[];
  protected readonly names: readonly string[];
  protected readonly effort = new Effort();

  constructor(
    protected readonly cell: CheckedCell,
    protected readonly use: Circumstances,
  ) {
    this.g = cell.graph;
    this.names = cell.states.map((n) => `y.${n}`);
    this.y = this.names.map((n) => this.g.input(n));
  }

  protected place(...surfaces: Node[]): Place {
    const { draw, invariants } = this.use;
    return { surfaces, movable: this.names, draw, ...(invariants ? { allows: invariants.allows } : {}) };
  }

  protected vanishes(root: Node, terms: readonly Node[], place: Place): boolean | string {
    return vanishesAt(this.g, root, terms, place, this.effort);
  }

  /** Σ ∂surface/∂y · direction. */
  protected along(surface: Node, direction: readonly Node[]): Node {
    const { g, y } = this;
    return vectorJacobian(g, [surface], [g.one], y).reduce((sum, d, i) => g.add(sum, g.mul(d, direction[i]!)), g.zero);
  }

  /** An expression on a surface, with a state eliminated where that is possible. */
  protected on(surface: Node, root: Node): Node {
    return this.g.substitute(root, eliminated(this.g, surface, this.names));
  }

  protected rangeOn(surface: Node, root: Node): Range {
    const there = this.on(surface, root);
    // What cancels, as q in (q + 1) - (q - v), is known by its derivative; not where that may be 0 and the value change.
    const smooth = reachable([there]).every((n) => smoothOperations.has(n.op));
    const slopes = smooth ? vectorJacobian(this.g, [there], [this.g.one], this.y) : [];
    const cancelled = this.y.flatMap((n, i) =>
      slopes[i] && isConstant(slopes[i], 0) ? [[n, this.g.zero] as const] : [],
    );
    return rangeOf(this.g.substitute(there, new Map(cancelled)), this.use.range);
  }

  /** The channels whose noise moves a surface where it is 0: by the names of their states, quoted; or why that cannot be told. */
  protected drivenBy(surface: Node): { state: string; driven: boolean | string }[] {
    const { g, y, cell } = this;
    const gradient = vectorJacobian(g, [surface], [g.one], y);
    return this.use.channels.map((c) => {
      const channel = cell.channels[c]!;
      const along = sumOf(g, alongChannel(g, gradient, channel));
      const none =
        isConstant(this.on(surface, along), 0) || this.vanishes(along, amplitudesOf([channel]), this.place(surface));
      return { state: channelText(cell.states, channel), driven: typeof none === "string" ? none : !none };
    });
  }

  protected get named(): boolean {
    return this.cell.events.length > 1;
  }

  /** Jumps that may come between a cell's spikes: arrivals, and those of other events. */
  protected jumpsBeside(event: Event | undefined): Jump[] {
    const { jumps, events } = this.cell;
    const own = new Set(events.map((e) => e.jump));
    const arrivals = jumps.filter((j) => this.use.arrivals && !own.has(j) && j.inputs.includes("y"));
    return [...arrivals, ...events.flatMap((e) => (e === event ? [] : [e.jump]))];
  }

  protected moves(surface: Node, jump: Jump): boolean {
    return movesEvent(this.cell, { surface }, jump, this.effort);
  }

  /** An expression after a jump. */
  protected after(jump: Jump, root: Node): Node {
    return this.g.substitute(root, new Map(this.y.map((n, i) => [n, jump.value[i]!])));
  }

  /** A jump with inputs of another name, where it acts beside one that has the same. */
  protected other(jump: Jump): Jump {
    const { g } = this;
    const read = [...inputNames(jump.value)].filter((n) => isRandom(n) || isWeight(n));
    const names = new Map(read.map((n) => [g.input(n), g.input(second(n))]));
    return { ...jump, value: jump.value.map((v) => g.substitute(v, names)) };
  }

  protected agree(a: Node, b: Node, place: Place): boolean | string {
    return this.vanishes(this.g.sub(a, b), [a, b], place);
  }

  /**
   * Names of inputs that move with what is differentiated by: parameters, weights, and states, also by their flow up to a jump,
   * and by where samples have them start.
   * A state that only jumps between given numbers does not, though a choice among these be made by a parameter.
   */
  protected movingInputs(): Set<string> {
    const { cell, use } = this;
    const inputs = [...Object.keys(cell.defaults), ...(cell.inputs?.keys() ?? [])].map((n) => `p.${n}`).concat("w");
    const begun = (use.initial ?? []).filter(use.moved);
    const moving = new Set([...inputs.filter(use.moved), ...begun]);
    for (let before = -1; moving.size !== before; ) {
      before = moving.size;
      cell.states.forEach((_, i) => {
        const flows =
          !isConstant(cell.drift[i]!, 0) ||
          use.channels.some((c) => cell.channels[c]!.drives.some((d) => d.state === i));
        if (flows || cell.jumps.some(({ value }) => this.varies(value[i]!, moving))) moving.add(this.names[i]!);
      });
    }
    return moving;
  }

  /** Whether an expression has a derivative by one of some inputs. */
  protected varies(node: Node, inputs: ReadonlySet<string>): boolean {
    const { g } = this;
    const read = [...inputNames([node])].filter((n) => inputs.has(n)).map((n) => g.input(n));
    return read.length > 0 && vectorJacobian(g, [node], [g.one], read).some((d) => !isConstant(d, 0));
  }

  /** Inputs held between samples that some expressions read: names of their states. */
  protected heldIn(roots: readonly Node[]): string[] {
    const names = inputNames(roots);
    return this.cell.held?.filter((n) => names.has(`y.${n}`)) ?? [];
  }

  /** Comparisons that change as parameters do, on what is random. */
  protected movingChoices(roots: readonly Node[]): Choice[] {
    const moving = this.movingInputs();
    return choicesIn(this.g, roots).filter(
      ({ surface }) =>
        [...inputNames([surface])].some((n) => n === "u" || n.startsWith("y.")) && this.varies(surface, moving),
    );
  }
}
