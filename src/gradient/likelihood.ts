/** Value and gradient of a log-likelihood on the GPU, a lane (one neuron in one trial) per invocation. */
import { agendaWords, portedWords } from "../../shaders/solve/agenda.wgsl.js";
import { likelihoodBackward } from "../../shaders/solve/likelihood-backward.wgsl.js";
import {
  likelihoodCarry,
  likelihoodForward,
  likelihoodTapeWords,
} from "../../shaders/solve/likelihood-forward.wgsl.js";
import { fail } from "../checks.js";
import type { SaltationError } from "../errors.js";
import type { Gpu, KernelOf, Storage } from "../gpu/index.js";
import { type Likelihood, TrialSums } from "../loss/likelihood.js";
import type { Evaluator, EvaluatorOptions } from "../loss/loss.js";
import type { Evaluated } from "../loss/result.js";
import { weightPlace } from "../network/connections.js";
import { allArrivals } from "../plan/arrivals.js";
import { stepsPerDispatch } from "../plan/chunks.js";
import { firesTooOften, mostPerStep } from "../plan/endless.js";
import { deviceVector, segmentsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { decideIncrements } from "../solve/carried.js";
import { gradientPlaces } from "../solve/gradient-places.js";
import { solverShape } from "../solve/shape.js";
import { told } from "../solve/simulate.js";
import { runOf } from "../solve/uniform.js";
import { impossibleSpike, ownSpike, type Schedule } from "../spikes/schedule.js";

/** Few lanes are spread over the processors, many fill them. */
const workgroupSizeOf = (lanes: number): number => (lanes < 1024 ? 4 : 64);

/** Grid steps of one dispatch at most: however few the lanes, a sub-step takes its time. */
const mostSteps = 16384;

/** Bytes of tape at a time: lanes beyond it take turns. */
const tapeBytes = 256 * 2 ** 20;

/** The words of a schedule for the kernels (shaders/solve/likelihood-forward.wgsl.ts). */
function scheduleWords(plan: SolvePlan, { starts, neurons: count, ...entries }: Schedule): Uint32Array {
  const inputs = allArrivals(plan);
  const { connections } = plan.network;
  const neurons = new Uint32Array(entries.steps.length);
  for (let lane = 0; lane + 1 < starts.length; lane++) neurons.fill(lane % count, starts[lane]!, starts[lane + 1]!);
  const edges = connections.targets.length;
  const ports = Array.from(entries.what, (what) =>
    what === ownSpike ? 0 : what < edges ? connections.ports[what]! : inputs.ports[what - edges]!,
  );
  // The place of its weight in place of an edge.
  const what = entries.what.map((what) =>
    what === ownSpike
      ? what
      : what < edges
        ? weightPlace(connections, what)
        : connections.weights.length + what - edges,
  );
  const agenda = agendaWords({ ...entries, what, neurons: portedWords(neurons, ports) }, inputs.weights);
  const words = new Uint32Array(starts.length + agenda.length + 1);
  words.set(starts);
  words.set(agenda, starts.length);
  return words;
}

/** What is prepared once for all evaluations. */
interface Prepared {
  readonly forward: KernelOf<typeof likelihoodForward>;
  readonly backward: KernelOf<typeof likelihoodBackward>;
  readonly theta: Storage;
  readonly schedule: Storage;
  /** Numbers of a state. */
  readonly states: number;
  /** Numbers that a lane has on the tape for each sub-step, and in the table of rows. */
  readonly perLane: { readonly tape: number; readonly rows: number };
  /** Whether lanes have other events than spikes. */
  readonly several: boolean;
  readonly warnings: readonly string[] | undefined;
}

export class GpuLikelihood implements Evaluator {
  /** Sub-steps of the longest lane, where that had no room. */
  private longestLane = 0;

  private constructor(
    private readonly gpu: Gpu,
    private readonly views: readonly View[],
    private readonly likelihood: Likelihood,
    private readonly prepared: Prepared,
  ) {}

  static async create(
    gpu: Gpu,
    given: SolvePlan,
    likelihood: Likelihood,
    views: readonly View[],
  ): Promise<GpuLikelihood> {
    const { schedule } = likelihood;
    const plan = await decideIncrements(gpu, given, { differentiates: true, forced: true });
    const { network } = plan;
    const names = segmentsOf(views);
    const forced = { noise: likelihood.noise ?? false };
    const shape = await solverShape(plan, "none", names, forced);
    const { layout, states, carried } = shape;
    const lanes = schedule.trials * schedule.neurons;
    const sizes = {
      lanes,
      workgroupSize: workgroupSizeOf(lanes),
      edges: network.connections.weights.length,
      weightOffset: layout.segments.get("weights")!.offset,
      scheduled: schedule.steps.length,
      spike: network.cell.events.findIndex((e) => e.emits),
      mostPerStep,
      ports: network.cell.ports.length,
    };
    const places = gradientPlaces(plan, views);
    if (places.parts.length > 0 || shape.current.parts)
      fail("loss", 'log-likelihood takes gradients by values of one population of several on backend "cpu" alone');
    const label = `likelihood of ${network.cell.name}, ${plan.method}`;
    const reverse = {
      ...(await solverShape(plan, "reverse", names, forced)),
      ...places,
    };
    const [forward, backward] = await Promise.all([
      gpu.kernel(likelihoodForward({ ...shape, ...sizes }, `forward ${label}`)),
      gpu.kernel(likelihoodBackward({ ...reverse, ...sizes }, `backward ${label}`)),
    ]);
    const theta = gpu.upload("parameters", deviceVector(plan));
    return new GpuLikelihood(gpu, views, likelihood, {
      forward,
      backward,
      theta,
      schedule: gpu.upload("schedule", scheduleWords(plan, schedule)),
      states,
      perLane: { tape: likelihoodTapeWords(shape), rows: 1 + places.entries * (carried ? 2 : 1) },
      several: shape.several,
      warnings: told(plan.warnings),
    });
  }

  /** Sub-steps that the longest lane is known to have, and the end; and as many events beside spikes as were met, or a guess. */
  private tapeEntriesOf(plan: SolvePlan): number {
    const { starts } = this.likelihood.schedule;
    let longest = 0;
    for (let lane = 0; lane + 1 < starts.length; lane++) longest = Math.max(longest, starts[lane + 1]! - starts[lane]!);
    const known = plan.steps + longest + 1;
    return this.prepared.several ? Math.max(known + 2 * longest + 8, this.longestLane) : known;
  }

  /** Lanes at a time. */
  private lanesAtOnce(tapeEntries: number): number {
    const { batch, schedule } = this.likelihood;
    const perLane = 4 * this.prepared.perLane.tape * tapeEntries;
    const { maxStorageBufferBindingSize, maxBufferSize } = this.gpu.device.limits;
    const most = Math.min(tapeBytes, maxStorageBufferBindingSize, maxBufferSize);
    if (perLane > most) {
      throw this.gpu.limitError("maxStorageBufferBindingSize", perLane, "take a larger dt or shorter trials");
    }
    return Math.min(batch * schedule.neurons, Math.floor(most / perLane));
  }

  /** What the twin, in float64, says of a lane whose events have no end. */
  private async refusal(plan: SolvePlan, lane: number, step: number): Promise<SaltationError> {
    const { schedule } = this.likelihood;
    const failure = await import("../twin/likelihood.js").then((twin) => twin.laneFailure(plan, schedule, lane));
    const cause = `its events have no end at dt = ${plan.dt}; take a smaller dt, or check the conditions and jumps`;
    return failure ?? firesTooOften(lane % schedule.neurons, step, cause);
  }

  async evaluate(plan: SolvePlan, options: EvaluatorOptions = {}): Promise<Evaluated> {
    this.gpu.write(this.prepared.theta, deviceVector(plan));
    for (;;) {
      const sums = new TrialSums(plan, this.likelihood, this.views, options.trials);
      const tapeEntries = this.tapeEntriesOf(plan);
      const longest = await this.sum(plan, sums, tapeEntries);
      if (longest < tapeEntries) return { ...sums.result(options), warnings: this.prepared.warnings };
      // With a quarter to spare.
      this.longestLane = Math.ceil(1.25 * (longest + 1));
    }
  }

  /**
   * Adds up all lanes. The few rows of a lane are read back and summed in float64: a table of (1 + entries) × lanes numbers.
   * @returns sub-steps of the longest lane; if the tape has no room for them, the sums are nothing.
   */
  private async sum(plan: SolvePlan, sums: TrialSums, tapeEntries: number): Promise<number> {
    const { gpu, likelihood } = this;
    const { forward, backward, theta, schedule, states, perLane, several } = this.prepared;
    const { words, sub, impossible, stuck } = likelihoodCarry(states);
    const size = this.lanesAtOnce(tapeEntries);
    const tape = gpu.buffer("tape", 4 * perLane.tape * tapeEntries * size);
    const carry = gpu.buffer("carry", 4 * words * size);
    const rows = gpu.buffer("lane rows", 4 * perLane.rows * size);
    let longest = 0;
    try {
      const pieces = sums.lanes.flatMap(([begin, end]) =>
        Array.from({ length: Math.ceil((end - begin) / size) }, (_, i) => {
          const firstPath = begin + i * size;
          return { firstPath, paths: Math.min(size, end - firstPath) };
        }),
      );
      for (const { firstPath, paths } of pieces) {
        const window = Math.min(plan.steps, mostSteps, stepsPerDispatch(paths));
        const batch = gpu.batch("likelihood").clear(rows);
        const windows = Math.ceil(plan.steps / window);
        const run = runOf(plan, { firstPath, paths });
        const pass = (w: number) => ({
          uniform: { ...run, stepBegin: w * window, stepEnd: Math.min(plan.steps, (w + 1) * window), tapeEntries },
          theta,
          schedule,
          tape,
          carry,
          rows,
          threads: paths,
        });
        for (let w = 0; w < windows; w++) batch.dispatch(forward, pass(w));
        // Where the last sub-step of each lane is, before they are swept.
        const ends = several ? batch.read(carry) : undefined;
        for (let w = windows - 1; w >= 0; w--) batch.dispatch(backward, pass(w));
        const reads = [ends ?? batch.read(carry), batch.read(rows)] as const;
        batch.submit();
        const carried = new Uint32Array(await reads[0]);
        const table = new Float32Array(await reads[1]);
        for (let i = 0; i < paths; i++) {
          const step = carried[stuck * paths + i]!;
          if (step !== 0xffffffff) throw await this.refusal(plan, firstPath + i, step);
          const met = carried[impossible * paths + i]!;
          if (met !== 0xffffffff) impossibleSpike(plan, likelihood.schedule, firstPath + i, met >>> 1, met % 2 === 1);
          if (several) longest = Math.max(longest, carried[sub * paths + i]!);
          for (let r = 0; r < sums.rows.length; r++) sums.add(r, firstPath + i, table[r * paths + i]!);
        }
      }
    } finally {
      for (const storage of [tape, carry, rows]) storage.dispose();
    }
    return longest;
  }

  dispose(): void {
    this.prepared.theta.dispose();
    this.prepared.schedule.dispose();
  }
}
