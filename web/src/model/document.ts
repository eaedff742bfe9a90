/**
 * What a link or an exported file holds: a training job as the command line takes it, where its observed spike trains
 * come from, and units for the reader.
 */
import type { CellDefinition } from "../../../src/index.js";
import type { TrainJob } from "../../../src/job/job.js";

export const experiments = ["figure1", "figure2", "recording", "equations", "refractory"] as const;
export type ExperimentName = (typeof experiments)[number];

/** A training job without its observed trains, and without files of the command line. */
export type StudioJob = Omit<TrainJob, "observed" | "checkpoint">;

/** Values that the observed trains were drawn with, by name: the cell's parameters, `current`, `weights`. */
export type Truth = Record<string, unknown>;

/** Options of the simulation that draws observed trains, where they are not the job's. */
export interface SimulatedWith {
  method?: string | undefined;
  dt?: number | undefined;
  maxSpikes?: number | undefined;
}

export type Observed =
  /** Drawn from the same network with other values. */
  | ({ kind: "simulated"; paths: number; seed: number; truth: Truth } & SimulatedWith)
  /** Trials that lie in the document. */
  | { kind: "trials"; times: number[][]; neurons?: number[][]; name?: string }
  /**
   * Trials in a file that the page must be given: a key of it, or npz as `saltation simulate` writes it. Its times count
   * `scale` of the document's units of time each; 1 where that is absent.
   */
  | { kind: "recording"; name: string; key?: string; scale?: number };

export interface StudioDocument {
  version: 1;
  experiment: ExperimentName;
  job: StudioJob;
  observed: Observed;
  /** Unit of `time`, and of parameters by name. */
  units: Record<string, string>;
}

/** The equations of a document's cell, where it brings its own. */
export function ownCell(document: StudioDocument): CellDefinition | undefined {
  const { cell } = document.job.network;
  return typeof cell === "object" ? (cell as CellDefinition) : undefined;
}

/** Experiments whose equations are written on the page; those of others are shown. */
export const isWritten = ({ experiment }: StudioDocument): boolean =>
  experiment === "equations" || experiment === "refractory";

/** Names of the parameters that a document trains. */
export const trainedNames = ({ job }: StudioDocument): string[] =>
  job.trainable.map((t) => (typeof t === "string" ? t : t.name));
