/**
 * A gradient in a caller's command encoder: solve, cotangents of the caller's or of a loss, backward recursion and mean,
 * prepared once, encoded again and again, with nothing read back.
 */
import { haltBits } from "../../shaders/train/verdict.wgsl.js";
import { fail, wholeNumber } from "../checks.js";
import { type Batch, bufferUsage, type Gpu, type Storage } from "../gpu/index.js";
import type { Loss } from "../loss/loss.js";
import { told } from "../loss/loss-plan.js";
import { type JudgedMean, verdictOn } from "../loss/mean-verdict.js";
import type { ValueAndGradient } from "../loss/result.js";
import { type ParameterPlace, parameterPlaces, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { type Cotangents, type EncodedChunk, type RunStatus, readStatus } from "../solve/chunk-solver.js";
import { EncodedSimulation, seedOfEncoding } from "../solve/prepared.js";
import { Looked } from "./order.js";
import { GradientPass } from "./pass.js";

// Loaded together: a file of its own would weigh little more than the request for it.
export { PreparedSimulation } from "../solve/prepared.js";

export interface PreparedGradientOptions {
  /** Gives the cotangents where no buffer of the caller's does: a loss with `gpu`, whose value `read` then gives too. */
  readonly loss?: Loss;
  /** Spikes that each path's record has room for. */
  readonly slots?: number;
  /** Entries of tape that each path has room for in a window of the backward recursion (networks). */
  readonly tape?: number;
  /** Parameters besides those differentiated by that the caller will write: noise of theirs is kept though it is 0 now. */
  readonly writes?: readonly string[];
}

export class PreparedGradient {
  /** All parameters, f32, where `parameterPlaces` say: solves read them, and the caller may write them in between. */
  readonly parameters: Storage;
  readonly parameterPlaces: readonly ParameterPlace[];
  /** Where the gradient of each parameter lies in `gradient` and, one row further down, in `rows` of an encoding. */
  readonly gradientPlaces: readonly ParameterPlace[];

  private constructor(
    private readonly plan: SolvePlan,
    views: readonly View[],
    private readonly pass: GradientPass,
    private readonly judged: JudgedMean,
  ) {
    this.parameters = pass.solver.theta;
    this.parameterPlaces = parameterPlaces(pass.solver.shape.layout);
    let offset = 0;
    this.gradientPlaces = views.map(({ name, length }) => {
      offset += length;
      return { name, offset: offset - length, length };
    });
  }

  /**
   * @throws SaltationError `invalid-input` for a loss that is not taken on the GPU, or where the paths do not fit one
   * encoding.
   */
  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    views: readonly View[],
    judged: JudgedMean,
    { loss, slots, tape }: PreparedGradientOptions,
  ): Promise<PreparedGradient> {
    if (loss && (!loss.gpu || loss.likelihood)) {
      fail("loss", `"${loss.kind}" is not taken of trains on the GPU; give one with gpu(), such as pathLoss`);
    }
    const pass = await GradientPass.create(gpu, plan, views, loss, true);
    try {
      // Records of three words are those of networks, whose solvers have a tape to measure.
      if (slots === undefined || (tape === undefined && pass.solver.recordWords === 3)) {
        await pass.measure(plan, (room) => pass.fitting(room));
      }
      if (slots !== undefined) pass.slots.value = wholeNumber("slots", slots, 1, 2 ** 20);
      if (tape !== undefined) pass.tape = wholeNumber("tape", tape, 1, 2 ** 30);
      const most = pass.fitting(pass.slots.value, Number.MAX_SAFE_INTEGER);
      if (most < plan.paths) {
        fail("paths", `${plan.paths} do not fit one encoding on this adapter; encode at most ${most} at a time`);
      }
      return new PreparedGradient(plan, views, pass, judged);
    } catch (error) {
      pass.dispose();
      throw error;
    }
  }

  /** Spikes that the record of a path has room for: rows of cotangents. */
  get slots(): number {
    return this.pass.slots.value;
  }

  /** Entries of tape that a path has room for in a window (networks; else 0). */
  get tape(): number {
    return this.pass.tape;
  }

  /**
   * Writes the solve into an encoder of the same device. What follows it, in this encoder or a later one: passes of the
   * caller's that read its trains and write cotangents, and `encodeBackward`.
   * @param options.seed in place of the seed that it was prepared with.
   */
  encode(encoder: GPUCommandEncoder, options: { seed?: number } = {}): EncodedSolve {
    const { pass } = this;
    const plan = { ...this.plan, seed: seedOfEncoding(encoder, options, this.plan.seed) };
    pass.solver.reseed(plan);
    const batch = pass.gpu.batch("solve");
    const solved = pass.encodeForward(batch, { firstPath: 0, paths: plan.paths });
    batch.encode(encoder);
    return new EncodedSolve(plan, solved, pass, batch, this.judged);
  }

  /** Frees kernels' parameters, loss and sums; encodings that were not submitted yet must be first. */
  dispose(): void {
    this.pass.dispose();
  }
}

/** A solve in a caller's encoder, from which gradients can be taken. */
export class EncodedSolve extends EncodedSimulation {
  constructor(
    private readonly plan: SolvePlan,
    solved: EncodedChunk,
    private readonly pass: GradientPass,
    batch: Batch,
    private readonly judged: JudgedMean,
  ) {
    super(plan, solved, pass.solver.recordWords, batch);
  }

  /**
   * Writes cotangents, backward recursion and mean into an encoder of the same device, to be submitted after, or with,
   * the solve. It can be called again with other cotangents.
   * @param cotangents f32 [slots][paths], usage STORAGE: ∂L_i/∂τ for the n-th spike of path i at n · paths + i, where
   * the loss is the mean of L_i over the paths. Rows beyond a path's count are not read. Where not given, those of the
   * loss that it was prepared with.
   * @throws SaltationError `invalid-input` for a buffer that is too small or of the wrong usage, and where there is
   * neither buffer nor loss.
   */
  encodeBackward(encoder: GPUCommandEncoder, cotangents?: GPUBuffer): EncodedGradient {
    const { plan, solved, pass } = this;
    const { gpu, loss, made } = pass;
    const { paths, slots } = solved;
    const bytes = 4 * slots * paths;
    if (!cotangents && !loss) fail("cotangents", "give a buffer of them, or prepare the gradient with a loss");
    if (cotangents && cotangents.size < bytes) {
      fail(
        "cotangents",
        `the buffer has ${cotangents.size} bytes; ${slots} slots × ${paths} paths of f32 take ${bytes}`,
      );
    }
    if (cotangents && !(cotangents.usage & bufferUsage.STORAGE)) {
      fail("cotangents", "the buffer lacks the usage STORAGE; create it with GPUBufferUsage.STORAGE");
    }
    pass.solver.reseed(plan);
    const batch = gpu.batch("gradient");
    const held: { dispose(): void }[] = [];
    const hold = (label: string, size: number): Storage => {
      const storage = gpu.buffer(label, size);
      held.push(storage);
      return storage;
    };
    const copyOf = (storage: Storage): Storage => {
      const copy = hold(storage.label, storage.bytes);
      batch.copy(storage, 0, copy, 0, storage.bytes);
      return copy;
    };
    const rows = hold("path rows", 4 * pass.solver.rowsPerPath * paths);
    const gradient = hold("gradient", 4 * pass.solver.gradientRows);
    const verdict = hold("verdict", 4);
    batch.clear(rows).clear(verdict);
    pass.encodeVerdict(batch, solved, verdict);
    const status = copyOf(solved.statusWords);
    let report: Storage | undefined;
    let from: Cotangents;
    if (cotangents) from = { spikes: cotangents };
    else {
      const own = batch.temporary("cotangents", bytes);
      batch.clear(own);
      loss!.encodeBegin?.(batch, plan);
      const looked = new Looked(solved, loss!.encodeChunk(batch, this.spikes));
      held.push(looked.kept);
      loss!.encodeValue(batch);
      from = pass.encodeCotangents(batch, plan, looked, own, pass.givesPathValues ? rows : undefined);
      report = copyOf(loss!.report);
    }
    pass.encodeBackward(batch, solved, from, rows);
    pass.encodeMean(batch, gradient, verdict);
    const blocks = copyOf(pass.sums.blocks);
    batch.encode(encoder);
    const read = async (): Promise<ValueAndGradient> => {
      const reading = gpu.batch("read gradient");
      const of = [verdict, status, blocks, ...(report ? [report] : [])].map((storage) => reading.read(storage));
      reading.submit();
      const [bits, counters, sums, reported] = await Promise.all(of);
      const outcome = readStatus(counters!);
      this.checkOutcome(new Uint32Array(bits!)[0]!, outcome);
      const taken = reported && loss!.read(reported, plan);
      const result = pass.result(plan, taken, sums!, outcome.saturated, taken !== undefined && pass.givesPathValues);
      if (taken && made) return told(plan, pass.views, made, this.judged, result);
      return { ...result, ...verdictOn(plan, made, this.judged, result.saturatedPaths) };
    };
    return new EncodedGradient(rows, gradient, verdict, read, () => {
      batch.release();
      for (const h of held) h.dispose();
    });
  }

  private checkOutcome(bits: number, status: RunStatus): void {
    const { plan, solved, pass } = this;
    pass.checkVerdict(plan, bits, [status]);
    if (bits & haltBits.record) {
      fail("slots", `${solved.slots} are too few for ${status.overflowed} of ${plan.paths} paths; prepare with more`);
    }
    if (bits & haltBits.tape) {
      fail("tape", `${pass.tape} entries are too few, a path takes ${status.largestTape}; prepare with more`);
    }
  }
}

/** What the encoding of a gradient leaves on the GPU once its encoder has been submitted. */
export class EncodedGradient {
  constructor(
    /**
     * f32 [1 + entries][paths]: what each path adds to the value (0 where it is not known), then, entry by entry, each
     * path's gradient.
     */
    readonly rows: Storage,
    /** f32 [entries]: the mean over the paths. */
    readonly gradient: Storage,
    /**
     * u32, 0 where the gradient holds. Bits: 1 a path's record was too small, 2 or its tape, 4 a state is not finite,
     * 8 the gradient is not.
     */
    readonly verdict: Storage,
    /**
     * Reads value and gradient back with their standard errors, as `valueAndGradient` gives them; the value is NaN with
     * cotangents of the caller's. After the encoder has been submitted.
     * @throws SaltationError as the verdict says.
     */
    readonly read: () => Promise<ValueAndGradient>,
    /** Gives the buffers back: after the encoder, and what else reads them, has been submitted. */
    readonly dispose: () => void,
  ) {}
}
