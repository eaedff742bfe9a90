/** The engine: a backend, and networks on it. Everything belongs to an Engine; there is no global state. */
import type { SolverBackend } from "./backend/backend.js";
import type { Cell, CellDefinition } from "./cell/cell.js";
import { defineCell } from "./cell/cell.js";
import { checkOptions, fail, list, type Names, oneOf, show, wholeNumber } from "./checks.js";
import type { Current } from "./driver/current.js";
import { disposedError, SaltationError } from "./errors.js";
import type { AdapterSearch, AdapterSummary, Gpu, GpuOptions } from "./gpu/index.js";
import { LongKernel } from "./gpu/long-kernel.js";
import type { PreparedGradient, PreparedGradientOptions } from "./gradient/prepared.js";
import { type AskedEstimator, estimatedBy } from "./loss/estimator.js";
import type { Evaluator, Loss } from "./loss/loss.js";
import { checkExact, checkLoss, planForLoss, told } from "./loss/loss-plan.js";
import { checkUnbiasedMean, type JudgedMean } from "./loss/mean-verdict.js";
import { type Evaluated, notFinite, type ValueAndGradient } from "./loss/result.js";
import type { Scoring } from "./loss/score.js";
import { defineNetwork, type Network, type NetworkDefinition } from "./network/network.js";
import type { DiscretisationOptions } from "./plan/discretisation.js";
import {
  parameterLayout,
  parameterVector,
  planBeside,
  requestedViews,
  segmentsOf,
  type View,
  viewsOf,
} from "./plan/layout.js";
import { planSolve, type SolveOptions, type SolvePlan, solveNames } from "./plan/plan.js";
import type { SimdOptions } from "./simd/backend.js";
import type { PreparedSimulation } from "./solve/prepared.js";
import type { Sensitivities } from "./spikes/sensitivities.js";
import type { SimulatedSpikes } from "./spikes/simulated.js";
import { pathsOf } from "./spikes/table.js";
import type { StateTrace } from "./twin/trace.js";
import type { WebGpuBackend } from "./webgpu/backend.js";

/**
 * The backends by name, and how each is opened.
 * @internal
 */
const backends = {
  webgpu: async (options: GpuOptions & AdapterSearch) => (await import("./webgpu/backend.js")).openWebGpu(options),
  simd: async (options: SimdOptions) => (await import("./simd/backend.js")).openSimd(options),
  cpu: async () => (await import("./twin/backend.js")).twin,
};

export type Backend = keyof typeof backends;

export interface EngineOptions extends GpuOptions {
  /**
   * `webgpu`: an adapter of WebGPU. `simd`: the same kernels as WebAssembly on the processor, several paths at a time.
   * `cpu`: the float64 twin. `auto`: WebGPU where there is a GPU, or a device or the software adapter is asked for; else
   * `simd`; else the twin.
   */
  backend?: "auto" | Backend;
  /** Threads of backend `simd`: 1 to 256, all processors by default; 1 in a page that is not cross-origin isolated. */
  threads?: number;
}

const engineNames: Names<EngineOptions> = {
  backend: true,
  device: true,
  powerPreference: true,
  software: "boolean",
  log: "function",
  threads: true,
};

export interface Progress {
  /** Called as work goes on, with the number of paths done. */
  progress?: (pathsDone: number) => void;
}

export interface GradientOptions extends SolveOptions, Progress {
  /** Names of the parameters to differentiate by: the cell's, `weights`, `current`. Where there are none, the value alone. */
  with: readonly string[];
  /**
   * Refuse a cell whose pathwise gradient is not exact (see `cell.exactness`); true unless set to false.
   */
  requireExact?: boolean;
  /**
   * Refuse a job where it is not known that the mean of the gradient is the derivative of the mean (see
   * `ValueAndGradient.unbiased`), before anything is computed; false unless set to true.
   */
  requireUnbiased?: boolean;
  /**
   * How the gradient is estimated. `horizon`, the default: derivatives of paths, with the horizon term of losses that jump where a
   * spike crosses t1. `pathwise`: without that term, which `because` then says is missing. `score`: by how probable paths are, for
   * losses that jump where a spike crosses a time before t1 or another spike; it spreads more. It takes cells whose hazard past
   * spikes and noise determine, from log(u) alone (docs/mathematics.md). `mix`: both, where both apply, by weights that make it
   * spread least; it takes the time of both. `auto`: the cheapest that is known to be unbiased; the result says which
   * (`ValueAndGradient.estimator`).
   */
  estimator?: AskedEstimator;
  /**
   * Standard errors of the gradient of losses that are not pathwise (see `ValueAndGradient`), which take up to as many
   * paths again; true unless set to false.
   */
  standardErrors?: boolean;
  /**
   * Whether the result says what error it owes to the step dt, and how large that may be: measured as by
   * `SimulatedSpikes.discretisation`. Default false; `valueAndGradient` only.
   */
  discretisation?: boolean | DiscretisationOptions;
  /**
   * Also called with the value and gradient contributions of each path: [1 + entries][paths] in rows, the value first.
   */
  perPath?: (firstPath: number, paths: number, rows: Float32Array | Float64Array) => void;
}

export interface PrepareOptions extends SolveOptions {
  /**
   * Spikes that each path's record has room for; what does not fit is missing, and counted in the status. Default
   * `maxSpikes`, or 32 √neurons.
   */
  slots?: number;
  /**
   * Parameters that the caller will write into the buffer of parameters: noise whose amplitude they make up is kept
   * although it is 0 now. Other noise of amplitude 0 stays off, whatever is written.
   */
  writes?: readonly string[];
}

export interface TraceOptions extends SolveOptions {
  /** Default: all. */
  neurons?: readonly number[];
}

/** Those of a gradient go with a simulation too, so that one object serves both. */
const bothNames: Names<Omit<GradientOptions, "progress" | "perPath" | "discretisation" | "estimator">> = {
  ...solveNames,
  with: true,
  requireExact: "boolean",
  requireUnbiased: "boolean",
  standardErrors: "boolean",
};
const calledNames: Names<GradientOptions> = {
  ...bothNames,
  estimator: true,
  discretisation: true,
  progress: "function",
  perPath: "function",
};
const prepareNames: Names<PrepareOptions> = { ...bothNames, slots: true, writes: true };
const prepareGradientNames: Names<PreparedGradientOptions> = {
  ...bothNames,
  loss: true,
  slots: true,
  tape: true,
  writes: true,
};
const sensitivityNames: Names<Omit<GradientOptions, "perPath" | "discretisation" | "estimator">> = {
  ...bothNames,
  progress: "function",
};
/** A backend, or undefined where the machine has nothing for it. */
const attempt = <T>(opening: Promise<T>): Promise<T | undefined> =>
  opening.catch((error: unknown) => {
    if (error instanceof SaltationError && error.code === "no-adapter") return undefined;
    throw error;
  });

const traceNames: Names<TraceOptions> = { ...calledNames, neurons: true };

/** What a run says of its step: loaded as it begins. */
const aboutStep = (): Promise<typeof import("./twin/measured.js")> => import("./twin/measured.js");

/** A network on an engine. */
export class EngineNetwork {
  constructor(
    readonly engine: Engine,
    readonly network: Network,
  ) {}

  /** Checks options against the network. @throws SaltationError `invalid-input`. */
  plan(options: SolveOptions): SolvePlan {
    return planSolve(this.network, options);
  }

  /** The plan of a loss: a single neuron needs no spikes beyond those that the loss looks at. */
  gradientPlan(options: SolveOptions, loss: Loss): SolvePlan {
    return planForLoss(this.plan(options), loss);
  }

  /**
   * Simulates `paths` Monte Carlo paths. The spikes stay where they were made until they are read.
   * @throws SaltationError `invalid-input` for bad options, `not-finite` where a state left the finite numbers.
   */
  simulate(options: SolveOptions & Progress): Promise<SimulatedSpikes> {
    checkOptions("", options, calledNames);
    this.engine.check();
    const given = this.plan(options);
    return aboutStep().then(({ withStability }) =>
      withStability(given, (plan) => this.place((backend) => backend.simulate(plan, options.progress))),
    );
  }

  /**
   * Has work done on the engine's backend; on the CPU where the kernels of the cell would compile for minutes and the
   * backend was left to the engine.
   * @internal
   */
  async place<T>(work: (backend: SolverBackend) => Promise<T>): Promise<T> {
    const { engine } = this;
    try {
      return await work(engine.solver);
    } catch (error) {
      if (!(error instanceof LongKernel)) throw error;
      const [field, { name }] = ["network.cell", this.network.cell];
      const what = `the equations of "${name}" are too long for ${engine.adapterName}: ${error.message}`;
      if (!(await engine.leaveGpu(`${field}: ${what}; this engine computes on the CPU from here on`))) {
        fail(field, `${what}; simplify them, or take backend cpu`, "limit");
      }
      return work(engine.solver);
    }
  }

  /**
   * Prepares a simulation to be written into command encoders of the caller's, on the engine's device.
   * @throws SaltationError `invalid-input`, also on the CPU, which has no encoders.
   */
  async prepare(options: PrepareOptions): Promise<PreparedSimulation> {
    checkOptions("", options, prepareNames);
    this.engine.check();
    const plan = this.writable(this.plan(options), options.writes);
    const { gpu } = this.engine;
    if (!gpu || this.engine.backend === "simd") {
      fail("backend", `is ${this.engine.backend}; command encoders are a matter of WebGPU`);
    }
    const prepared = await import("./gradient/prepared.js");
    return prepared.PreparedSimulation.create(gpu, plan, options.slots);
  }

  private writable(plan: SolvePlan, writes: readonly string[] | undefined): SolvePlan {
    if (writes === undefined) return plan;
    requestedViews(this.network, parameterLayout(plan), writes, "writes");
    return { ...plan, writes };
  }

  /**
   * Prepares a gradient to be written into command encoders of the caller's, on the engine's device: with the cotangents
   * of spike times in a buffer of the caller's, or of a loss (docs/embedding.md).
   * @param options.with names of the parameters to differentiate by: the cell's, `weights`, `current`.
   * @param options.loss a loss that is taken on the GPU, where the caller gives no cotangents.
   * @param options.slots spikes that each path's record has room for, and `options.tape` what the backward recursion of a
   * network needs; by default a quarter more than paths of the seed at hand take, which are solved once to know. What
   * does not fit is told by the verdict of an encoding.
   * @param options.writes parameters besides those in `with` that the caller will write, see `prepare`.
   * @throws SaltationError `invalid-input`, also on the CPU, which has no encoders.
   */
  async prepareGradient(
    options: Omit<GradientOptions, keyof Progress | "perPath" | "discretisation" | "estimator"> &
      PreparedGradientOptions,
  ): Promise<PreparedGradient> {
    checkOptions("", options, prepareGradientNames);
    this.engine.check();
    const { loss } = options;
    const plan = this.writable(loss ? this.gradientPlan(options, loss) : this.plan(options), options.writes);
    const views = requestedViews(this.network, parameterLayout(plan), options.with);
    this.checkLoss(loss, options.requireExact);
    // What the caller writes may be any value.
    const open = [...options.with, ...(options.writes ?? [])];
    const judged = await this.judge(plan, loss, { ...options, with: open }, true);
    const { gpu } = this.engine;
    if (!gpu || this.engine.backend === "simd") {
      fail("backend", `is ${this.engine.backend}; command encoders are a matter of WebGPU`);
    }
    const prepared = await import("./gradient/prepared.js");
    return prepared.PreparedGradient.create(gpu, plan, views, judged, options);
  }

  /** @throws SaltationError where the mean is to be right and is not known to be. */
  private async judge(
    plan: SolvePlan,
    loss: Loss | undefined,
    { with: names, requireUnbiased }: Pick<GradientOptions, "with" | "requireUnbiased">,
    changing = false,
  ): Promise<JudgedMean> {
    const { judgeMean } = await import("./loss/judge-mean.js");
    const judged = judgeMean(plan, loss, names, changing);
    if (requireUnbiased) checkUnbiasedMean(judged);
    return judged;
  }

  /**
   * Value and gradient of a loss over `paths` Monte Carlo paths, with standard errors: the exact derivative of the
   * discrete solution with noise and uniforms held fixed (docs/mathematics.md; Holberg & Salvi 2024).
   * @throws SaltationError `invalid-input`, or `not-finite`.
   */
  async valueAndGradient(given: Loss, options: GradientOptions): Promise<ValueAndGradient> {
    checkOptions("", options, calledNames);
    this.engine.check();
    const loss = await estimatedBy(options.estimator, given, () => this.plan(options), options.with);
    const planned = this.gradientPlan(options, loss);
    const views = viewsOf(this.network, parameterLayout(planned), options.with, undefined, true);
    this.checkLoss(loss, options.requireExact);
    const judged = await this.judge(planned, loss, options);
    const step = await aboutStep();
    step.checkAsked(options.discretisation);
    return step.withStability(planBeside(planned, views), async (plan) => {
      const result = await this.evaluated(plan, views, loss, options);
      const discretisation = await step.discretisationOf(plan, loss, options.discretisation, views);
      const sides = await step.sidesOf(plan, loss, views);
      const all = { ...step.withWarning(result, discretisation, sides), ...(discretisation ? { discretisation } : {}) };
      return told(plan, views, loss, judged, all);
    });
  }

  private async evaluated(
    plan: SolvePlan,
    views: readonly View[],
    loss: Loss,
    options: GradientOptions,
  ): Promise<Evaluated> {
    const evaluatorOf = (of: SolvePlan): Promise<Evaluator> =>
      this.evaluator(of, loss, options.with, options.requireExact);
    if (views.some((view) => view.bySample)) {
      const { BySample, checkBySample } = await import("./loss/by-sample.js");
      checkBySample(views, loss);
      const rows = new BySample(plan, views, loss);
      const evaluator = await evaluatorOf(plan);
      try {
        return rows.result(await evaluator.evaluate(plan, rows.options(options)));
      } finally {
        evaluator.dispose();
      }
    }
    if (!loss.pathwise && !loss.likelihood && (options.standardErrors ?? true)) {
      const { evaluateWithErrors } = await import("./loss/batch-errors.js");
      return evaluateWithErrors(plan, loss, views, evaluatorOf, options);
    }
    const evaluator = await evaluatorOf(plan);
    try {
      return await evaluator.evaluate(plan, options);
    } finally {
      evaluator.dispose();
    }
  }

  /**
   * Spike times of every path with their derivatives by the parameters in `with`, carried forward along the solution:
   * for few parameters, and for per-path Jacobians. By what each sample has of its own (parameters, constant inputs, currents, initial
   * states and times of sources) a path's derivatives are those by its sample's numbers.
   * @throws SaltationError `invalid-input`, or `not-finite`.
   */
  async spikeTimeSensitivities(
    options: Omit<GradientOptions, "perPath" | "discretisation" | "estimator">,
  ): Promise<Sensitivities> {
    checkOptions("", options, sensitivityNames);
    this.engine.check();
    const planned = this.plan(options);
    const views = requestedViews(this.network, parameterLayout(planned), options.with, undefined, true);
    const plan = planBeside(planned, views);
    if (options.requireExact !== false) checkExact(this.network);
    return (await aboutStep()).withStability(plan, async (warned) => {
      const { inGivenOrder } = await import("./spikes/given-order.js");
      const solved = await this.place((backend) => backend.sensitivities(warned, views, options.progress));
      const sensitivities = inGivenOrder(warned, views, solved);
      const { derivatives, horizon = [] } = sensitivities;
      if (![derivatives, horizon].every((rows) => rows.every(Number.isFinite))) throw notFinite(plan);
      return sensitivities;
    });
  }

  /**
   * States of the first `paths` paths of a simulation with the same options, point by point, for plots: by the float64
   * twin on the CPU, so meant for a few paths.
   * @throws SaltationError `invalid-input`, or `not-finite`.
   */
  async stateTraces(options: TraceOptions): Promise<StateTrace[]> {
    checkOptions("", options, traceNames);
    this.engine.check();
    const plan = this.plan(options);
    list("neurons", options.neurons ?? [], "neurons").forEach((k, n) => {
      wholeNumber(`neurons[${n}]`, k, 0, plan.network.neurons - 1);
    });
    return (await import("./twin/trace.js")).traceStates(plan, options.neurons);
  }

  /** Prepares the evaluation of a loss for plans that differ only in values and seed. */
  async evaluator(plan: SolvePlan, loss: Loss, names: readonly string[], requireExact = true): Promise<Evaluator> {
    this.engine.check();
    const views = viewsOf(this.network, parameterLayout(plan), names, undefined, true);
    this.checkLoss(loss, requireExact);
    const own = segmentsOf(views);
    if (loss.estimator) {
      loss.checkPlan?.(plan, own);
      const scoring: Scoring = {
        simulate: (of) => this.place(async (backend) => pathsOf(await (await backend.simulate(of)).read())),
        likelihood: (of, observed) => this.place((backend) => backend.likelihood(of, observed, views)),
      };
      if (!loss.of) return (await import("./loss/score.js")).scoreEvaluator(loss, views, scoring);
      const { mixEvaluator } = await import("./loss/mix.js");
      const derivatives = await this.place((backend) => backend.evaluator(plan, loss.of!, views));
      return mixEvaluator(loss, views, derivatives, scoring);
    }
    const observed = loss.likelihood?.(plan, own);
    return this.place((backend) =>
      observed ? backend.likelihood(plan, observed, views) : backend.evaluator(plan, loss, views),
    );
  }

  /** @throws SaltationError where the loss does not fit the network, or the cell's gradient is not exact. */
  checkLoss(loss: Loss | undefined, requireExact = true): void {
    checkLoss(this.network, loss, requireExact);
  }

  /** The flat vector of all parameters, in the order of `plan`'s layout. */
  parameterVector(plan: SolvePlan): Float64Array {
    return parameterVector(plan);
  }
}

export class Engine {
  private disposed = false;
  /**
   * What solves.
   * @internal
   */
  solver: SolverBackend;

  private constructor(
    private readonly opened: SolverBackend,
    private readonly auto: boolean,
  ) {
    this.solver = opened;
  }

  /**
   * An engine on a backend of the caller's.
   * @internal
   */
  static on(backend: SolverBackend): Engine {
    return new Engine(backend, false);
  }

  /** The device, or undefined on the CPU. */
  get gpu(): Gpu | undefined {
    return (this.solver as Partial<WebGpuBackend>).gpu;
  }

  /**
   * Goes over to the CPU where the backend is `auto`, and says why.
   * @returns false where the device was asked for.
   * @internal
   */
  async leaveGpu(why: string): Promise<boolean> {
    if (!this.auto) return false;
    const cpu = await backends.cpu();
    this.gpu?.log(why);
    this.solver = cpu;
    return true;
  }

  /**
   * Opens an engine.
   * @throws SaltationError `no-adapter` where backend is `webgpu` and none is found, `device-lost` for a device that is.
   */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    checkOptions("", options, engineNames);
    const names = Object.keys(backends) as Backend[];
    const backend = oneOf<"auto" | Backend>("backend", options.backend ?? "auto", ["auto", ...names]);
    const { device, powerPreference = "low-power" } = options;
    oneOf("powerPreference", powerPreference, ["low-power", "high-performance"]);
    if (options.threads !== undefined) {
      wholeNumber("threads", options.threads, 1, 256);
      if (backend !== "auto" && backend !== "simd") {
        fail("threads", `goes with backend simd, but backend is ${backend}; leave one of them out`);
      }
    }
    if (device !== undefined) {
      if (backend !== "auto" && backend !== "webgpu") {
        fail("device", `goes with WebGPU, but backend is ${backend}; leave one of them out`);
      }
      if (!device?.queue) fail("device", `expected a GPUDevice, got ${show(device)}; await requestDevice()`);
    }
    // A caller's own device is asked for.
    const auto = backend === "auto" && device === undefined;
    if (backend !== "auto") return new Engine(await backends[backend](options), auto);
    if (device !== undefined || options.software) {
      return new Engine((await attempt(backends.webgpu(options))) ?? (await backends.cpu()), auto);
    }
    const found =
      (await attempt(backends.webgpu({ ...options, hardware: true }))) ?? (await attempt(backends.simd(options)));
    return new Engine(found ?? (await backends.cpu()), auto);
  }

  get backend(): Backend {
    return this.solver.name as Backend;
  }

  /** What the engine runs on. */
  get adapter(): AdapterSummary | { backend: "cpu"; description: string } {
    const { name, description } = this.solver;
    return this.gpu?.adapter ?? { backend: name as "cpu", description };
  }

  /** One line that names the adapter. */
  get adapterName(): string {
    return this.solver.description;
  }

  /** Puts a network on the engine. @throws SaltationError `invalid-input`. */
  network(definition: NetworkDefinition): EngineNetwork {
    this.check();
    return new EngineNetwork(this, defineNetwork(definition));
  }

  /** Parses and checks a cell. @throws SaltationError `invalid-input`. */
  cell(definition: CellDefinition): Cell {
    return defineCell(definition);
  }

  /** Frees the device and every buffer; a caller's own device is left alive. */
  dispose(): void {
    this.disposed = true;
    this.opened.dispose();
  }

  /**
   * @throws SaltationError `disposed`, or `device-lost`.
   * @internal
   */
  check(): void {
    this.solver.check();
    if (this.disposed) throw disposedError();
  }
}

export type { Current };
