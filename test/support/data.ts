/** The recording of a cortical cell, which others own and lies outside the project; the tests that need it skip without it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inject, type TestContext } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of data that is not part of the project. */
    sharedData: string;
  }
}

/** Path of the recording; the test is skipped, with the reason, where there is none. */
export function recordedCell(test: TestContext): string {
  const file = join(inject("sharedData"), "cortical-cell.json");
  test.skip(!existsSync(file), "needs the recording cortical-cell.json, in the folder that SALTATION_SHARED names");
  return file;
}

export function readRecordedCell(test: TestContext): { duration_ms: number; trials_spike_times_ms: number[][] } {
  return JSON.parse(readFileSync(recordedCell(test), "utf8"));
}
