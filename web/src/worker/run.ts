/** One training run: goes, pauses, takes single steps, changes its number of paths, and survives the loss of a device. */

import { type Checkpoint, type Engine, SaltationError, type TrainStep, train } from "../../../src/index.js";
import { requirementsOf } from "../../../src/job/build.js";
import { defineNetwork } from "../../../src/network/network.js";
import { planSolve } from "../../../src/plan/plan.js";
import { measureDiscretisation } from "../../../src/twin/discretisation.js";
import { numbersIn } from "../model/numbers-in.js";
import { isLoss } from "./engine-keeper.js";
import { asGiven, type Problem, withValues } from "./problem.js";
import type { Entry, RunState, StepFacts, StudioEvent } from "./protocol.js";
import { takeSnapshot } from "./snapshot.js";
import { isStale } from "./stale.js";
import { turn } from "./turn.js";
import { failureText } from "./zero-divisors.js";

/** Milliseconds between two messages about progress. */
const progressEvery = 120;
/** Milliseconds between two pictures, and the share of the time that they may take. */
const snapshotEvery = 600;
const snapshotShare = 0.2;
/** Seconds over which speed is measured. */
const measuredOver = 1;
/** Milliseconds between two messages of where a run stands, and the share of the time that they may take. */
const standingEvery = 2000;
const standingShare = 0.05;
/** Numbers of one parameter whose history is kept. */
const mostEntries = 128;

/** Whether the run is to go, to take one step and rest, or to rest: the last that was said holds. */
type Wish = "running" | "step" | "paused";

export interface RunHost {
  /** Does something with a live engine; fails with `device-lost` as soon as its device is lost. */
  use<T>(act: (engine: Engine) => Promise<T>): Promise<T>;
  /** Resolves when there is a live engine. */
  live(): Promise<unknown>;
  /** Bytes held on the device. */
  bytes(): number | undefined;
  emit(event: StudioEvent): void;
}

/** Where a run begins, or goes on from. */
export interface Origin {
  readonly checkpoint: Checkpoint | undefined;
  /** Values of what is trained, by name. */
  readonly parameters: Record<string, unknown>;
}

export class Run {
  private state: RunState = "ready";
  private checkpoint: Checkpoint | undefined;
  private iterator: AsyncGenerator<TrainStep, void, void> | undefined;
  /** Paths of the steps that the iterator takes. */
  private iteratorPaths = 0;
  private values: Record<string, unknown>;
  private done: number;
  private paths: number;
  private wanted: Wish = "paused";
  /** What is being done: one thing at a time uses the engine. Never rejects. */
  private work: Promise<void> | undefined;
  private stopped = false;
  private halt = (): void => {};
  private readonly halted = new Promise<void>((resolve) => {
    this.halt = resolve;
  });
  private stood = 0;
  private standingCost = 0;
  private rate = 0;
  private counted = 0;
  private countedFrom = 0;
  private rows: { step: number; loss: number; standardError: number; values: number[] }[] = [];
  private saturated = 0;
  private facts: StepFacts = { warnings: [], estimated: undefined };
  private posted = 0;
  private pictured = 0;
  private pictureCost = 0;
  /** What the last picture shows. */
  private shown = { neuron: -1, paths: 0 };

  constructor(
    readonly problem: Problem,
    private readonly host: RunHost,
    private neuron: number,
    resume?: Origin,
  ) {
    this.checkpoint = resume?.checkpoint;
    this.values = resume?.parameters ?? this.startValues();
    this.done = this.checkpoint?.step ?? 0;
    this.paths = problem.solve.paths;
  }

  private get steps(): number {
    return this.problem.job.steps;
  }

  private startValues(): Record<string, unknown> {
    const { definition, trained } = this.problem;
    const network = defineNetwork(definition);
    return Object.fromEntries(
      trained.map((name) => {
        if (name === "weights") return [name, definition.weights];
        if (name !== "current") {
          const p = network.parameters.find((q) => q.name === name)!;
          return [name, p?.perNeuron ? [...p.values] : p?.values[0]];
        }
        const input = network.parameters.find((q) => q.name === "I");
        if (input) return [name, input.perNeuron ? [...input.values] : input.values[0]];
        const { current } = network;
        return [name, typeof current === "object" && "samples" in current ? current.samples : current];
      }),
    );
  }

  /** Shows the run as it stands. */
  async show(): Promise<void> {
    const { truth, trained } = this.problem;
    const entries = trained.flatMap((parameter): Entry[] => {
      const now = numbersIn(this.values[parameter]).slice(0, mostEntries);
      const known = truth[parameter] === undefined ? [] : numbersIn(truth[parameter]);
      const single = typeof this.values[parameter] === "number";
      return now.map((start, i) => ({ parameter, index: single ? -1 : i, truth: known[i], start }));
    });
    this.host.emit({ kind: "entries", entries, from: this.done });
    this.tell(this.done > 0 ? (this.done >= this.steps ? "finished" : "paused") : "ready");
    this.stand();
    await this.alone(() => this.pictures());
  }

  private tell(state: RunState): void {
    this.state = state;
    this.host.emit({ kind: "state", state, step: this.done, steps: this.steps });
  }

  private entryValues(values: Record<string, unknown>): number[] {
    return this.problem.trained.flatMap((name) => numbersIn(values[name]).slice(0, mostEntries));
  }

  private post(): void {
    this.posted = performance.now();
    this.measure();
    if (this.rows.length === 0) return;
    const { rows } = this;
    this.rows = [];
    this.host.emit({
      kind: "progress",
      steps: Float64Array.from(rows, (r) => r.step),
      loss: Float64Array.from(rows, (r) => r.loss),
      standardError: Float64Array.from(rows, (r) => r.standardError),
      values: Float64Array.from(rows.flatMap((r) => r.values)),
      rate: this.rate,
      bytes: this.host.bytes(),
      saturatedPaths: this.saturated,
      facts: this.facts,
    });
    const now = performance.now();
    if (now - this.stood > Math.max(standingEvery, this.standingCost / standingShare)) this.stand();
  }

  /** Says where the run stands, for those who keep it. */
  private stand(): void {
    const began = performance.now();
    const { checkpoint, values: parameters, done: step } = this;
    this.host.emit({ kind: "standing", standing: checkpoint ? { checkpoint, parameters } : null, step });
    this.stood = performance.now();
    this.standingCost = this.stood - began;
  }

  private doing(text: string): void {
    this.host.emit({ kind: "doing", text });
  }

  private async picture(): Promise<void> {
    const began = performance.now();
    const { definition, solve, trials } = this.problem;
    const { neuron, paths } = this;
    this.doing("The figures are being drawn");
    const event = await this.host.use((engine) =>
      takeSnapshot(engine, withValues(definition, this.values), { ...solve, paths }, trials, neuron, this.done),
    );
    if (this.stopped) return;
    this.shown = { neuron, paths };
    this.host.emit(event);
    this.pictured = performance.now();
    this.pictureCost = this.pictured - began;
  }

  /** A picture of the run at rest, and another where what it shows is changed meanwhile. */
  private async pictures(): Promise<void> {
    const once = async (): Promise<void> => {
      await this.picture();
      await this.measureStep();
    };
    do await once().catch((error) => this.recover(error));
    while (!this.stopped && (this.shown.neuron !== this.neuron || this.shown.paths !== this.paths));
  }

  /** Says what the step dt costs at the values as they stand. */
  private async measureStep(): Promise<void> {
    if (this.stopped) return;
    const { definition, solve } = this.problem;
    const network = defineNetwork(withValues(definition, this.values));
    const found = await measureDiscretisation(planSolve(network, { ...solve, paths: this.paths }));
    if (!this.stopped) this.host.emit({ kind: "discretisation", found });
  }

  private start(engine: Engine): AsyncGenerator<TrainStep, void, void> {
    const { problem, checkpoint } = this;
    const { job } = problem;
    return train(engine.network(problem.trainedNetwork), {
      ...problem.solve,
      paths: this.paths,
      ...problem.update,
      loss: problem.loss,
      steps: this.steps,
      ...(checkpoint ? { resume: checkpoint } : {}),
      ...(job.commonNoise === undefined ? {} : { commonNoise: job.commonNoise }),
      ...requirementsOf(job),
    });
  }

  /** One training step. @returns whether there was one. */
  private async advance(): Promise<boolean> {
    if (this.iterator && this.iteratorPaths !== this.paths) {
      this.rate = 0;
      await this.end();
    }
    const first = this.iterator === undefined;
    this.iteratorPaths = this.paths;
    const compiles = first && this.host.bytes() !== undefined;
    this.doing(`Step ${this.done + 1} is under way${compiles ? ", for which programs are compiled" : ""}`);
    const made = await this.host.use(async (engine) => {
      this.iterator ??= this.start(engine);
      const { value: step } = await this.iterator.next();
      return step && { step, checkpoint: await step.checkpoint(), values: await step.values() };
    });
    if (!made) return false;
    const { step } = made;
    this.checkpoint = made.checkpoint;
    this.done = step.step + 1;
    this.values = asGiven(this.problem.definition, made.values.updated);
    this.saturated = step.saturatedPaths;
    const { terms, estimator } = step;
    const { spread } = made.values;
    this.facts = {
      // That a gradient is 0 is known of first steps alone.
      warnings: first ? (step.warnings ?? []) : this.facts.warnings,
      estimated: estimator && { terms, estimator, ...(spread ? { spread } : {}) },
    };
    // The first one compiles.
    if (first) this.startCount();
    else this.counted++;
    this.rows.push({
      step: step.step,
      loss: step.value,
      standardError: step.standardError,
      values: this.entryValues(this.values),
    });
    return this.done < this.steps;
  }

  /**
   * Speed by the clock, with pictures, over a while in which the run goes: several steps may be on the way at once, also
   * while a picture is made, so that a shorter while, or one without pictures, would show too much.
   */
  private measure(): void {
    const seconds = (performance.now() - this.countedFrom) / 1000;
    if (seconds < measuredOver) return;
    if (this.counted > 0) this.rate = (this.counted * this.lanes() * this.gridSteps()) / seconds;
    this.startCount();
  }

  private startCount(): void {
    [this.counted, this.countedFrom] = [0, performance.now()];
  }

  /** Paths of a training step: a likelihood follows the observed trials instead. */
  private lanes(): number {
    const { job, trials } = this.problem;
    return job.loss.kind === "log-likelihood" ? Math.min(job.loss.batch ?? trials.length, trials.length) : this.paths;
  }

  private gridSteps(): number {
    const { t0 = 0, t1, dt } = this.problem.solve;
    return Math.round((t1 - t0) / dt);
  }

  /** Does something once nothing else is done; a run that is wished for meanwhile begins after it. */
  private alone(act: () => Promise<void>): Promise<void> {
    const done = act().finally(() => {
      this.work = undefined;
      if (this.wanted !== "paused" && !this.stopped) void this.alone(() => this.go());
    });
    this.work = done.catch(() => {});
    return done;
  }

  /** Goes until it is paused, has done its steps, or fails. */
  private async go(): Promise<void> {
    this.tell("running");
    this.startCount();
    let more = true;
    try {
      while (more && !this.stopped && this.wanted !== "paused") {
        try {
          more = await this.advance();
          if (this.wanted === "step") this.wanted = "paused";
          const now = performance.now();
          if (now - this.posted > progressEvery) this.post();
          if (now - this.pictured > Math.max(snapshotEvery, this.pictureCost / snapshotShare)) await this.picture();
        } catch (error) {
          await this.recover(error);
        }
        await turn();
      }
      if (this.stopped) return;
      this.post();
      if (!more) this.wanted = "paused";
      this.tell(more ? "paused" : "finished");
      this.stand();
      await this.pictures();
    } catch (error) {
      await this.end();
      this.wanted = "paused";
      if (this.stopped) return;
      this.post();
      this.stand();
      this.fail(error);
      this.tell("failed");
    }
  }

  private fail(error: unknown): void {
    const code = error instanceof SaltationError ? error.code : isStale(error) ? "stale" : "error";
    const network = defineNetwork(withValues(this.problem.definition, this.values));
    this.host.emit({ kind: "failure", code, message: failureText(error, [network]) });
  }

  /** After a lost device: goes on with the next one from the last step. Throws what is another error. */
  private async recover(error: unknown): Promise<void> {
    if (!isLoss(error)) throw error;
    const { iterator } = this;
    this.iterator = undefined;
    // What waits for a device that is gone may never return.
    void iterator?.return().catch(() => {});
    this.rate = 0;
    await Promise.race([this.host.live(), this.halted]);
  }

  /** The device was lost: what is being done notices by itself, a run that rests is told. */
  async deviceLost(error: SaltationError): Promise<void> {
    if (this.work || this.stopped) return;
    await this.alone(async () => {
      await this.recover(error);
      await this.pictures();
    }).catch((failure) => this.fail(failure));
  }

  private async end(): Promise<void> {
    const { iterator } = this;
    this.iterator = undefined;
    await iterator?.return().catch(() => {});
  }

  run(): void {
    this.begin("running");
  }

  step(): void {
    if (this.state !== "running") this.begin("step");
  }

  private begin(wish: Wish): void {
    if (this.state === "finished" || this.stopped) return;
    this.wanted = wish;
    if (!this.work) void this.alone(() => this.go());
  }

  /** Answers once the run rests. */
  async pause(): Promise<void> {
    this.wanted = "paused";
    await this.work;
  }

  /** Goes on with another number of paths, from the next step on. */
  setPaths(paths: number): void {
    this.paths = paths;
    this.refresh();
  }

  setNeuron(neuron: number): void {
    this.neuron = neuron;
    this.refresh();
  }

  /** Shows a change of a run that rests; where something is being done, that shows it. */
  private refresh(): void {
    if (!this.work && !this.stopped) void this.alone(() => this.pictures()).catch((error) => this.fail(error));
  }

  /** Ends the run for good. */
  async stop(): Promise<Origin> {
    this.stopped = true;
    this.halt();
    await this.work;
    await this.end();
    return this.standing;
  }

  /** The run as it stands: what an export holds, and another run can go on from. */
  get standing(): Origin & { readonly step: number; readonly paths: number } {
    return { checkpoint: this.checkpoint, parameters: this.values, step: this.done, paths: this.paths };
  }
}
