/** What the page of data and its worker say to each other. */
import type { Checkpoint } from "../../../src/index.js";
import type { Settings } from "./settings.js";

/** One sample that is looked at: a point, or the pixels of a digit from 0 to 1. */
export type Shown = { readonly x: number; readonly y: number } | { readonly pixels: readonly number[] };

export type RunState = "ready" | "running" | "paused" | "finished" | "failed";

export type Device = "auto" | "webgpu" | "simd";

/** What one sample causes. */
export interface Seen {
  readonly shown: Shown;
  readonly t1: number;
  /** Input spikes by source, and those of the network by neuron: the hidden ones first, then the outputs. */
  readonly inputs: { readonly times: Float64Array; readonly sources: Uint32Array };
  readonly spikes: { readonly times: Float64Array; readonly neurons: Int32Array };
  /** How probable each class is; and the class it is given, -1 where two are as probable. */
  readonly probabilities: Float64Array;
  readonly found: number;
}

export interface EpochShown {
  /** How many are done; 0 before the first step. */
  readonly epoch: number;
  /** Mean loss of the epoch's steps; undefined before the first. */
  readonly loss: number | undefined;
  readonly test: {
    readonly loss: number;
    readonly accuracy: number;
    readonly confusion: readonly (readonly number[])[];
  };
  /** Of as many of the samples that are trained on; undefined where time did not allow it. */
  readonly trainingAccuracy: number | undefined;
  readonly best: { readonly epoch: number; readonly accuracy: number };
}

/** The epoch after which most held-out samples were right, and the values of all parameters then. */
export type BestEpoch = EpochShown["best"] & { readonly vector: Float64Array };

/** Where a run stands: what it goes on from, and its best epoch. */
export interface Standing {
  readonly checkpoint: Checkpoint;
  readonly best: BestEpoch | undefined;
}

export interface DigitsRead {
  readonly name: string;
  readonly count: number;
  /** [count][64], from 0 to 16, and labels. */
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

export type ToWorker =
  | { readonly kind: "digits"; readonly name: string; readonly bytes: Uint8Array }
  /** Takes the place of the run there is. */
  | {
      readonly kind: "prepare";
      readonly run: number;
      readonly settings: Settings;
      readonly device: Device;
      /** Where a run that was kept stood; not read yet. */
      readonly from?: unknown;
    }
  | { readonly kind: "train" | "pause"; readonly run: number }
  | { readonly kind: "look"; readonly run: number; readonly shown: Shown }
  | { readonly kind: "save"; readonly what: "job" | "trained" | "samples" };

/** Of a run, where it says which. */
export type FromWorker = { readonly run?: number } & (
  | { readonly kind: "digits"; readonly digits: DigitsRead }
  /** A file that could not be read, or a sample that could not be shown. */
  | { readonly kind: "problem"; readonly message: string }
  | { readonly kind: "refused"; readonly field: string; readonly message: string }
  | {
      readonly kind: "ready";
      readonly adapter: string;
      readonly hardware: boolean;
      readonly perEpoch: number;
      readonly epochs: number;
    }
  | { readonly kind: "state"; readonly state: RunState; readonly step: number; readonly message?: string }
  | { readonly kind: "step"; readonly step: number; readonly loss: number }
  /** After an epoch, and where the run rests. */
  | { readonly kind: "standing"; readonly standing: Standing }
  /** What was to be gone on from cannot be: the run is at its start. */
  | { readonly kind: "unread"; readonly message: string }
  | { readonly kind: "warnings"; readonly lines: readonly string[] }
  | { readonly kind: "epoch"; readonly epoch: EpochShown }
  /** [cells inside the disc][3] of the map, see `map.ts`. */
  | { readonly kind: "map"; readonly probabilities: Float32Array; readonly epoch: number }
  | { readonly kind: "seen"; readonly seen: Seen }
  | { readonly kind: "file"; readonly files: readonly { name: string; type: string; contents: Uint8Array | string }[] }
);
