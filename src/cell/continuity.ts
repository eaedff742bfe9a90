/**
 * Whether a log-likelihood is a continuous function of the parameters. Of a cell whose only event is its spike it is, as
 * spikes and arrivals are data. Other events and conditions come at times that move with the parameters; where such a time
 * passes that of a spike, log L jumps if the hazard does there (a hazard that is 0 for a refractory period), or if it matters
 * which of the two comes first. A gradient sees no jump: it is right where it is taken, but its mean over trains is not the
 * derivative of the mean, and is not 0 at the parameters that trains were drawn with.
 */
import { Findings, type UnbiasedCondition } from "./findings.js";
import { Evaluation, inputNames, isConstant, type Node } from "./graph.js";
import { eventRate, movers } from "./hazard.js";
import { isPositive } from "./interval.js";
import { branchesOf, choicesIn, pointsOn } from "./surface.js";
import { type Event, type Jump, spikeOf } from "./tables.js";
import { UseOfCell } from "./use-of-cell.js";

export class Continuity extends UseOfCell {
  judged(): UnbiasedCondition {
    const { cell, g, use } = this;
    const found = new Findings("continuous likelihood", "log L has no jumps");
    const hazard = eventRate(cell);
    const matters = movers(cell, this.statesOf([hazard]));
    const silent = cell.events.filter((e) => !e.emits);
    for (const choice of choicesIn(g, [hazard])) {
      const [a, b] = branchesOf(g, hazard, choice);
      const still = isConstant(this.along(choice.surface, cell.drift), 0);
      if (!this.timed(choice.surface) || (still && silent.every((e) => !this.moves(choice.surface, e.jump)))) continue;
      const what = "the hazard jumps where a condition in it changes";
      found.add(this.agree(a, b, this.place(choice.surface)), what, `whether ${what}: the difference`);
    }
    const given = [spikeOf(cell).jump, ...cell.jumps.filter((j) => use.arrivals && j.inputs.includes("w"))];
    for (const event of silent) {
      if (!this.timed(event.surface)) continue;
      const what = `the hazard jumps at the event ${event.name}`;
      const after = this.after(event.jump, hazard);
      found.add(this.agree(after, hazard, this.place(event.surface)), what, `whether ${what}: the difference`);
      const rate = this.along(event.surface, cell.drift);
      if (!isConstant(rate, 0) && !isPositive(this.rangeOn(event.surface, rate)))
        found.unproven(`whether the event ${event.name} comes and goes as parameters change: ∇E·f > 0 where E = 0`);
      for (const jump of given) this.order(found, event, jump, matters);
    }
    return found.condition();
  }

  private statesOf(nodes: readonly Node[]): number[] {
    const read = inputNames(nodes);
    return this.names.flatMap((n, i) => (read.has(n) ? [i] : []));
  }

  /** Whether the time at which a surface is crossed moves with what is differentiated by. */
  private timed(surface: Node): boolean {
    const { cell, use } = this;
    const states = [...movers(cell, this.statesOf([surface]))];
    const moving = [surface, ...states.flatMap((i) => [cell.drift[i]!, ...cell.jumps.map((j) => j.value[i]!)])];
    const known = (name: string): string => (name === "I" ? "p.current" : name);
    return [...inputNames(moving)].some((n) => (n.startsWith("p.") || n === "w" || n === "I") && use.moved(known(n)));
  }

  /** Whether it matters which comes first, an event or a jump whose time is given. */
  private order(found: Findings, event: Event, jump: Jump, matters: ReadonlySet<number>): void {
    const { cell } = this;
    const what = jump.inputs.includes("w") ? "an arrival" : "a spike";
    const place = this.place(event.surface);
    const level = this.after(jump, event.surface);
    const points = pointsOn(this.g, place, [level], this.effort);
    const values = points.map(({ on }) => new Evaluation([level]).at(on)[0]!).filter(Number.isFinite);
    const size = 1e-9 * Math.max(1e-300, ...values.map(Math.abs));
    const keeps = !this.moves(event.surface, jump);
    const back = values.length > 0 && values.every((v) => v < -size);
    const mark = `the state after ${what} and the event ${event.name} at one time depends on their order`;
    if (!keeps && !back) {
      found.unproven(`whether ${mark}`);
      return;
    }
    for (const i of matters) {
      if (cell.events.some((e) => e.emits && this.statesOf([e.surface]).includes(i))) continue;
      const one = this.after(event.jump, jump.value[i]!);
      // The event happens after the jump too, unless that takes it back.
      const other = back ? jump.value[i]! : this.after(jump, event.jump.value[i]!);
      found.add(this.agree(one, other, place), mark, `whether ${mark}: the difference`);
    }
  }
}
