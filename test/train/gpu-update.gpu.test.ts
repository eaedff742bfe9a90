import { describe, expect, it } from "vitest";
import type { Gpu, Kernel, Storage } from "../../src/gpu/index.js";
import { defineNetwork } from "../../src/network/network.js";
import { parameterLayout, parameterVector, requestedViews } from "../../src/plan/layout.js";
import { planSolve } from "../../src/plan/plan.js";
import { GpuUpdate } from "../../src/train/gpu-update.js";
import { adam, adamw, rmsprop, sgd } from "../../src/train/optimisers.js";
import { trainableNames } from "../../src/train/trainable.js";
import { planUpdate, Update, type UpdateOptions, type UpdateState } from "../../src/train/update.js";
import { sharedGpu } from "../support/gpu.js";

const gpu = sharedGpu();

const neurons = 90; // more than a workgroup
const spread = (k: number): number[] => Array.from({ length: neurons }, (_, i) => 1 + 0.9 * Math.sin(k + 7 * i));
const network = defineNetwork({
  neurons,
  parameters: { mu1: spread(1), vTh: spread(2), beta: spread(3), v0: spread(4).map((v) => v - 1), vReset: 1.4 },
});
const plan = planSolve(network, { paths: 1, t1: 1, dt: 0.1 });
const layout = parameterLayout(plan);

/** Every transform, groups of each optimiser, schedules, a mask. */
const everything: UpdateOptions = {
  trainable: [
    { name: "mu1", transform: "softplus" },
    { name: "vTh", bounds: [0, 2.5], group: "adam" },
    { name: "beta", transform: "exp", group: "sgd" },
    { name: "v0", mask: Array.from({ length: neurons }, (_, i) => i % 3 > 0) },
    {
      name: "vReset",
      learningRate: { kind: "exponential-decay", initValue: 0.01, transitionSteps: 50, decayRate: 0.5 },
    },
  ],
  optimiser: rmsprop({ learningRate: 3e-3, decay: 0.9, momentum: 0.3, eps: 1e-6 }),
  groups: {
    adam: adam({ learningRate: { kind: "cosine-decay", initValue: 0.01, decaySteps: 400 } }),
    sgd: sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true }),
  },
};

/** A loss whose gradient both sides can have: a pull to a target, with noise as large, on scales from 1e-3 to 1. */
const scale = (i: number): number => Math.fround(10 ** ((i % 4) - 3));
const pull = (i: number, step: number): number =>
  Math.fround(Math.sin(12.9898 * step + 78.233 * i) - 1.2 - 0.8 * Math.cos(3 * i));
const pullKernel = {
  label: "pull",
  bindings: ["read" as const, "read" as const, "read" as const, "read_write" as const],
  uniformBytes: 4,
  code: /* wgsl */ `
@group(0) @binding(0) var<uniform> size: u32;
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read> pulls: array<vec2f>; // pull, scale
@group(0) @binding(3) var<storage, read> theta: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < size) { gradient[id.x] = pulls[id.x].y * (theta[places[id.x]] + pulls[id.x].x); }
}`,
};

class Run {
  readonly theta: Storage;
  readonly gradient: Storage;
  readonly halted: Storage;
  private readonly places: Storage;
  private readonly pulls: Storage;

  private constructor(
    private readonly gpu: Gpu,
    readonly update: GpuUpdate,
    readonly host: Update,
    readonly vector: Float64Array,
    private readonly kernel: Kernel,
    private readonly order: number[],
  ) {
    this.theta = gpu.upload("theta", Float32Array.from(vector));
    this.gradient = gpu.buffer("gradient", 4 * order.length);
    this.halted = gpu.upload("halted", Uint32Array.of(0, 0));
    this.places = gpu.upload("places", Uint32Array.from(order));
    this.pulls = gpu.buffer("pulls", 8 * order.length);
  }

  static async start(g: Gpu, options: UpdateOptions): Promise<Run> {
    const views = requestedViews(network, layout, trainableNames(options.trainable));
    const vector = parameterVector(plan).map(Math.fround);
    const updatePlan = planUpdate(options, network, views, vector);
    const order = views.flatMap((v) => Array.from({ length: v.length }, (_, i) => v.offset + i));
    const update = await GpuUpdate.create(g, updatePlan, vector);
    return new Run(g, update, new Update(updatePlan, vector), vector, await g.kernel(pullKernel), order);
  }

  step(step: number): void {
    const { gpu, order } = this;
    const size = order.length;
    gpu.write(
      this.pulls,
      Float32Array.from({ length: 2 * size }, (_, k) => (k % 2 ? scale(k >> 1) : pull(k >> 1, step))),
    );
    const batch = gpu.batch("step");
    const storages = [this.places, this.pulls, this.theta, this.gradient];
    batch.dispatch(this.kernel, { buffers: storages, uniforms: Uint32Array.of(size), groups: Math.ceil(size / 64) });
    this.update.encode(batch, { gradient: this.gradient, theta: this.theta, halted: this.halted, step });
    batch.submit();
  }

  stepHost(step: number): void {
    const { vector } = this;
    this.host.apply(
      Float64Array.from(this.order, (place, i) => scale(i) * (vector[place]! + pull(i, step))),
      vector,
    );
  }

  async values(): Promise<Float32Array> {
    return new Float32Array(await this.gpu.read(this.theta));
  }

  /** Goes on from a state, in buffers that hold something else. */
  resume(state: UpdateState): void {
    this.update.write(state);
    const theta = Float32Array.from(this.vector);
    this.update.plan.entries.forEach((e, i) => {
      theta[e.place] = state.values[i]!;
    });
    this.gpu.write(this.theta, theta);
  }

  dispose(): void {
    this.update.dispose();
    for (const s of [this.theta, this.gradient, this.halted, this.places, this.pulls]) s.dispose();
  }
}

describe("update on the GPU", () => {
  it.each<[string, Partial<UpdateOptions>]>([
    ["every transform and optimiser", {}],
    ["clipped by value and norm", { clip: { value: 1.5, norm: 4 } }],
    [
      "centred rmsprop with Nesterov momentum",
      { optimiser: rmsprop({ learningRate: 3e-3, centered: true, eps: 1e-2, momentum: 0.5, nesterov: true }) },
    ],
    [
      "plain sgd, adam with eps in the root, and adamw",
      {
        optimiser: sgd({ learningRate: 1e-2 }),
        groups: {
          adam: adam({ learningRate: 1e-2, eps: 1e-4, epsRoot: 1e-6 }),
          sgd: adamw({ learningRate: 1e-3, weightDecay: 0.2 }),
        },
      },
    ],
  ])("agrees with float64 over 1,000 steps: %s", async (_, changes) => {
    const run = await Run.start(gpu(), { ...everything, ...changes });
    // v0 crosses zero: what counts is its largest size on the way.
    const size = run.vector.map(Math.abs);
    for (let s = 0; s < 1000; s++) {
      run.step(s);
      run.stepHost(s);
      run.vector.forEach((v, i) => {
        size[i] = Math.max(size[i]!, Math.abs(v));
      });
    }
    const theta = await run.values();
    const errors = Array.from(theta, (v, i) => (size[i]! > 0 ? Math.abs(v - run.vector[i]!) / size[i]! : 0));
    // Measured 3e-7: five roundings of the value, its step and its slope.
    expect(Math.max(...errors)).toBeLessThan(1e-6);
    run.dispose();
  });

  it("has the same bits again, and after a stop: in state that went through JSON", async () => {
    const options = { ...everything, clip: { norm: 3 } };
    const whole = await Run.start(gpu(), options);
    for (let s = 0; s < 60; s++) whole.step(s);
    const values = await whole.values();

    const before = await Run.start(gpu(), options);
    for (let s = 0; s < 23; s++) before.step(s);
    const stored = JSON.stringify(await before.update.read(23));
    before.step(23);
    before.resume(JSON.parse(stored) as UpdateState);
    for (let s = 23; s < 60; s++) before.step(s);
    expect(await before.values()).toEqual(values);
    expect(await before.update.read(60)).toEqual(await whole.update.read(60));
    for (const run of [whole, before]) run.dispose();
  });

  it("keeps the state as of its place in a batch", async () => {
    const run = await Run.start(gpu(), everything);
    run.step(0);
    const after = await run.update.read(1);
    const kept = gpu().buffer("kept", run.update.bytes);
    const batch = gpu().batch("two steps");
    run.update.keep(batch, kept);
    run.update.encode(batch, { gradient: run.gradient, theta: run.theta, halted: run.halted, step: 1 });
    batch.submit();
    const between = run.update.stateOf(1, new Float32Array(await gpu().read(kept)));
    expect(between).toEqual(after);
    expect((await run.update.read(2)).values).not.toEqual(after.values);
    kept.dispose();
    run.dispose();
  });

  it.each([
    ["falls to 0", "tau", 1, 1, 1],
    ["leaves the finite numbers", "vTh", 100, 3e38, 1],
    ["falls to 0 where that may be", "vTh", 1, 1, 0],
    ["stays above 0", "tau", 0.5, 1, 0],
  ] as const)("says whether a value is refused: it %s", async (_, name, gradient, learningRate, refused) => {
    const cell = {
      name: "relaxing",
      state: { v: "(vTh - v) / tau" },
      event: "-1",
      parameters: { tau: 1, vTh: 1 },
      positive: ["tau"],
    };
    const own = defineNetwork({ cell });
    const ownPlan = planSolve(own, { paths: 1, t1: 1, dt: 0.1 });
    const options: UpdateOptions = { trainable: [name], optimiser: sgd({ learningRate }) };
    const vector = parameterVector(ownPlan);
    const views = requestedViews(own, parameterLayout(ownPlan), trainableNames(options.trainable));
    const update = await GpuUpdate.create(gpu(), planUpdate(options, own, views, vector), vector);
    const buffers = {
      gradient: gpu().upload("gradient", Float32Array.of(gradient)),
      theta: gpu().upload("theta", Float32Array.from(vector)),
      halted: gpu().upload("halted", Uint32Array.of(0, 0)),
    };
    const batch = gpu().batch("step");
    update.encode(batch, { ...buffers, step: 0 });
    batch.submit();
    expect(Array.from(new Uint32Array(await gpu().read(buffers.halted)))).toEqual([0, refused]);
    for (const buffer of Object.values(buffers)) buffer.dispose();
    update.dispose();
  });

  it("does nothing where the step has failed", async () => {
    const run = await Run.start(gpu(), { ...everything, clip: { norm: 1 } });
    for (let s = 0; s < 3; s++) run.step(s);
    const [theta, state] = [await run.values(), await run.update.read(3)];
    gpu().write(run.halted, Uint32Array.of(7, 0));
    run.step(3);
    expect(await run.values()).toEqual(theta);
    expect(await run.update.read(3)).toEqual(state);
    gpu().write(run.halted, Uint32Array.of(0, 0));
    run.step(3);
    expect(await run.values()).not.toEqual(theta);
    run.dispose();
  });

  it("adds up steps far below the last digit", async () => {
    // 2 + 1,000 · 1e-9 in float32 alone would stay 2.
    const options = { trainable: ["vReset"], optimiser: sgd({ learningRate: 1e-9 }) };
    const run = await Run.start(gpu(), options);
    gpu().write(run.gradient, Float32Array.of(1));
    const batch = gpu().batch("steps");
    for (let step = 0; step < 1000; step++) {
      run.update.encode(batch, { gradient: run.gradient, theta: run.theta, halted: run.halted, step });
    }
    batch.submit();
    const { unconstrained, low, values } = await run.update.read(1000);
    const first = Math.fround(1.4);
    // The rate is a float32, and each of the thousand sums of the low part is rounded.
    expect((first - (unconstrained[0]! + low[0]!)) / 1e-6).toBeCloseTo(1, 6);
    expect(values[0]).toBe(Math.fround(first - 1e-6));
    run.dispose();
  });
});
