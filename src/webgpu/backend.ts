/** The `webgpu` backend: kernels on a device. What a simulation does without is loaded when it is first asked for. */
import { type AdapterSearch, type AdapterSummary, Gpu, type GpuOptions } from "../gpu/index.js";
import { simulateGpu } from "../solve/simulate.js";
import type { TrainingBackend } from "../train/backend.js";

export interface WebGpuBackend extends TrainingBackend {
  readonly gpu: Gpu;
}

/** @throws SaltationError `no-adapter` where none is found, `device-lost` for a device that is. */
export async function openWebGpu(options: GpuOptions & AdapterSearch): Promise<WebGpuBackend> {
  const gpu = await Gpu.create(options);
  return backendOn(gpu, "webgpu", nameOf(gpu.adapter));
}

/** Solves by kernels on a device. */
export function backendOn(gpu: Gpu, name: string, description: string): WebGpuBackend {
  return {
    name,
    description,
    gpu,
    simulate: (plan, progress, range) => simulateGpu(gpu, plan, progress, range),
    async evaluator(plan, loss, views) {
      const { GradientEvaluator } = await import("../gradient/evaluate.js");
      return GradientEvaluator.create(gpu, plan, loss, views);
    },
    async ranges(plan, loss, views) {
      const { GradientRanges } = await import("../gradient/ranges.js");
      return GradientRanges.over(gpu, plan, loss, views);
    },
    async likelihood(plan, observed, views) {
      const { GpuLikelihood } = await import("../gradient/likelihood.js");
      return GpuLikelihood.create(gpu, plan, observed, views);
    },
    async sensitivities(plan, views, progress) {
      const { sensitivitiesGpu } = await import("../gradient/sensitivity.js");
      return sensitivitiesGpu(gpu, plan, views, progress);
    },
    async training(task) {
      if (!task.loss.gpu || task.loss.likelihood) return undefined;
      const { ResidentTraining } = await import("../train/resident.js");
      return ResidentTraining.create(gpu, task);
    },
    check() {
      if (gpu.state !== "alive") gpu.check();
    },
    dispose: () => gpu.dispose(),
  };
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
