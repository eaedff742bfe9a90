/** What the bench's page and its worker say to each other. */
import type { BenchOptions, BenchResult, Progress } from "../../../src/suites/run.js";
import type { StartOptions, StartTask } from "../../../src/suites/start.js";

export type ToWorker = { run: BenchOptions } | { fresh: number; seconds: number } | { fresh: number; error: string };

export type FromWorker =
  | { progress: Progress }
  | { result: BenchResult; done: boolean }
  /** A start to be timed in a frame, which only the page can open. */
  | { fresh: number; task: StartTask; options: StartOptions }
  | { error: string; code: string };
