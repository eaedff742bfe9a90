/**
 * Whether crossings come and go as parameters change: where E touches 0 from below, where a hazard is 0 for a while, and
 * where paths part at a comparison in the flow.
 */
import { amplitudesOf } from "./channels.js";
import { vectorJacobian } from "./differentiate.js";
import { Findings, type UnbiasedCondition } from "./findings.js";
import { Evaluation, inputNames, isConstant, type Node } from "./graph.js";
import { anything, isNegative, isPositive, rangeOf } from "./interval.js";
import { branchesOf, type Choice, choicesIn, pointsOn } from "./surface.js";
import type { Event, Jump } from "./tables.js";
import { UseOfCell } from "./use-of-cell.js";

export class Grazing extends UseOfCell {
  judged(): UnbiasedCondition {
    const { cell } = this;
    const found = new Findings("no grazing", "∇E·f > 0 and ∇E·g = 0 where E = 0: crossings do not come and go");
    for (const event of cell.events) {
      const { surface } = event;
      const at = this.named ? ` (${event.name})` : "";
      for (const { state, driven } of this.drivenBy(surface)) {
        const what = `the noise on ${state} moves the event function${at}: crossings come and go with it`;
        found.add(typeof driven === "string" ? driven : !driven, what, `whether ${what}: ∇E·g`);
      }
      for (const choice of this.movingChoices([surface])) {
        const [a, b] = branchesOf(this.g, surface, choice);
        const what = `the event function${at} jumps where a comparison in it changes`;
        found.add(this.agree(a, b, this.place(choice.surface)), what, `whether ${what}: the difference`);
      }
      for (const held of this.heldIn([surface])) {
        if (this.onlyLifted(surface, held)) continue;
        const what = `the event function${at} falls where a sample of ${held} begins`;
        found.violated(`${what}: an event just before comes or does not`);
      }
      const rate = this.along(surface, cell.drift);
      if (isPositive(this.rangeOn(surface, rate)) || this.onlyDeadAfterSpike(event, rate)) continue;
      if (this.onlyDeadByOwnCount(event, rate)) continue;
      const least = this.leastRate(surface, rate);
      if (least === undefined || least.value > 0) {
        found.unproven(`whether ∇E·f > 0 everywhere on E = 0${at}${least ? ", as at all points tried" : ""}`);
      } else if (least.value === 0 && this.diesBetweenSpikes(event, rate)) {
        found.violated(
          `spikes leap over times at which ∇E·f = 0${at}: it is 0 from some time after the spike before on, and not only after it`,
        );
      } else if (least.value === 0) {
        found.unproven(
          `whether spikes leap over times at which ∇E·f = 0${at}: it is 0 on part of E = 0, not only after the spike before`,
        );
      } else {
        found.violated(
          `∇E·f is not above 0 everywhere on E = 0${at} (${shown(least.value)} at ${least.where}): ` +
            "what is random decides which paths cross, and as a parameter changes, crossings come and go",
        );
      }
    }
    const flow = [...cell.drift, ...amplitudesOf(this.use.channels.map((c) => cell.channels[c]!))];
    for (const choice of choicesIn(this.g, flow)) {
      const parted = this.parts(choice);
      const what = "paths part where they just reach a comparison in the flow, or just not";
      if (parted === "by noise") found.violated(`${what}, as noise takes them there, and the flow beyond leads on`);
      else if (parted) found.unproven(`whether ${what}`);
    }
    return found.condition();
  }

  /** Whether samples of a held input only ever take an event function up, where it happens at once. */
  protected onlyLifted(surface: Node, held: string): boolean {
    const [slope] = vectorJacobian(this.g, [surface], [this.g.one], [this.g.input(`y.${held}`)]);
    const [up, by] = [rangeOf(slope!, this.use.range), this.use.jumps?.(held) ?? anything];
    return (up.least >= 0 && by.least >= 0) || (up.most <= 0 && by.most <= 0);
  }

  /**
   * Whether a comparison in the flow may tear paths apart: where its surface is reached tangentially and the flow beyond leads
   * on. It does not if that flow leads back, or the same way as before it, or if no path reaches the surface tangentially.
   */
  protected parts(choice: Choice): boolean | "by noise" {
    const { g, cell } = this;
    const { surface } = choice;
    if (![...inputNames([surface])].some((n) => n.startsWith("y."))) return false;
    const sides = [0, 1].map((side) => {
      const taken = (node: Node): Node => branchesOf(g, node, choice)[side]!;
      const noise = this.use.channels.map((c) => {
        const amplitudes = new Map(cell.channels[c]!.drives.map((d) => [d.state, taken(d.amplitude)] as const));
        return this.along(
          surface,
          this.y.map((_, i) => amplitudes.get(i) ?? g.zero),
        );
      });
      return { drift: this.along(surface, cell.drift.map(taken)), noise };
    });
    const [below, above] = sides as [(typeof sides)[0], (typeof sides)[0]];
    const place = this.place(surface);
    const same = (a: Node, b: Node): boolean => a === b || this.vanishes(g.sub(a, b), [a, b], place) === true;
    if (!below.noise.every((n, c) => same(n, above.noise[c]!))) return true;
    if (same(below.drift, above.drift)) return false;
    if (this.rangeOn(surface, g.sub(above.drift, below.drift)).most <= 0) return false;
    const ranges = [below, above].map(({ drift }) => this.rangeOn(surface, drift));
    const noise = this.drivenBy(surface);
    const leadsOn = isPositive(this.rangeOn(surface, g.sub(above.drift, below.drift)));
    if (leadsOn && noise.some((d) => d.driven === true) && this.movesPaths()) return "by noise";
    const driven = noise.some((d) => d.driven !== false);
    return driven || !(ranges.every(isPositive) || ranges.every(isNegative));
  }

  /** A rate at a point of a surface: the nearest to the origin where it is below 0, else 0, else above 0. */
  protected leastRate(surface: Node, rate: Node): { value: number; where: string } | undefined {
    const points = pointsOn(this.g, this.place(surface), [rate], this.effort);
    const evaluation = new Evaluation([rate]);
    const found = points.flatMap(({ on }) => {
      const value = evaluation.at(on)[0]!;
      const read = this.cell.states.flatMap((n) => (on.has(`y.${n}`) ? [[n, on.get(`y.${n}`)!] as const] : []));
      const where = read.map(([n, v]) => `${n} = ${shown(v)}`).join(", ");
      const far = read.reduce((sum, [, v]) => sum + Math.abs(v), 0);
      return Number.isFinite(value) ? [{ value, where, order: [Math.sign(value), far] as const }] : [];
    });
    return found.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1])[0];
  }

  /**
   * Whether a rate is 0 only in a region that paths enter by the event's own jump alone, and above 0 elsewhere: what is
   * integrated since the spike is then still where it began.
   */
  protected onlyDeadAfterSpike(event: Event, rate: Node): boolean {
    const { g, cell } = this;
    return choicesIn(g, [rate]).some((choice) => {
      const [below, above] = branchesOf(g, rate, choice);
      const dead = isConstant(below, 0) ? "below" : isConstant(above, 0) ? "above" : undefined;
      if (!dead || !isPositive(this.rangeOn(event.surface, dead === "below" ? above : below))) return false;
      const { surface } = choice;
      // The flow of the side that is alive does not lead to the other.
      const flow = branchesOf(g, this.along(surface, cell.drift), choice)[dead === "below" ? 1 : 0];
      const across = this.rangeOn(surface, flow);
      const out = dead === "below" ? across.least >= 0 : across.most <= 0;
      const still = this.drivenBy(surface).every(({ driven }) => driven === false);
      return (
        out &&
        still &&
        this.jumpsBeside(event).every((jump) => {
          const by = this.shift(surface, jump);
          return by !== undefined && (dead === "below" ? by >= 0 : by <= 0);
        })
      );
    });
  }

  /** The same of counts: a rate that is above 0 but for values of counts which the event's own jump alone leads to. */
  protected onlyDeadByOwnCount(event: Event, rate: Node): boolean {
    const { invariants, range } = this.use;
    const alive = invariants?.at(event);
    if (!invariants || !alive?.size) return false;
    // None of whose values it happens with.
    if ([...alive.values()].some(({ least, most }) => least > most)) return true;
    const there = rangeOf(this.on(event.surface, rate), (n) => alive.get(n) ?? range(n));
    const stays = (jump: Jump): boolean =>
      [...alive].every(([name, { least, most }]) => {
        const after = invariants.after(jump, name, alive);
        return after.least >= least && after.most <= most;
      });
    return isPositive(there) && this.jumpsBeside(event).every(stays);
  }

  /** Whether anything that is differentiated by moves paths: a parameter of the cell, or the current. */
  private movesPaths(): boolean {
    const { cell, use } = this;
    const read = inputNames([...cell.drift, ...cell.jumps.flatMap((j) => j.value)]);
    return [...read].some((n) => use.moved(n === "I" ? "p.current" : n));
  }

  /**
   * Whether a rate that is above 0 becomes 0 along the flow, after a time since the spike before that moves with what is
   * differentiated by: what is integrated by then moves, and so does which paths leap over what follows.
   */
  private diesBetweenSpikes(event: Event, rate: Node): boolean {
    const { g, cell, use } = this;
    return choicesIn(g, [rate]).some((choice) => {
      const { surface } = choice;
      const sides = branchesOf(g, rate, choice);
      const flow = this.rangeOn(surface, this.along(surface, cell.drift));
      const into = isPositive(flow) ? 1 : isNegative(flow) ? 0 : undefined;
      if (into === undefined) return false;
      const dead = this.rangeOn(surface, sides[into]!);
      if (dead.least !== 0 || dead.most !== 0) return false;
      const moves = [...inputNames([surface, sides[1 - into]!])].some((n) => n.startsWith("p.") && use.moved(n));
      return moves && isPositive(this.rangeOn(event.surface, sides[1 - into]!));
    });
  }

  /** What a jump adds to an expression, where that is one number. */
  protected shift(root: Node, jump: Jump): number | undefined {
    const { g } = this;
    if (!this.moves(root, jump)) return 0;
    const after = this.after(jump, root);
    const by = g.sub(after, root);
    const [point] = pointsOn(g, this.place(), [by], this.effort);
    const value = point ? Number(new Evaluation([by]).at(point.on)[0]!.toPrecision(9)) : Number.NaN;
    const fixed = Number.isFinite(value) && this.vanishes(g.sub(by, g.constant(value)), [after, root], this.place());
    return fixed === true ? value : undefined;
  }
}

const shown = (value: number): string => String(Number(value.toPrecision(3)));
