/** What page and worker say to each other: calls with one answer each, and events as things happen. */
import type { Checkpoint, Confidence, Discretisation, Exactness, StepValues, TrainStep } from "../../../src/index.js";
import type { StudioDocument } from "../model/document.js";
import type { Asked, Backend, DeviceNews } from "./engine-keeper.js";

/** What the page may ask. Every call is answered by one message, a value or an error. */
export interface Studio {
  /** Opens an engine. Fails with `no-adapter` where there is none of that kind. */
  open(backend: Asked): EngineFacts;
  /**
   * Checks a document and, where an engine is open, prepares its run and shows it: from the start, from where an export
   * stood, or (`keep`) from where the run before it stands. Events of that run carry the number of its load.
   */
  load(document: StudioDocument, resume: Standing | "keep" | null, neuron: number, load: number): LoadResult;
  /** Reads a file: a document with its checkpoint, a training job, or a recording. */
  read(name: string, bytes: Uint8Array): FileContents;
  /** Reads a document from a link. */
  readLink(text: string): StudioDocument;
  /** Reads work that was kept in the browser's storage. */
  readKept(value: unknown): KeptWork;
  /** Opens the next device now, without the rest of the pause before it. */
  retry(): void;
  run(): void;
  pause(): void;
  /** One training step. */
  step(): void;
  /** Changes the number of paths, also while a run goes; the answer is what is wrong with it, if anything. */
  setPaths(paths: number): FieldError | undefined;
  /** The neuron that histogram and traces show. */
  setNeuron(neuron: number): void;
  /**
   * How well the data determine what was fitted by likelihood, where the run rests; of which profiles are taken, the job may say,
   * or all (`profiled`). Fails where the library refuses it.
   */
  confidence(profiled: boolean): Confidence;
  exportParameters(): string;
  exportJob(): string;
  exportSpikes(): Uint8Array;
  /** Destroys the GPU device, as a driver's crash would: for tests of recovery. */
  loseDevice(): void;
}

/** Where a run stands: enough to go on from. */
export interface Standing {
  checkpoint: Checkpoint;
  /** Values of what is trained, by name. */
  parameters: Record<string, unknown>;
}

/** Curves of a run. */
export interface Curves {
  entries: Entry[];
  steps: number[];
  loss: number[];
  /** [entry][step] */
  values: number[][];
}

/** The work on an experiment: what is kept of it in the browser's storage, and comes back by Undo. */
export interface KeptWork {
  version: 1;
  document: StudioDocument;
  /** Where its run stands; null at the start. */
  standing: Standing | null;
  /** Values by step from the start on; null where they are too many to keep. */
  curves: Curves | null;
  /** Whether the document was changed since it came to the page. */
  edited: boolean;
  /** A mark of the link that it came by, if it did. */
  link: string | null;
}

export interface EngineFacts {
  backend: Backend;
  adapter: string;
  software: boolean;
}

export interface FieldError {
  /** As in messages of the library: `cell.state.v`, `time.dt`, … */
  field: string;
  message: string;
}

export interface CellFacts {
  name: string;
  states: readonly string[];
  defaults: Readonly<Record<string, number>>;
  exactness: Exactness;
  /** Whether it fires by a hazard; not where it has a hard threshold. */
  escapes: boolean;
  /** Units that the cell gives, by parameter. */
  units: Readonly<Record<string, string>>;
  equations: EquationText[];
  /** Conditions whose surface is located, and where it lies, in words. */
  located: { name: string; where: string }[];
}

/** An equation as it is shown. */
export interface EquationText {
  of: "let" | "state" | "noise" | "amplitude" | "when" | "reset" | "jump" | "receive" | "start";
  /** Of a state or a named expression; of an event, for `when`. */
  name: string;
  /** The event of a jump, or the channel of an amplitude. */
  event?: string;
  text: string;
}

export interface LoadResult {
  error: FieldError | undefined;
  cell: CellFacts | undefined;
  neurons: number;
  /** What is out of the ordinary in what was observed, a line each. */
  hints: readonly string[];
  /** Why mean gradients of the training are not known to be derivatives of means; none where they are. */
  because: readonly string[];
  /** Whether a run stands ready. */
  ready: boolean;
}

/** One number that is trained. */
export interface Entry {
  parameter: string;
  /** Position in its parameter, or -1 where that is a single number. */
  index: number;
  truth: number | undefined;
  start: number;
}

/** Spikes of many trials, one after the other. */
export interface Raster {
  rows: number;
  /** Trials there are, of which the first `rows` are here. */
  trials: number;
  times: Float64Array;
  row: Uint32Array;
  neuron: Int32Array;
}

export interface Trace {
  path: number;
  times: Float64Array;
  states: Readonly<Record<string, Float64Array>>;
  eventRate: Float64Array;
}

export type RunState = "ready" | "running" | "paused" | "finished" | "failed";

export interface FileContents {
  kind: "document" | "recording";
  document?: StudioDocument;
  standing?: Standing | null;
  /** Whether the job names a checkpoint, which a page cannot write. */
  checkpointed?: boolean;
  recording?: RecordingFacts;
}

/** The lists of a recording. */
export interface RecordingFacts {
  name: string;
  lists: RecordedList[];
  numbers: Record<string, number>;
  /** What it says in words, such as its units: `time_unit`, or `units.time` where it has them by name. */
  texts: Record<string, string>;
  /** Whether it holds spike_times as `saltation simulate` writes them. */
  padded: boolean;
}

export interface RecordedList {
  key: string;
  length: number;
  nested: boolean;
  /** Numbers in it, in all of its lists where it holds lists. */
  numbers: number;
  /** The largest size of a number in it. */
  largest: number;
}

/** What training steps say beside their numbers. */
export interface StepFacts {
  /** What is doubtful in the first step since the run began or went on, as the command line says it. */
  warnings: readonly string[];
  /** Of the last step: how its gradient was estimated, of what, and how what one path gives to it spreads; not of likelihoods. */
  estimated: Estimated | undefined;
}

export type Estimated = Required<Pick<TrainStep, "terms" | "estimator">> & Pick<StepValues, "spread">;

export type StudioEvent =
  | { kind: "state"; state: RunState; step: number; steps: number }
  | { kind: "entries"; entries: Entry[]; from: number }
  | {
      kind: "progress";
      /** Steps done before each value. */
      steps: Float64Array;
      loss: Float64Array;
      standardError: Float64Array;
      /** [steps][entries] */
      values: Float64Array;
      /** Paths times grid steps a second; 0 where not known yet. */
      rate: number;
      /** Bytes held on the GPU. */
      bytes: number | undefined;
      saturatedPaths: number;
      facts: StepFacts;
    }
  | {
      kind: "snapshot";
      step: number;
      t0: number;
      t1: number;
      observed: Raster;
      generated: Raster;
      /** Spikes per trial and unit of time in equal bins from t0 to t1. */
      histogram: { observed: Float64Array; generated: Float64Array };
      traces: Trace[];
      /** Where the traces end: of many neurons over many steps only the beginning is followed. */
      tracedTo: number;
      neuron: number;
      /** Bytes held on the GPU. */
      bytes: number | undefined;
    }
  /** The error that spike times owe to the step dt, at the values at which the run rests. */
  | { kind: "discretisation"; found: Discretisation }
  /** The worker's program was loaded. */
  | { kind: "awake" }
  /** What the worker begins to do, a sentence without its full stop; empty where it rests. */
  | { kind: "doing"; text: string }
  /** Where the run stands, now and then, and whenever it rests. */
  | { kind: "standing"; standing: Standing | null; step: number }
  | { kind: "engine"; facts: EngineFacts }
  | DeviceNews
  | { kind: "failure"; code: string; message: string };

export type Call = { id: number; method: keyof Studio; args: unknown[] };
export type Answer = { id: number; value?: unknown; error?: { code: string; message: string } };
export type Message = Answer | { event: StudioEvent; load?: number };
