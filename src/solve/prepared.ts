/** A simulation in a caller's command encoder: prepared once, encoded again and again, with nothing read back. */
import { checkOptions, fail, wholeNumber } from "../checks.js";
import type { Batch, Gpu, Storage } from "../gpu/index.js";
import { type ParameterPlace, parameterPlaces } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { type DeviceSpikes, deviceSpikes } from "../spikes/device-spikes.js";
import type { ChunkSolver, EncodedChunk } from "./chunk-solver.js";
import { createSolver, firstSlots, fittingPaths } from "./simulate.js";

/** What an encoding leaves on the GPU once its encoder has been submitted. */
export class EncodedSimulation {
  readonly spikes: DeviceSpikes;
  /**
   * Status of the run, u32: most spikes of a path in the record, at most `slots`; paths whose record was too small (their
   * later spikes are missing): where there are any, prepare with twice the `slots`, until there are none; paths stopped at
   * maxSpikes; paths whose state is not finite.
   */
  readonly status: Storage;

  constructor(
    plan: SolvePlan,
    /** @internal */
    protected readonly solved: EncodedChunk,
    words: number,
    private readonly batch: Batch,
  ) {
    this.spikes = deviceSpikes(plan, solved, words);
    this.status = solved.statusWords;
  }

  /** Gives the buffers back: after the encoder, and what else reads them, has been submitted. */
  dispose(): void {
    this.batch.release();
    this.solved.dispose();
  }
}

/** Checks what an encoding is given. @returns its seed. */
export function seedOfEncoding(encoder: GPUCommandEncoder, options: { seed?: number }, prepared: number): number {
  if (typeof encoder?.beginComputePass !== "function") fail("encoder", "expected a GPUCommandEncoder of this device");
  checkOptions("", options, { seed: true });
  return wholeNumber("seed", options.seed ?? prepared, 0, 2 ** 32 - 1);
}

export class PreparedSimulation {
  /** All parameters, f32, where `parameterPlaces` say: solves read them, and the caller may write them in between. */
  readonly parameters: Storage;
  readonly parameterPlaces: readonly ParameterPlace[];

  private constructor(
    private readonly gpu: Gpu,
    private readonly plan: SolvePlan,
    private readonly solver: ChunkSolver,
    /** Spikes that the record of a path has room for. */
    readonly slots: number,
  ) {
    this.parameters = solver.theta;
    this.parameterPlaces = parameterPlaces(solver.shape.layout);
  }

  /** @throws SaltationError `invalid-input` where the paths do not fit one encoding. */
  static async create(gpu: Gpu, plan: SolvePlan, slots?: number): Promise<PreparedSimulation> {
    const given = slots === undefined ? undefined : wholeNumber("slots", slots, 1, 2 ** 20);
    const solver = await createSolver(gpu, plan);
    const room = given ?? firstSlots(plan, solver);
    const fitting = fittingPaths(gpu, solver, room, Number.MAX_SAFE_INTEGER);
    if (fitting < plan.paths) {
      solver.dispose();
      fail("paths", `${plan.paths} do not fit one encoding on this adapter; encode at most ${fitting} at a time`);
    }
    return new PreparedSimulation(gpu, plan, solver, room);
  }

  /**
   * Writes the simulation into an encoder of the same device.
   * @param options.seed in place of the seed that it was prepared with.
   */
  encode(encoder: GPUCommandEncoder, options: { seed?: number } = {}): EncodedSimulation {
    const { gpu, solver } = this;
    const plan = { ...this.plan, seed: seedOfEncoding(encoder, options, this.plan.seed) };
    solver.reseed(plan);
    const batch = gpu.batch("simulate");
    const solved = solver.encodeForward(batch, { firstPath: 0, paths: plan.paths }, this.slots);
    batch.encode(encoder);
    return new EncodedSimulation(plan, solved, solver.recordWords, batch);
  }

  /** Frees the kernels' parameters; encodings that were not submitted yet must be first. */
  dispose(): void {
    this.solver.dispose();
  }
}
