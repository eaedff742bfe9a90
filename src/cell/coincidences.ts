/** Whether it matters in which order jumps come that happen at one time: as parameters change, they change places. */
import { Findings, type UnbiasedCondition } from "./findings.js";
import { Evaluation } from "./graph.js";
import { type Place, pointsOn } from "./surface.js";
import type { Event, Jump } from "./tables.js";
import { UseOfCell } from "./use-of-cell.js";

export class Coincidences extends UseOfCell {
  judged(): UnbiasedCondition {
    const { cell, use } = this;
    const found = new Findings("coincident jumps commute", "no order of jumps at one time matters");
    cell.events.forEach((event, e) => {
      for (const jump of this.jumpsBeside(event)) {
        const rival = cell.events.findIndex((other) => other.jump === jump);
        // Each pair of events once for their order, but twice for what one takes back of the other.
        this.meeting(found, event, jump, cell.events[rival], rival >= 0 && rival < e);
      }
    });
    for (const jump of cell.jumps.filter((j) => j.inputs.includes("y") && (use.arrivals || !j.inputs.includes("w")))) {
      const event = cell.events.find((e) => e.jump === jump);
      // Inputs themselves are left as they are.
      const moved = jump.value.filter((v, i) => v !== this.y[i]);
      for (const held of this.heldIn(moved)) {
        const what = event ? `the jump of the event ${event.name}` : "an arrival";
        found.violated(`${what} reads ${held}, which jumps where a sample begins: it depends on which comes first`);
      }
    }
    if (use.meetings) {
      const arriving = this.jumpsBeside(undefined).filter((j) => j.inputs.includes("w"));
      arriving.forEach((jump, i) => {
        for (const second of arriving.slice(i)) {
          const what = jump === second ? "two arrivals at one time" : "arrivals at two ports at one time";
          this.commute(found, jump, this.other(second), this.place(), what);
        }
      });
    }
    return found.condition();
  }

  /** An event and a jump at the same time. */
  protected meeting(found: Findings, event: Event, jump: Jump, rival: Event | undefined, ordered: boolean): void {
    const beside = this.other(jump);
    const what = rival ? `the event ${rival.name}` : "an arrival";
    const own = this.named ? `the event ${event.name}` : "the neuron's own spike";
    const moved = this.moves(event.surface, jump);
    const surfaces = rival ? [event.surface, rival.surface] : [event.surface];
    if (moved) {
      const back = this.takesBack(event, beside, this.place(...surfaces));
      const mark = `${what} can take ${own} back that was to come at that time`;
      found.add(typeof back === "string" ? back : !back, mark, `whether ${mark}: E after it`);
    }
    if (ordered || !event.jump) return;
    // An arrival that may take E across sets off the reset elsewhere than at E = 0.
    const place = moved && !rival ? this.place() : this.place(...surfaces);
    this.commute(found, event.jump, beside, place, `${own} and ${what} at one time`);
  }

  /** Whether E may be below 0 after a jump at E = 0. */
  protected takesBack(event: Event, jump: Jump, place: Place): boolean | string {
    const after = this.after(jump, event.surface);
    const points = pointsOn(this.g, place, [after], this.effort);
    const values = points.map(({ on }) => new Evaluation([after]).at(on)[0]!).filter(Number.isFinite);
    const size = Math.max(1e-300, ...values.map(Math.abs));
    if (values.length === 0) return "has no finite value at any point tried";
    return values.some((v) => v < -1e-9 * size);
  }

  protected commute(found: Findings, first: Jump, second: Jump, place: Place, what: string): void {
    const [a, b] = [first, second].map((one, i) => one.value.map((v) => this.after(i === 0 ? second : first, v)));
    this.cell.states.forEach((name, r) => {
      const mark = `${what}: "${name}" after both depends on their order`;
      found.add(this.agree(a![r]!, b![r]!, place), mark, `whether this is so, ${mark}: the difference`);
    });
  }
}
