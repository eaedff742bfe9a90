/** The page that `saltation bench --in chrome` opens: a global for the program that drives it. */
import { freshFrame, isStartFrame } from "./frames.js";
import { type BenchOptions, type BenchResult, type Host, runBench } from "./run.js";

declare global {
  /** Runs a bench in the page. */
  var saltationBench: ((options: BenchOptions) => Promise<BenchResult>) | undefined;
  /** Put there by the program that drives the page. */
  var saltationProgress: Host["progress"] | undefined;
}

if (!isStartFrame()) {
  globalThis.saltationBench = (options) => {
    const host: Host = { clock: () => performance.now() / 1000, fresh: freshFrame("") };
    if (globalThis.saltationProgress) host.progress = globalThis.saltationProgress;
    return runBench(host, options);
  };
}
