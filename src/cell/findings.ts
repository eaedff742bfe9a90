/** Conditions of a verdict on means, and what is found for and against each. */
import { some, type Verdict } from "./exactness.js";

export interface UnbiasedCondition {
  readonly name: "no grazing" | "coincident jumps commute" | "no choice in a jump" | "continuous likelihood";
  readonly verdict: Verdict;
  /** What was found, in one line. */
  readonly detail: string;
  /** What to change where it does not hold. */
  readonly mend?: string;
}

const mends = {
  "no grazing":
    "let spikes come from a hazard that is above 0 (s' = exp((v - vTh) / d), event s, s = log(u) at start and reset), or take the noise off",
  "coincident jumps commute":
    "let spikes arrive at a state that the reset leaves or shifts (i + w beside v), or reset by a shift (v - vReset)",
  "no choice in a jump": "give each kind of event a hazard of its own, or the branches one value where they meet",
  "continuous likelihood":
    "let the hazard be continuous there (hold the potential in a refractory period and not the hazard), or leave what moves that time out of the fit",
} as const;

/** What was found against a condition. */
export class Findings {
  private readonly against: string[] = [];
  private readonly untold: string[] = [];

  constructor(
    private readonly name: UnbiasedCondition["name"],
    private readonly holds: string,
  ) {}

  violated(what: string): void {
    if (!this.against.includes(what)) this.against.push(what);
  }

  unproven(what: string): void {
    if (!this.untold.includes(what)) this.untold.push(what);
  }

  /** @param holds whether it does, or why that cannot be told. */
  add(holds: boolean | string, against: string, subject: string): void {
    if (holds === false) this.violated(against);
    else if (holds !== true) this.unproven(`${subject} ${holds}`);
  }

  condition(): UnbiasedCondition {
    const { name, against, untold } = this;
    const mend = mends[name];
    if (against.length > 0) return { name, verdict: "violated", detail: some(against), mend };
    if (untold.length > 0) return { name, verdict: "unproven", detail: `it is not known ${some(untold)}`, mend };
    return { name, verdict: "holds", detail: this.holds };
  }
}
