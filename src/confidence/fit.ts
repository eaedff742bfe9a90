/**
 * The log-likelihood of all observed trials as a function of the fitted entries, in float64, by the twin: in the coordinates x
 * of their constraints (src/train/transform.ts), where an entry without one is its own coordinate.
 */
import { SaltationError } from "../errors.js";
import { type ParameterLayout, parameterLayout, parameterVector, replaceParameters } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { ownSpike, type Schedule } from "../spikes/schedule.js";
import { transformOf } from "../train/transform.js";
import type { Entry } from "../train/update.js";
import { Turns } from "../turns.js";
import { compileFor } from "../twin/compile.js";
import { laneLikelihood } from "../twin/likelihood.js";

/** The log-likelihood at a point, and its derivatives by x. */
export interface Point {
  readonly x: Float64Array;
  /** Sum over trials, in nats. */
  readonly value: number;
  readonly gradient: Float64Array;
  /** What each trial adds to the gradient: [trials][entries]. */
  readonly scores: readonly Float64Array[];
}

/** An entry that is fitted, and the bounds of its value: those of its constraint, and of the cell. */
export interface FitEntry extends Pick<Entry, "place" | "parameter" | "transform"> {
  readonly lower: number;
  readonly upper: number;
}

export const fitEntry = ({ place, parameter, transform, positive }: Entry): FitEntry => ({
  place,
  parameter,
  transform,
  lower: positive ? Math.max(0, transform.lower) : transform.lower,
  upper: transform.upper,
});

export class Fit {
  /** The values of all parameters; entries are replaced by those of a point. */
  private readonly vector: Float64Array;
  private readonly layout: ParameterLayout;
  private readonly cell: ReturnType<typeof compileFor>;
  private readonly turns = new Turns();

  /** @param vector values of all parameters, in the order of the plan's layout; default those of the plan. */
  constructor(
    private readonly plan: SolvePlan,
    readonly schedule: Schedule,
    readonly entries: readonly FitEntry[],
    vector = parameterVector(plan),
  ) {
    this.vector = Float64Array.from(vector);
    this.layout = parameterLayout(plan);
    this.cell = compileFor(plan, true);
  }

  get trials(): number {
    return this.schedule.trials;
  }

  /** Observed spikes of all neurons within t0 to t1. */
  get spikes(): number {
    return this.schedule.what.reduce((n, what) => n + (what === ownSpike ? 1 : 0), 0);
  }

  /** The coordinates of the values at hand. */
  start(): Float64Array {
    return Float64Array.from(this.entries, (e) => e.transform.inverse(this.vector[e.place]!));
  }

  /** The values of all parameters at a point. */
  valuesAt(x: Float64Array): Float64Array {
    const vector = Float64Array.from(this.vector);
    this.entries.forEach((e, i) => {
      vector[e.place] = e.transform.value(x[i]!);
    });
    return vector;
  }

  /** The same fit of some of its entries, the others held where they are at a point. */
  holding(x: Float64Array, kept: readonly number[]): Fit {
    return new Fit(
      this.plan,
      this.schedule,
      kept.map((i) => this.entries[i]!),
      this.valuesAt(x),
    );
  }

  /** The same fit at a point in natural coordinates: each entry is its own, within the same bounds. */
  natural(x: Float64Array): Fit {
    const entries = this.entries.map((e) => ({ ...e, transform: transformOf("none") }));
    return new Fit(this.plan, this.schedule, entries, this.valuesAt(x));
  }

  private planAt(x: Float64Array): SolvePlan {
    return replaceParameters(this.plan, this.layout, this.valuesAt(x));
  }

  /**
   * @throws SaltationError `invalid-input` where a spike has likelihood 0, `not-finite` where the log-likelihood is not a
   *   finite number.
   */
  async at(x: Float64Array): Promise<Point> {
    const { schedule, layout, cell, entries } = this;
    const plan = this.planAt(x);
    const slopes = entries.map((e, i) => e.transform.derivative(x[i]!));
    const scores = Array.from({ length: schedule.trials }, () => new Float64Array(entries.length));
    let value = 0;
    for (let trial = 0; trial < schedule.trials; trial++) {
      const gradient = new Float64Array(layout.size);
      for (let k = 0; k < schedule.neurons; k++) {
        value += laneLikelihood(plan, layout, cell, schedule, trial * schedule.neurons + k, { gradient });
        if (this.turns.due()) await this.turns.take();
      }
      entries.forEach((e, i) => {
        scores[trial]![i] = gradient[e.place]! * slopes[i]!;
      });
    }
    const gradient = Float64Array.from(entries, (_, i) => scores.reduce((sum, s) => sum + s[i]!, 0));
    if (![value, ...gradient].every(Number.isFinite)) {
      throw new SaltationError("not-finite", "the log-likelihood or its gradient is infinite or NaN");
    }
    return { x: Float64Array.from(x), value, gradient, scores };
  }

  /** The log-likelihood alone; undefined where it does not exist. */
  async valueAt(x: Float64Array): Promise<number | undefined> {
    const { schedule, layout, cell } = this;
    const plan = this.planAt(x);
    let value = 0;
    try {
      for (let lane = 0; lane < schedule.trials * schedule.neurons; lane++) {
        value += laneLikelihood(plan, layout, cell, schedule, lane);
        if (this.turns.due()) await this.turns.take();
      }
    } catch (error) {
      if (error instanceof SaltationError) return undefined;
      throw error;
    }
    return Number.isFinite(value) ? value : undefined;
  }

  /** As `at`; undefined where the parameters leave what the cell takes, or a spike has likelihood 0. */
  async tried(x: Float64Array): Promise<Point | undefined> {
    const outside = this.entries.some((e, i) => {
      const value = e.transform.value(x[i]!);
      return !Number.isFinite(value) || value <= e.lower || value >= e.upper;
    });
    if (outside) return undefined;
    try {
      return await this.at(x);
    } catch (error) {
      if (error instanceof SaltationError) return undefined;
      throw error;
    }
  }

  /** Hazards integrated between spikes, lane by lane: see `LaneOutput.hazards`. */
  async hazards(x: Float64Array): Promise<number[][]> {
    const plan = this.planAt(x);
    const all: number[][] = [];
    for (let lane = 0; lane < this.schedule.trials * this.schedule.neurons; lane++) {
      const hazards: number[] = [];
      laneLikelihood(plan, this.layout, this.cell, this.schedule, lane, { hazards });
      all.push(hazards);
      if (this.turns.due()) await this.turns.take();
    }
    return all;
  }
}
