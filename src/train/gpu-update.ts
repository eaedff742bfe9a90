/**
 * The update of `Update` on the GPU: takes the gradient from a buffer and writes new parameter values in place into the
 * solver's, encoded into a caller's batch, with nothing read back.
 */
import { gradientNorm } from "../../shaders/optimiser/gradient-norm.wgsl.js";
import { entryWords, stateRows, transformCodes } from "../../shaders/optimiser/trained.wgsl.js";
import { type UpdateRule, updateParameters } from "../../shaders/optimiser/update-parameters.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { OptimiserSettings } from "./optimisers.js";
import { checkState, Update, type UpdatePlan, type UpdateState } from "./update.js";

/** In place of a bound that is not set: the largest float32. */
const unbounded = 3.4028234663852886e38;

export interface EncodedUpdate {
  /** f32, in the order of the trainable views. */
  readonly gradient: Storage;
  /** All parameters, f32 in the layout's order; trained entries are replaced. */
  readonly theta: Storage;
  /** Two u32: where the first is not 0 the update does nothing; the second becomes 1 where a value is one that `checkTrained` refuses. */
  readonly halted: Storage;
  /** Updates made before: schedules and Adam's bias correction depend on it. */
  readonly step: number;
}

function ruleOf(s: OptimiserSettings): UpdateRule {
  switch (s.kind) {
    case "sgd":
      return { kind: "sgd", nesterov: s.nesterov };
    case "rmsprop":
      return { kind: "rmsprop", nesterov: s.nesterov, centered: s.centered, momentum: s.momentum !== undefined };
    case "adam":
    case "adamw":
      return { kind: s.kind };
  }
}

/** The eight numbers of an optimiser that its kernel takes in a step. */
function updateSettings(s: OptimiserSettings, step: number): number[] {
  switch (s.kind) {
    case "sgd":
      return [s.momentum];
    case "rmsprop":
      return [1 - s.decay, s.eps, s.momentum ?? 0];
    case "adam":
    case "adamw": {
      const corrections = [1 / (1 - s.b1 ** (step + 1)), 1 / (1 - s.b2 ** (step + 1))];
      const decay = s.kind === "adamw" ? [s.weightDecay] : [];
      return [1 - s.b1, 1 - s.b2, s.eps, s.epsRoot, ...corrections, ...decay];
    }
  }
}

export class GpuUpdate {
  private constructor(
    private readonly gpu: Gpu,
    readonly plan: UpdatePlan,
    private readonly kernels: {
      readonly groups: readonly KernelOf<typeof updateParameters>[];
      readonly norm: KernelOf<typeof gradientNorm> | undefined;
    },
    private readonly entries: Storage,
    private readonly stored: Storage,
    private readonly norm: Storage | undefined,
  ) {}

  /** @param vector first values of all parameters, in the layout's order. */
  static async create(gpu: Gpu, plan: UpdatePlan, vector: Float64Array): Promise<GpuUpdate> {
    const clipNorm = plan.clip.norm !== undefined;
    const groups = plan.groups.map((g) => gpu.kernel(updateParameters(ruleOf(g.optimiser.settings), clipNorm)));
    const norm = clipNorm ? gpu.kernel(gradientNorm) : undefined;
    const kernels = { groups: await Promise.all(groups), norm: await norm };
    const words = new ArrayBuffer(4 * entryWords * plan.entries.length);
    const [u, f] = [new Uint32Array(words), new Float32Array(words)];
    plan.entries.forEach(({ gradient, place, transform, positive }, i) => {
      u.set([gradient, place, transformCodes[transform.name]], entryWords * i);
      u[entryWords * i + 5] = Number(positive);
      if (transform.name === "sigmoid") f.set([transform.lower, transform.upper], entryWords * i + 3);
    });
    const update = new GpuUpdate(
      gpu,
      plan,
      kernels,
      gpu.upload("trained entries", u),
      gpu.buffer("update state", 4 * stateRows.count * plan.entries.length),
      clipNorm ? gpu.buffer("gradient norm", 4) : undefined,
    );
    update.write(new Update(plan, vector).state(vector));
    return update;
  }

  /** Encodes one update. */
  encode(batch: Batch, { gradient, theta, halted, step }: EncodedUpdate): void {
    const { entries, stored: state, norm, kernels } = this;
    const { clip, groups } = this.plan;
    const size = this.plan.entries.length;
    const clipValue = clip.value ?? unbounded;
    const clipNorm = clip.norm ?? unbounded;
    if (kernels.norm) {
      batch.dispatch(kernels.norm, { uniform: { size, clipValue }, entries, gradient, state, norm: norm!, groups: 1 });
    }
    groups.forEach(({ optimiser, first, count }, k) => {
      const rate = optimiser.rate(step);
      const settings = updateSettings(optimiser.settings, step);
      batch.dispatch(kernels.groups[k]!, {
        uniform: { first, count, size, zero: 0, clipValue, clipNorm, rate, settings },
        entries,
        gradient,
        halted,
        state,
        theta,
        norm,
        threads: count,
      });
    });
  }

  /** Reads what is to be remembered after so many updates, to go on from with the same bits. */
  async read(step: number): Promise<UpdateState> {
    return this.stateOf(step, new Float32Array(await this.gpu.read(this.stored)));
  }

  /** Bytes of what is to be remembered. */
  get bytes(): number {
    return this.stored.bytes;
  }

  /** Copies what is to be remembered, as of this point of the batch, to the beginning of a buffer. */
  keep(batch: Batch, kept: Storage): void {
    batch.copy(this.stored, 0, kept, 0, this.bytes);
  }

  /** What was kept after so many updates. */
  stateOf(step: number, rows: Float32Array): UpdateState {
    const { entries, groups } = this.plan;
    const row = (r: number, first = 0, count = entries.length): number[] =>
      Array.from(rows.subarray(r * entries.length + first, r * entries.length + first + count));
    return {
      step,
      values: row(stateRows.value),
      unconstrained: row(stateRows.unconstrained),
      low: row(stateRows.low),
      groups: groups.map(({ name, optimiser, first, count }) => ({
        name,
        slots: Object.fromEntries(
          Object.keys(optimiser.init(0).slots).map((slot, k) => [slot, row(stateRows.accumulators + k, first, count)]),
        ),
      })),
    };
  }

  /**
   * Goes on from a state. Values in the solver's buffer are the caller's to write.
   * @throws SaltationError `invalid-input` where the state is another update's.
   */
  write(state: UpdateState): void {
    checkState(this.plan, state);
    const { entries, groups } = this.plan;
    const size = entries.length;
    const rows = new Float32Array(stateRows.count * size);
    rows.set(state.values, stateRows.value * size);
    for (let i = 0; i < size; i++) {
      const x = state.unconstrained[i]!;
      rows[stateRows.unconstrained * size + i] = x;
      rows[stateRows.low * size + i] = x - Math.fround(x) + state.low[i]!;
    }
    groups.forEach(({ first }, k) => {
      Object.values(state.groups[k]!.slots).forEach((slot, s) => {
        rows.set(slot, (stateRows.accumulators + s) * size + first);
      });
    });
    this.gpu.write(this.stored, rows);
  }

  dispose(): void {
    this.entries.dispose();
    this.stored.dispose();
    this.norm?.dispose();
  }
}
