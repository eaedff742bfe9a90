/** What the bench's page knows, as signals, and what it can do. */
import { batch, computed, signal } from "@preact/signals";
import { freshFrame } from "../../../src/suites/frames.js";
import { type BenchReport, compareReports } from "../../../src/suites/report.js";
import type { Progress } from "../../../src/suites/run.js";
import { type SuiteName, suiteNames } from "../../../src/suites/suite-names.js";
import { download } from "../page/download.js";
import type { Problem } from "../page/frame.js";
import { here } from "./here.js";
import type { FromWorker, ToWorker } from "./protocol.js";

export type Place = "webgpu" | "simd" | "cpu";

export const place = signal<Place>("webgpu");
export const chosen = signal<readonly SuiteName[]>(suiteNames);
export const quick = signal(false);
/** Whether there is an adapter; unknown at first. */
export const hasGpu = signal<boolean | undefined>(undefined);

export type State = "idle" | "running" | "stopped" | "finished" | "failed";
export const state = signal<State>("idle");
/** What is being timed; nothing yet while the floors are found. */
export const progress = signal<Progress | undefined>(undefined);
/** All that was measured, growing while it runs. */
export const report = signal<BenchReport | undefined>(undefined);
export const figureCount = computed(() => {
  const count = report.value?.figures.length ?? 0;
  return count === 1 ? "1 figure" : `${count} figures`;
});
export const problem = signal<Problem | undefined>(undefined);
/** For screen readers, spoken now and then. */
export const spoken = signal("");

/** The report to compare with. */
export const old = signal<{ name: string; report: BenchReport } | undefined>(undefined);
export const comparison = computed(() =>
  old.value && report.value ? compareReports(old.value.report, report.value) : undefined,
);

export async function findGpu(): Promise<void> {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  hasGpu.value = !!adapter;
}

let worker: Worker | undefined;
let aborter = new AbortController();

function end(how: State, say: string): void {
  worker?.terminate();
  worker = undefined;
  aborter.abort();
  batch(() => {
    state.value = how;
    spoken.value = say;
  });
}

export function stop(): void {
  if (state.value === "running") end("stopped", `Stopped with ${figureCount.value}`);
}

function failed(text: string): void {
  problem.value = { title: "The bench ended early", text };
  end("failed", "The bench ended early");
}

/** Begins anew; what an earlier run measured goes. */
export async function run(): Promise<void> {
  if (state.value === "running" || chosen.value.length === 0) return;
  batch(() => {
    state.value = "running";
    progress.value = undefined;
    report.value = undefined;
    problem.value = undefined;
    spoken.value = "The bench runs";
  });
  const began = performance.now();
  const backend = place.value;
  aborter = new AbortController();
  const { signal: stopped } = aborter;
  const { chrome, versions, machine } = await here();
  if (stopped.aborted) return;
  const current = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "saltation bench" });
  worker = current;
  const post = (message: ToWorker): void => current.postMessage(message);
  const fresh = freshFrame("./bench-start.html", stopped);
  current.onerror = (event) => failed(event.message || "the worker could not be started");
  current.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (stopped.aborted) return;
    if ("progress" in data) {
      const { round, rounds, at } = data.progress;
      progress.value = data.progress;
      if (at === 1) spoken.value = `Round ${round} of at most ${rounds}`;
    } else if ("fresh" in data) {
      fresh(data.task, data.options).then(
        (seconds) => post({ fresh: data.fresh, seconds }),
        (error: Error) => post({ fresh: data.fresh, error: error.message }),
      );
    } else if ("result" in data) {
      report.value = {
        version: 1,
        in: backend !== "webgpu" ? backend : chrome ? "chrome" : "browser",
        date: new Date().toISOString(),
        ...data.result,
        versions,
        machine,
        totalSeconds: (performance.now() - began) / 1000,
      };
      if (data.done) end("finished", `Finished: ${figureCount.value}`);
    } else if (data.code === "no-adapter") {
      hasGpu.value = false;
      end("idle", "No WebGPU here");
    } else failed(data.error);
  };
  post({ run: { suites: chosen.value, backend, quick: quick.value } });
}

export function save(): void {
  if (!report.value) return;
  download(`saltation-bench-${report.value.in}.json`, "application/json", `${JSON.stringify(report.value, null, 2)}\n`);
}

/** Takes a report to compare with. */
export async function compareWith(file: File): Promise<void> {
  const { readReport } = await import("../../../src/suites/read-report.js");
  try {
    old.value = { name: file.name, report: readReport(await file.text(), file.name) };
    problem.value = undefined;
  } catch (error) {
    problem.value = {
      title: "The file could not be compared with",
      text: (error as Error).message.replace(/^--compare: /, ""),
    };
  }
}
