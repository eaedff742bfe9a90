/** Whether a jump makes a choice, of a uniform or a state, that moves with parameters. */
import { Findings, type UnbiasedCondition } from "./findings.js";
import { inputNames } from "./graph.js";
import { rangeOf } from "./interval.js";
import { isRandom } from "./random.js";
import { branchesOf, choicesIn } from "./surface.js";
import { fieldOfJump } from "./tables.js";
import { UseOfCell } from "./use-of-cell.js";

export class Choices extends UseOfCell {
  judged(): UnbiasedCondition {
    const { cell, g, use } = this;
    const found = new Findings("no choice in a jump", "no jump makes a choice that parameters move");
    for (const jump of cell.jumps) {
      if (jump.inputs.includes("w") && !use.arrivals) continue;
      const event = cell.events.find((e) => e.jump === jump);
      const alone = event && this.jumpsBeside(event).every((j) => !this.moves(event.surface, j)) ? event : undefined;
      for (const choice of this.movingChoices(jump.value)) {
        const { surface } = choice;
        if (!(alone ? this.rangeOn(alone.surface, surface) : rangeOf(surface, use.range)).zero) continue;
        const surfaces = [surface, ...(alone ? [alone.surface] : [])];
        const place = {
          ...this.place(...surfaces),
          movable: [...[...inputNames([surface])].filter(isRandom), ...this.names],
        };
        cell.states.forEach((name, r) => {
          const [a, b] = branchesOf(g, jump.value[r]!, choice);
          const random = [...inputNames([surface])].some(isRandom) ? "a random number" : "a state";
          const what = `"${name}" in ${fieldOfJump(cell, jump)} jumps where a comparison of ${random} changes`;
          found.add(this.agree(a, b, place), what, `whether ${what}: the difference`);
        });
      }
    }
    cell.drift.forEach((drift, i) => {
      for (const choice of choicesIn(g, [drift])) {
        if (!use.invariants?.ties(choice.surface)) continue;
        const [a, b] = branchesOf(g, drift, choice);
        const what = `the drift of "${cell.states[i]}" compares a count with what parameters move off a value that it has`;
        found.add(
          this.agree(a, b, this.place(choice.surface)),
          what,
          `whether it matters that ${what}: the difference`,
        );
      }
    });
    return found.condition();
  }
}
