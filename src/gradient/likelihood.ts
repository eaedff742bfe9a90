/** Value and gradient of a log-likelihood on the GPU, a lane (one neuron in one trial) per invocation. */
import { agendaWords, portedWords } from "../../shaders/solve/agenda.wgsl.js";
import { likelihoodBackward } from "../../shaders/solve/likelihood-backward.wgsl.js";
import { likelihoodCarry, likelihoodForward } from "../../shaders/solve/likelihood-forward.wgsl.js";
import type { Gpu, KernelOf, Storage } from "../gpu/index.js";
import { type Likelihood, TrialSums } from "../loss/likelihood.js";
import type { Evaluator, EvaluatorOptions } from "../loss/loss.js";
import type { Evaluated } from "../loss/result.js";
import { allArrivals } from "../plan/arrivals.js";
import { stepsPerDispatch } from "../plan/chunks.js";
import { parameterVector, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { decideIncrements } from "../solve/carried.js";
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
  const agenda = agendaWords({ ...entries, neurons: portedWords(neurons, ports) }, inputs.weights);
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
  /** Numbers of a state, and of what a lane has in the table of rows. */
  readonly perLane: { readonly states: number; readonly rows: number };
  readonly warnings: readonly string[] | undefined;
}

export class GpuLikelihood implements Evaluator {
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
    const names = views.map((v) => v.name);
    const shape = await solverShape(plan, "none", names, true);
    const { layout, states, carried } = shape;
    const lanes = schedule.trials * schedule.neurons;
    const sizes = {
      lanes,
      workgroupSize: workgroupSizeOf(lanes),
      edges: network.connections.targets.length,
      weightOffset: layout.views.get("weights")!.offset,
      scheduled: schedule.steps.length,
      ports: network.cell.ports.length,
    };
    const gradientRows: { parameter: number; row: number; perNeuron: boolean }[] = [];
    let [weightRow, currentRow, row] = [-1, -1, 0];
    for (const view of views) {
      if (view.name === "weights") weightRow = row;
      else if (view.name === "current") currentRow = row;
      else {
        const parameter = network.cell.parameters.indexOf(view.name);
        gradientRows.push({ parameter, row, perNeuron: view.neuronStride > 0 });
      }
      row += view.length;
    }
    const label = `likelihood of ${network.cell.name}, ${plan.method}`;
    const reverse = {
      ...(await solverShape(plan, "reverse", names, true)),
      gradientRows,
      entries: row,
      weightRow,
      currentRow,
    };
    const [forward, backward] = await Promise.all([
      gpu.kernel(likelihoodForward({ ...shape, ...sizes }, `forward ${label}`)),
      gpu.kernel(likelihoodBackward({ ...reverse, ...sizes }, `backward ${label}`)),
    ]);
    const theta = gpu.buffer("parameters", 4 * layout.size);
    return new GpuLikelihood(gpu, views, likelihood, {
      forward,
      backward,
      theta,
      schedule: gpu.upload("schedule", scheduleWords(plan, schedule)),
      perLane: { states, rows: 1 + row * (carried ? 2 : 1) },
      warnings: told(plan.warnings),
    });
  }

  /** Lanes at a time, and entries of tape that the longest of them needs: its sub-steps and the end. */
  private chunks(plan: SolvePlan): { size: number; tapeEntries: number } {
    const { batch, schedule } = this.likelihood;
    const { starts } = schedule;
    const lanes = starts.length - 1;
    let longest = 0;
    for (let lane = 0; lane < lanes; lane++) longest = Math.max(longest, starts[lane + 1]! - starts[lane]!);
    const tapeEntries = plan.steps + longest + 1;
    const perLane = 4 * this.prepared.perLane.states * tapeEntries;
    const { maxStorageBufferBindingSize, maxBufferSize } = this.gpu.device.limits;
    const most = Math.min(tapeBytes, maxStorageBufferBindingSize, maxBufferSize);
    if (perLane > most) {
      throw this.gpu.limitError("maxStorageBufferBindingSize", perLane, "take a larger dt or shorter trials");
    }
    const asked = batch * schedule.neurons;
    return { size: Math.min(asked, Math.floor(most / perLane)), tapeEntries };
  }

  /** The few rows of a lane are read back and summed in float64: a table of (1 + entries) × lanes numbers. */
  async evaluate(plan: SolvePlan, options: EvaluatorOptions = {}): Promise<Evaluated> {
    const { gpu, likelihood } = this;
    const { forward, backward, theta, schedule, perLane, warnings } = this.prepared;
    const { states } = perLane;
    gpu.write(theta, Float32Array.from(parameterVector(plan)));
    const sums = new TrialSums(plan, likelihood, this.views);
    const { words, impossible } = likelihoodCarry(states);
    const { size, tapeEntries } = this.chunks(plan);
    const tape = gpu.buffer("tape", 4 * states * tapeEntries * size);
    const carry = gpu.buffer("carry", 4 * words * size);
    const rows = gpu.buffer("lane rows", 4 * perLane.rows * size);
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
          uniform: { ...run, stepBegin: w * window, stepEnd: Math.min(plan.steps, (w + 1) * window) },
          theta,
          schedule,
          tape,
          carry,
          rows,
          threads: paths,
        });
        for (let w = 0; w < windows; w++) batch.dispatch(forward, pass(w));
        for (let w = windows - 1; w >= 0; w--) batch.dispatch(backward, pass(w));
        const reads = [batch.read(carry), batch.read(rows)] as const;
        batch.submit();
        const carried = new Uint32Array(await reads[0]);
        const table = new Float32Array(await reads[1]);
        for (let i = 0; i < paths; i++) {
          const entry = carried[impossible * paths + i]!;
          if (entry !== 0xffffffff) impossibleSpike(plan, likelihood.schedule, firstPath + i, entry);
          for (let r = 0; r < sums.rows.length; r++) sums.add(r, firstPath + i, table[r * paths + i]!);
        }
      }
    } finally {
      for (const storage of [tape, carry, rows]) storage.dispose();
    }
    return { ...sums.result(options), warnings };
  }

  dispose(): void {
    this.prepared.theta.dispose();
    this.prepared.schedule.dispose();
  }
}
