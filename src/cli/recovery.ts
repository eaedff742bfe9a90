/** The part of `saltation train` that knows a true network: data drawn from it, measures against it, table and figure. */
import type { Engine, Progress } from "../engine.js";
import { type Measures, meanValues, RecoveryTest, type TestOptions, type Values } from "../experiments/recovery.js";
import type { TestJob } from "../job/job.js";
import type { Truth } from "../job/truth-job.js";
import type { NetworkDefinition } from "../network/network.js";
import type { SolveOptions } from "../plan/plan.js";
import { readable } from "./output.js";
import { writeOutput } from "./output-files.js";
import { newTable } from "./table.js";

export interface Metrics extends Measures {
  /** Fitted values, averaged over the last steps where the job's test says so. */
  readonly parameters: Values;
  /** The measures before training. */
  readonly before?: Measures;
}

export interface Measured extends Measures {
  readonly step: number;
}

/** What is measured and kept of a training run. */
export class Recovery {
  readonly curve: Measured[] = [];
  /** The trained numbers, where they are few, by step. */
  readonly scalars = new Map<string, number[]>();
  private readonly last: Values[] = [];
  private first: Measures | undefined;

  private constructor(
    private readonly test: RecoveryTest | undefined,
    private readonly average: number,
  ) {}

  static async create(
    engine: Engine,
    model: NetworkDefinition,
    solve: SolveOptions,
    truth: Truth | undefined,
    job: TestJob | undefined,
    progress: Progress = {},
  ): Promise<Recovery> {
    if (!job || !truth) return new Recovery(undefined, 1);
    const options = job as TestOptions;
    const test = await RecoveryTest.create(engine, model, truth, solve, options, progress);
    return new Recovery(test, job.average ?? 1);
  }

  /** Before the first step. */
  async before(values: Values): Promise<void> {
    if (this.test) this.first = await this.test.measure(values, 0);
  }

  /** Whether the values after a step are looked at. */
  wants(last: boolean): boolean {
    return this.test !== undefined || last;
  }

  /** After each step whose values are wanted. @param last whether it is the last of all: `metrics` measures that. */
  async after(step: number, values: Values, last: boolean): Promise<void> {
    this.last.push(values);
    if (this.last.length > this.average) this.last.shift();
    if (!this.test) return;
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== "number") continue;
      const list = this.scalars.get(name) ?? [];
      this.scalars.set(name, list);
      list.push(value);
    }
    if (this.test.due(step) && !last)
      this.curve.push({ step: step + 1, ...(await this.test.measure(values, step + 1)) });
  }

  /** After the last of `steps` steps. */
  async metrics(steps: number): Promise<Metrics> {
    if (this.test) {
      this.curve.push({ step: steps, ...(await this.test.measure(meanValues(this.last), steps)) });
    }
    const parameters = this.average > 1 ? meanValues(this.last) : this.last[this.last.length - 1]!;
    const end = this.curve[this.curve.length - 1];
    if (!end) return { parameters };
    const { step, ...measures } = end;
    const maes = this.curve.filter((m) => m.step > step - this.average).map((m) => m.testMae!);
    const testMae = measures.testMae === undefined ? {} : { testMae: maes.reduce((a, b) => a + b, 0) / maes.length };
    return { ...measures, ...testMae, parameters, ...(this.first ? { before: this.first } : {}) };
  }
}

const names: Record<keyof Measures, string> = {
  testMae: "test error of mean spike times",
  testLoss: "test loss (expected signatures)",
  weightError: "mean absolute error of weights",
};

export function metricsTable(metrics: Metrics): string {
  const table = newTable(["against the true network", "before", "after"]);
  for (const [key, name] of Object.entries(names) as [keyof Measures, string][]) {
    const value = metrics[key];
    if (value !== undefined) table.push([name, metrics.before ? readable(metrics.before[key]!) : "", readable(value)]);
  }
  return table.toString();
}

/** Draws the loss, the measures and single trained numbers by training step. @returns whether it was written. */
export async function drawRecovery(
  file: string,
  recovery: Recovery,
  losses: readonly number[],
  firstStep: number,
): Promise<boolean> {
  const { seriesSvg } = await import("../figures/series.js");
  const by = (y: readonly number[]): { x: number[]; y: readonly number[] } => ({
    x: y.map((_, i) => firstStep + i + 1),
    y,
  });
  const panel = (y: string, series: { x: readonly number[]; y: readonly number[] }, logY = false) => ({
    title: y,
    x: "training step",
    y,
    series: [{ name: y, ...series }],
    logY,
  });
  const measured = (key: keyof Measures): { x: number[]; y: number[] } => {
    const points = recovery.curve.filter((m) => m[key] !== undefined);
    return { x: points.map((m) => m.step), y: points.map((m) => m[key]!) };
  };
  const keys = (Object.keys(names) as (keyof Measures)[]).filter((key) => measured(key).x.length > 1);
  const panels = [
    panel(
      "loss",
      by(losses),
      losses.every((l) => l > 0),
    ),
    ...keys.map((key) => panel(names[key], measured(key), key !== "weightError")),
    ...[...recovery.scalars].map(([name, values]) => panel(name, by(values))),
  ];
  return writeOutput("--figure", file, await seriesSvg({ panels }));
}
