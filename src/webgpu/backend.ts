/** The `webgpu` backend: kernels on a device. What is not in them is loaded when it is first asked for. */

import { type AdapterSummary, Gpu, type GpuOptions } from "../gpu/index.js";
import type { Likelihood } from "../loss/likelihood.js";
import type { Evaluator, Loss } from "../loss/loss.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { simulateGpu } from "../solve/simulate.js";
import type { Sensitivities } from "../spikes/sensitivities.js";
import type { SpikeTrains } from "../spikes/trains.js";
import type { Training, TrainingBackend, TrainingTask } from "../train/backend.js";

export class WebGpuBackend implements TrainingBackend {
  readonly name = "webgpu";

  private constructor(readonly gpu: Gpu) {}

  /** @throws SaltationError `no-adapter` where none is found, `device-lost` for a device that is. */
  static async create(options: GpuOptions): Promise<WebGpuBackend> {
    return new WebGpuBackend(await Gpu.create(options));
  }

  get description(): string {
    return nameOf(this.gpu.adapter);
  }

  simulate(plan: SolvePlan, progress?: (pathsDone: number) => void): Promise<SpikeTrains> {
    return simulateGpu(this.gpu, plan, progress);
  }

  async evaluator(plan: SolvePlan, loss: Loss, views: readonly View[]): Promise<Evaluator> {
    const { GradientEvaluator } = await import("../gradient/evaluate.js");
    return GradientEvaluator.create(this.gpu, plan, loss, views);
  }

  async likelihood(plan: SolvePlan, observed: Likelihood, views: readonly View[]): Promise<Evaluator> {
    const { GpuLikelihood } = await import("../gradient/likelihood.js");
    return GpuLikelihood.create(this.gpu, plan, observed, views);
  }

  async sensitivities(
    plan: SolvePlan,
    views: readonly View[],
    progress?: (pathsDone: number) => void,
  ): Promise<Sensitivities> {
    const { sensitivitiesGpu } = await import("../gradient/sensitivity.js");
    return sensitivitiesGpu(this.gpu, plan, views, progress);
  }

  async training(task: TrainingTask): Promise<Training | undefined> {
    if (!task.loss.gpu || task.loss.likelihood) return undefined;
    const { ResidentTraining } = await import("../train/resident.js");
    return ResidentTraining.create(this.gpu, task);
  }

  check(): void {
    if (this.gpu.state !== "alive") this.gpu.check();
  }

  dispose(): void {
    this.gpu.dispose();
  }
}

/** One line that names an adapter. */
function nameOf(a: AdapterSummary): string {
  // Deno gives vendor and device as numbers.
  const numbered = a.description !== "" && /^\d+$/.test(a.vendor);
  const name = numbered
    ? a.description
    : [a.vendor, a.architecture, a.device || a.description].filter(Boolean).join(" ");
  return a.fallback ? `${name} (software)` : name;
}
