/**
 * Which values the states of a cell can come to have, in a given use: sets that the start lies in, that jumps lead back into and
 * that the flow does not leave. They are found as in abstract interpretation (Cousot & Cousot 1977): intervals grow from
 * those of the start, first by what is reached, then to bounds that the equations name (0, and what a state is compared with),
 * then without end, until nothing leads out of them. That they hold then follows by induction over jumps and flow, which
 * does not leave an interval at an end where the drift does not point out of it and is Lipschitz (Nagumo 1942).
 *
 * Of a *count*, a state that whole numbers alone are added to by jumps, it is known too that it is whole, and by an event that it drives
 * that its rate was above 0: of a queue that is served at rate µ min(n, 1), n ≥ 1 at a departure, and n ≥ 0 always.
 */
import { vectorJacobian } from "./differentiate.js";
import type { CheckedCell } from "./exactness.js";
import { inputNames, isConstant, type Node, reachable } from "./graph.js";
import { inputState, slopeState } from "./inputs.js";
import { anything, negative, positive, type Range, range, rangeOf } from "./interval.js";
import { isRandom } from "./random.js";
import type { Draw } from "./surface.js";
import type { Event, Jump } from "./tables.js";
import type { Circumstances } from "./use-of-cell.js";

/** Rounds in which intervals grow by what is reached, and by bounds; then an end that still grows goes without end. */
const exactRounds = 3;
const mostRounds = 12;
/** How far into a count's interval an event is looked for whose rate is above 0. */
const mostExcluded = 16;
/** Operations of the equations times states, beyond which nothing is asked. */
const mostOperations = 50_000;

const hull = (a: Range, b: Range): Range =>
  range(Math.min(a.least, b.least), Math.max(a.most, b.most), a.zero || b.zero);
const isIn = (a: Range, b: Range): boolean => a.least >= b.least && a.most <= b.most;

export class Invariants {
  private readonly ranges = new Map<string, Range>();
  private readonly counts = new Set<string>();
  /** States that are set from outside. */
  private readonly given: ReadonlySet<string>;
  private readonly acting: readonly Jump[];
  private readonly names: readonly string[];
  private readonly rates: ReadonlyMap<Event, Node>;

  constructor(
    private readonly cell: CheckedCell,
    private readonly use: Circumstances,
  ) {
    this.names = cell.states.map((n) => `y.${n}`);
    const signals = [...(cell.inputs?.keys() ?? [])].flatMap((n) => [inputState(n), slopeState(n)]);
    this.given = new Set(signals.map((n) => `y.${n}`));
    this.acting = cell.jumps.filter((j) => use.arrivals || !j.inputs.includes("w"));
    this.rates = new Map(cell.events.map((e) => [e, this.along(e.surface)]));
    const size = reachable([...cell.drift, ...this.acting.flatMap((j) => j.value)]).length;
    if (size * cell.states.length > mostOperations) return;
    this.findCounts();
    this.findRanges();
  }

  /** Values of an input of equations. */
  readonly range = (name: string): Range => this.ranges.get(name) ?? this.use.range(name);

  /** The same, and of what is differentiated by all that is near. */
  private readonly values = (name: string): Range => this.ranges.get(name) ?? this.near(name);

  /** As `use` draws it, taken into its values where it is a state. */
  readonly draw: Draw = (name, r, trial) => {
    const value = this.use.draw(name, r, trial);
    const at = this.ranges.get(name);
    if (!at) return value;
    const whole = this.counts.has(name) ? Math.round(value) : value;
    return whole < at.least
      ? Math.min(2 * at.least - whole, at.most)
      : whole > at.most
        ? Math.max(2 * at.most - whole, at.least)
        : whole;
  };

  /** Whether states have values that they can come to have. */
  readonly allows = (point: ReadonlyMap<string, number>): boolean =>
    [...this.ranges].every(([name, { least, most }]) => {
      const value = point.get(name);
      if (value === undefined) return true;
      // What is taken to a surface is there to rounding.
      const near = 1e-9 * (1 + Math.abs(value));
      const inside = value >= least - near && value <= most + near;
      return inside && (!this.counts.has(name) || Math.abs(value - Math.round(value)) <= near);
    });

  /**
   * Values of states where an event happens: of counts, those with which its rate may be above 0, an empty interval where there
   * are none. Undefined where other than the flow may take its surface across 0.
   */
  at(event: Event): ReadonlyMap<string, Range> | undefined {
    const { cell, use } = this;
    const read = inputNames([event.surface]);
    const moved = (jump: Jump): boolean => this.names.some((n, i) => read.has(n) && jump.value[i] !== this.state(i));
    const jumped = this.acting.some((j) => j !== event.jump && j.inputs.includes("y") && moved(j));
    const driven = use.channels.some((c) => cell.channels[c]!.drives.some((d) => read.has(this.names[d.state]!)));
    const set = (n: string): boolean => this.given.has(n) || use.initial?.includes(n) === true;
    if (jumped || driven || this.begunAbove(event) || [...read].some(set)) return undefined;
    const rate = this.rates.get(event)!;
    const found = new Map<string, Range>();
    for (const name of this.counts) {
      if (!inputNames([rate]).has(name)) continue;
      let { least, most } = this.range(name);
      const dead = (value: number): boolean =>
        rangeOf(rate, (n) => (n === name ? range(value, value) : this.values(n))).most <= 0;
      for (let n = 0; n < mostExcluded && least <= most && Number.isFinite(least) && dead(least); n++) least++;
      for (let n = 0; n < mostExcluded && least <= most && Number.isFinite(most) && dead(most); n++) most--;
      const { least: low, most: high } = this.range(name);
      if (least !== low || most !== high) found.set(name, range(least, most));
    }
    return found;
  }

  /** Whether an event may happen at once after its own jump or the start, as they may leave its surface above 0. */
  private begunAbove({ surface, jump }: Event): boolean {
    const { graph: g } = this.cell;
    return this.acting.some((j) => {
      if (j !== jump && j.inputs.includes("y")) return false;
      const left = g.substitute(surface, new Map(this.names.map((_, i) => [this.state(i), j.value[i]!])));
      return !(rangeOf(left, this.values).most <= 0);
    });
  }

  /** Values of a state after a jump, of an event where that happens. @param from values of states other than they may all have. */
  after(jump: Jump, state: string, from?: ReadonlyMap<string, Range>): Range {
    const event = this.cell.events.find((e) => e.jump === jump);
    const there = event && this.at(event);
    const meet = (name: string): Range => {
      const all = this.values(name);
      return [there?.get(name), from?.get(name)].reduce<Range>(
        (a, b) => (b ? range(Math.max(a.least, b.least), Math.min(a.most, b.most), a.zero && b.zero) : a),
        all,
      );
    };
    return rangeOf(jump.value[this.names.indexOf(state)]!, meet);
  }

  /** Whether a jump may happen. */
  private happens(jump: Jump): boolean {
    const event = this.cell.events.find((e) => e.jump === jump);
    return ![...((event && this.at(event)) ?? [])].some(([, { least, most }]) => least > most);
  }

  private state(i: number): Node {
    return this.cell.graph.input(this.names[i]!);
  }

  private along(surface: Node): Node {
    const { graph: g, drift } = this.cell;
    const y = this.names.map((n) => g.input(n));
    const slopes = vectorJacobian(g, [surface], [g.one], y);
    return slopes.reduce((sum, d, i) => g.add(sum, g.mul(d, drift[i]!)), g.zero);
  }

  /** Whether a drift may be no Lipschitz function of its own state, as −√x is none: what rests at 0 then leaves it too. */
  private isRough(i: number): boolean {
    return reachable([this.cell.drift[i]!]).some(
      (n) => (n.op === "sqrt" || n.op === "pow") && inputNames([n]).has(this.names[i]!),
    );
  }

  private drives(i: number): boolean {
    return this.use.channels.some((c) => this.cell.channels[c]!.drives.some((d) => d.state === i));
  }

  /** States that do not flow, start from a whole number and have whole numbers added. */
  private findCounts(): void {
    const { cell, use, counts } = this;
    this.names.forEach((name, i) => {
      const free = this.given.has(name) || use.initial?.includes(name);
      if (isConstant(cell.drift[i]!, 0) && !this.drives(i) && !free) counts.add(name);
    });
    for (let before = -1; before !== counts.size; ) {
      before = counts.size;
      for (const name of [...counts]) {
        const i = this.names.indexOf(name);
        if (!this.acting.every((jump) => this.isWhole(jump.value[i]!))) counts.delete(name);
      }
    }
  }

  /** Whether an expression is a whole number, if counts are: as parameters change, or `now`, where they are. */
  private isWhole({ op, args, value, name }: Node, now = false): boolean {
    if (op === "constant") return Number.isInteger(value);
    if (op === "input")
      return this.counts.has(name) || ((now || !this.use.moved(name)) && this.use.whole?.(name) === true);
    if (op === "select") return args.slice(2).every((n) => this.isWhole(n, now));
    return ["add", "sub", "mul", "neg", "min", "max", "abs"].includes(op) && args.every((n) => this.isWhole(n, now));
  }

  /**
   * Whether counts may be exactly where a surface is 0 and parameters move it away: of a queue with room for K customers, n < K as K
   * passes a whole number.
   */
  ties(surface: Node): boolean {
    const read = [...inputNames([surface])];
    const counted = read.some((n) => this.counts.has(n)) && read.some((n) => this.use.moved(n));
    return counted && this.isWhole(surface, true) && rangeOf(surface, this.values).zero;
  }

  /** What parameters may be nearby: of those that move, no more than the sign is known. */
  private readonly near = (name: string): Range => {
    const at = this.use.range(name);
    if (isRandom(name) || !this.use.moved(name === "I" ? "p.current" : name)) return at;
    return at.least > 0 ? positive : at.most < 0 ? negative : anything;
  };

  /** Bounds that the equations name: 0, and what a state is compared with, a whole number further too where it is a count. */
  private boundsOf(name: string): number[] {
    const { cell } = this;
    const roots = [...cell.drift, ...this.acting.flatMap((j) => j.value)];
    const found = reachable(roots).flatMap(({ op, args }) => {
      if (op !== "select" && op !== "min" && op !== "max") return [];
      const sides = args.slice(0, 2);
      if (!sides.some((n) => n.op === "input" && n.name === name)) return [];
      return sides.flatMap((n) => {
        if ([...inputNames([n])].some((read) => !read.startsWith("p."))) return [];
        const { least, most } = rangeOf(n, this.near);
        return least === most && Number.isFinite(least) ? [least] : [];
      });
    });
    const whole = (v: number): number[] => [Math.floor(v) - 1, Math.floor(v), Math.ceil(v), Math.ceil(v) + 1];
    return [...new Set([0, ...(this.counts.has(name) ? found.flatMap(whole) : found)])].sort((a, b) => a - b);
  }

  private findRanges(): void {
    const { cell, names, ranges, use } = this;
    const start = cell.jumps.find((j) => j.name === "start");
    const states = names.flatMap((name, i) => (this.given.has(name) ? [] : [{ name, i, bounds: this.boundsOf(name) }]));
    for (const { name, i } of states) {
      const { least, most } = start ? rangeOf(start.value[i]!, this.near) : range(0, 0);
      ranges.set(name, use.initial?.includes(name) ? anything : range(least, most));
    }
    for (let round = 0; ; round++) {
      const grown = new Map<string, Range>();
      for (const { name, i, bounds } of states) {
        const from = this.values(name);
        const reached = this.acting
          .filter((jump) => jump.inputs.includes("y") && jump.value[i] !== this.state(i) && this.happens(jump))
          .map((jump) => this.after(jump, name));
        const to = reached.reduce(hull, from);
        const noisy = this.drives(i);
        const driftAt = (end: number): Range =>
          rangeOf(cell.drift[i]!, (n) => (n === name ? range(end, end) : this.values(n)));
        // Where the drift may point out of an end, or be 0 there and lead out all the same; what is not a number counts as such.
        const rough = this.isRough(i);
        const inward = (drift: number): boolean => drift > 0 || (drift === 0 && !rough);
        const down = noisy || (Number.isFinite(to.least) && !inward(driftAt(to.least).least));
        const up = noisy || (Number.isFinite(to.most) && !inward(-driftAt(to.most).most));
        const widens = round >= exactRounds;
        const ends = noisy || round >= mostRounds ? [] : bounds;
        const least = ends.findLast((b) => (down ? b < to.least : b <= to.least)) ?? Number.NEGATIVE_INFINITY;
        const most = ends.find((b) => (up ? b > to.most : b >= to.most)) ?? Number.POSITIVE_INFINITY;
        const wider = range(
          down || (widens && to.least < from.least) ? least : to.least,
          up || (widens && to.most > from.most) ? most : to.most,
        );
        if (!isIn(wider, from)) grown.set(name, wider);
      }
      if (grown.size === 0) return;
      for (const [name, to] of grown) ranges.set(name, round >= 2 * mostRounds ? anything : to);
    }
  }
}
