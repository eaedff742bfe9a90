/** A job, or the jobs of a sweep, as what shards are cut from: checked, and how each may be cut. */
import { fail, show } from "../checks.js";
import { movedTo, SaltationError } from "../errors.js";
import { type PlannedGradient, planGradient } from "../job/gradient-run.js";
import type { PlannedKernel } from "../job/kernel-run.js";
import type { FileContext } from "../job/recording.js";
import { type PlannedSimulation, planSimulation } from "../job/simulate-run.js";
import { batchesOf } from "../loss/batch-errors.js";
import type { Loss } from "../loss/loss.js";
import { blockPaths } from "../plan/chunks.js";
import { segmentsOf } from "../plan/layout.js";
import { jobAt, type Point } from "./grid.js";

export type Command = "simulate" | "gradient" | "kernel";

export type PlannedPoint =
  | { readonly command: "simulate"; readonly planned: PlannedSimulation }
  | { readonly command: "gradient"; readonly planned: PlannedGradient }
  | { readonly command: "kernel"; readonly planned: PlannedKernel; readonly cuts: Pick<Cuts, "unit" | "count"> };

/** How the work of a point may be cut. */
export interface Cuts {
  /** Paths, pairs of paths of Gram matrices, or observed trials. */
  readonly unit: "paths" | "pairs" | "trials";
  readonly count: number;
  /** Cuts lie at multiples of this. */
  readonly align: number;
  /**
   * What all paths must give before any can go backward: what the loss takes means of, or their spikes, of which the loss is taken in a
   * round of its own.
   */
  readonly first?: "means" | "spikes" | undefined;
  /** Batches of other paths from which standard errors come. */
  readonly batches: number;
}

/** The command that a job is for, by what it has. */
export function commandOf(job: unknown): Command {
  if (typeof job !== "object" || job === null || Array.isArray(job)) {
    fail("job file", `expected a job, one JSON object, got ${show(job)}`);
  }
  if ("steps" in job || "trainable" in job) {
    fail("job file", 'is one of "saltation train", whose steps follow each other; train it with --workers redis://…');
  }
  if ("depth" in job && "x" in job) fail("job file", 'is one of "saltation signature", which takes no shards');
  if ("x" in job) return "kernel";
  return "loss" in job || "with" in job ? "gradient" : "simulate";
}

/** @throws SaltationError `invalid-input` naming the field. */
export async function planPoint(command: Command, job: unknown, context: FileContext): Promise<PlannedPoint> {
  if (command === "simulate") return { command, planned: await planSimulation(job, context) };
  if (command === "gradient") return { command, planned: await planGradient(job, context) };
  const { kernelCuts, planKernel } = await import("./kernel.js");
  const planned = planKernel(job);
  return { command, planned, cuts: kernelCuts(planned) };
}

/** What shards are cut from: a job, with the points of a sweep where there is one, and the files that it names. */
export interface Source {
  readonly command: Command;
  readonly job: object;
  readonly points?: readonly Point[] | undefined;
  readonly context: FileContext;
}

/** One of its jobs, checked. @throws SaltationError `invalid-input` naming the point and the field. */
export async function pointOf({ command, job, points, context }: Source, index: number): Promise<PlannedPoint> {
  if (!points) return planPoint(command, job, context);
  try {
    return await planPoint(command, jobAt(job, points[index]!), context);
  } catch (error) {
    if (!(error instanceof SaltationError)) throw error;
    const field = error.field ?? "";
    throw movedTo(`grid[${index}]: ${field}`, field, error);
  }
}

/** How a point may be cut. */
export function cutsOf(point: PlannedPoint): Cuts {
  if (point.command === "kernel") return { ...point.cuts, align: 1, batches: 0 };
  const { plan } = point.planned;
  // Sums on the host take pairs of antithetic paths for one number each, and blocks of those.
  const align = plan.antithetic ? 2 * blockPaths : blockPaths;
  const paths = { unit: "paths", count: plan.paths, align } as const;
  if (point.command === "simulate") return { ...paths, batches: 0 };
  const { loss, views } = point.planned;
  if (loss.likelihood) {
    const { batch: count } = loss.likelihood(plan, segmentsOf(views));
    return { unit: "trials", count, align: 1, batches: 0 };
  }
  const own = views.some((view) => view.bySample);
  const batches = loss.pathwise || own ? 0 : batchesOf(plan, loss).batches;
  return { ...paths, first: firstRound(loss), batches };
}

/** What all paths must give before any can go backward (`Cuts.first`). */
export function firstRound(loss: Loss): Cuts["first"] {
  // A score is made of what each path gives alone.
  if (loss.estimator === "score") return undefined;
  const { ofMeans, pathwise } = loss.of ?? loss;
  if (!ofMeans) return "spikes";
  return pathwise ? undefined : "means";
}
