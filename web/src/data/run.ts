/** One training on data: goes, pauses, and says at each epoch how well the network does, on what no step saw too. */

import { type Checkpoint, type Engine, type EngineNetwork, type TrainStep, train } from "../../../src/index.js";
import type { DataTrainPlan } from "../../../src/job/data-job.js";
import { parameterLayout, parameterVector, requestedViews, shapedValues, type View } from "../../../src/plan/layout.js";
import { Test, type TrainingData } from "../../../src/train/data.js";
import { trainableNames } from "../../../src/train/trainable.js";
import { planUpdate, Update } from "../../../src/train/update.js";
import { turn } from "../worker/turn.js";
import { look, mapOf } from "./classifier.js";
import type { BestEpoch, FromWorker, RunState, Shown } from "./protocol.js";

/** Milliseconds between two messages of steps. */
const stepEvery = 120;
/** The share of the time that pictures may take while it trains. */
const pictureShare = 0.3;

/** The first samples of a data set. */
const firstOf = (data: TrainingData, count: number): TrainingData => ({
  count: Math.min(count, data.count),
  batch: (indices) => data.batch(indices),
  order: (drawn) => data.order(drawn),
});

export class DataRun {
  private readonly network: EngineNetwork;
  private readonly test: Test;
  private readonly training: Test;
  private readonly plan: ReturnType<EngineNetwork["gradientPlan"]>;
  /** Of what is trained. */
  private readonly views: readonly View[];
  private readonly aborter = new AbortController();
  private iterator: AsyncGenerator<TrainStep, void, void> | undefined;
  private last: TrainStep | undefined;
  /** Where a run that failed goes on from. */
  private saved: Checkpoint | undefined;
  private wantsToRun = false;
  private state: RunState = "ready";
  private best: BestEpoch | undefined;
  private shown: Shown | undefined;
  /** What uses the engine: one thing at a time. Never rejects. */
  private work: Promise<unknown> = Promise.resolve();
  private told = 0;
  private pictured = 0;
  private pictureCost = 0;

  /** @throws SaltationError where the network cannot be put on the engine. */
  constructor(
    engine: Engine,
    private readonly planned: DataTrainPlan,
    private readonly emit: (message: FromWorker) => void,
    private readonly withMap: boolean,
    before: { readonly checkpoint: Checkpoint | undefined; readonly best: BestEpoch | undefined },
  ) {
    const { options } = planned;
    const { loss, test, data } = options;
    this.network = engine.network(planned.network);
    this.test = new Test(this.network, loss, options, test!);
    this.training = new Test(this.network, loss, options, { data: firstOf(data, test!.data.count) });
    this.plan = this.network.gradientPlan({ ...options, seed: 0, samples: data.batch(Uint32Array.of(0)) }, loss);
    const names = trainableNames(options.trainable);
    this.views = requestedViews(this.network.network, parameterLayout(this.plan), names, "trainable");
    this.saved = before.checkpoint;
    this.best = before.best;
  }

  /** How many values all parameters have. */
  get size(): number {
    return parameterVector(this.plan).length;
  }

  get done(): number {
    return this.last ? this.last.step + 1 : (this.saved?.step ?? 0);
  }

  private get wholeEpochs(): number {
    return Math.floor(this.done / this.planned.perEpoch);
  }

  /** What the next run goes on from, where this one failed. */
  get standing() {
    return { checkpoint: this.saved, best: this.best };
  }

  /** Values of all parameters as they stand. */
  private async vector(): Promise<Float64Array> {
    const vector = parameterVector(this.plan);
    const state = this.last ? (await this.last.checkpoint()).update : this.saved?.update;
    if (!state) return vector;
    const { options } = this.planned;
    new Update(planUpdate(options, this.network.network, this.views, vector), vector).restore(state, vector);
    return vector;
  }

  /** Trained weights by name: of the best epoch, before one is done as they stand. */
  weights(): Promise<Record<string, readonly number[]>> {
    return this.alone(async () => {
      const vector = this.best?.vector ?? (await this.vector());
      return shapedValues(this.views, vector) as Record<string, readonly number[]>;
    });
  }

  private alone<T>(act: () => Promise<T>): Promise<T> {
    const result = this.work.then(act);
    this.work = result.catch(() => {});
    return result;
  }

  private tell(state: RunState, message?: string): void {
    this.state = state;
    this.emit({ kind: "state", state, step: this.done, ...(message === undefined ? {} : { message }) });
  }

  private tellStanding(): void {
    this.emit({ kind: "standing", standing: { checkpoint: this.saved!, best: this.best } });
  }

  /** How the network does before it has learnt anything. */
  async show(): Promise<void> {
    await this.alone(async () => {
      if (this.done === 0) await this.measure(0, undefined);
      await this.picture(this.wholeEpochs);
    });
    const { perEpoch, options } = this.planned;
    this.tell(this.done === 0 ? "ready" : this.done < perEpoch * options.epochs! ? "paused" : "finished");
  }

  private async measure(epoch: number, step: TrainStep["epoch"]): Promise<void> {
    const due = epoch === 0 || this.pictureDue();
    const began = performance.now();
    const vector = await this.vector();
    const test = step?.test ?? (await this.test.measure(vector));
    const training = due ? await this.training.measure(vector) : undefined;
    this.pictureCost += performance.now() - began;
    const accuracy = test.accuracy!;
    if (epoch > 0 && (step?.best || !this.best)) this.best = { epoch, accuracy, vector };
    this.emit({
      kind: "epoch",
      epoch: {
        epoch,
        loss: step?.loss,
        test: { loss: test.loss, accuracy, confusion: test.confusion! },
        trainingAccuracy: training?.accuracy,
        best: { epoch: this.best?.epoch ?? epoch, accuracy: this.best?.accuracy ?? accuracy },
      },
    });
  }

  /** Pictures may take their share of the time since the last ones. */
  private pictureDue(): boolean {
    return this.pictureCost <= pictureShare * (performance.now() - this.pictured);
  }

  private async picture(epoch: number): Promise<void> {
    const began = performance.now();
    const vector = await this.vector();
    if (this.withMap) {
      const probabilities = await mapOf(this.network, this.planned, vector);
      this.emit({ kind: "map", probabilities, epoch });
    }
    if (this.shown) this.emit({ kind: "seen", seen: await look(this.network, this.planned, vector, this.shown) });
    this.pictured = performance.now();
    this.pictureCost = this.pictured - began;
  }

  /** Shows what a sample causes, between two steps. */
  look(shown: Shown): Promise<void> {
    this.shown = shown;
    return this.alone(async () => {
      // Of many that wait, the last alone is worth the time.
      if (this.shown !== shown || this.aborter.signal.aborted) return;
      this.emit({ kind: "seen", seen: await look(this.network, this.planned, await this.vector(), shown) });
    });
  }

  pause(): void {
    this.wantsToRun = false;
  }

  stop(): void {
    this.aborter.abort(new Error("stopped"));
  }

  async go(): Promise<void> {
    if (this.state === "running" || this.state === "finished") return;
    this.wantsToRun = true;
    this.tell("running");
    const { signal } = this.aborter;
    this.iterator ??= train(this.network, {
      ...this.planned.options,
      signal,
      ...(this.saved ? { resume: this.saved } : {}),
    });
    const { iterator } = this;
    for (;;) {
      if (!this.wantsToRun) {
        await this.alone(async () => this.rest());
        return this.tell("paused");
      }
      const over = await this.alone(async () => {
        const { value: step } = await iterator.next();
        if (!step) return true;
        if (!this.last) this.emit({ kind: "warnings", lines: [...(step.warnings ?? []), ...(step.because ?? [])] });
        this.last = step;
        if (performance.now() - this.told > stepEvery || step.epoch) {
          this.told = performance.now();
          this.emit({ kind: "step", step: this.done, loss: step.value });
        }
        const { epoch } = step;
        if (!epoch) return false;
        this.saved = await step.checkpoint();
        await this.measure(epoch.epoch, epoch);
        this.tellStanding();
        if (this.pictureDue()) await this.picture(epoch.epoch);
        return false;
      });
      if (over) break;
      await turn();
    }
    await this.alone(() => this.rest());
    this.tell("finished");
  }

  /** All that is shown is of the last step, before the run rests. */
  private async rest(): Promise<void> {
    if (!this.last) return;
    this.saved = await this.last.checkpoint();
    this.tellStanding();
    await this.picture(this.wholeEpochs);
  }
}
