/**
 * Three projects, the same test files: tests in Node (GPU tests on Dawn), GPU tests on our own device (the `simd` backend), and
 * GPU tests in headless Chromium. The first and last run on a software adapter where there is no GPU. Studies of the numbers
 * of kernels run on our own device in the quick suite, where they compile in less than half the time.
 * `vitest run --mode long` runs the long studies in place of all that: files named *.long.test.ts, and each GPU test where the
 * quick suite does not run it.
 */
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumLaunch } from "./src/cli/chromium.js";
import { LongestFirst } from "./test/support/longest-first.js";

const common = {
  // Most of a test's time goes into one thread, that of a twin or of a shader's compilation: files run side by side.
  maxWorkers: 2,
  // Files that a process runs one after the other load their modules once, and Dawn.
  isolate: false,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // A recording that is not part of the project; tests that need it skip where it is absent.
  provide: { sharedData: process.env.SALTATION_SHARED ?? fileURLToPath(new URL("../shared/data/", import.meta.url)) },
};

/**
 * What the numbers of kernels are worth, studied at length. That Dawn runs each kernel is told by the other files. Chromium's
 * compiler is Dawn's, so that what it adds is told by one test of each kernel in a page.
 */
const studies = [
  "test/cases/{events,random,shared}.gpu.test.ts",
  "test/cell/{branches,channels,conditions}.gpu.test.ts",
  "test/cells/{gpu-twin,readout,refractory}.gpu.test.ts",
  "test/loss/state-losses.gpu.test.ts",
  "test/gradient/{by-sample,sampled-current,source-times}.gpu.test.ts",
  "test/signature/{backend,near-zero,near-zero-signatures,properties}.gpu.test.ts",
  "test/train/signals.gpu.test.ts",
  "test/solve/{antithetic,coarse-steps,exponential,gpu-twin,held,high-rates,inputs,long-flow,neurons,states,tableau}.gpu.test.ts",
  "test/solve/{populations-by-workgroups,samples}.gpu.test.ts",
];

/** Long studies of that kind, in the long suite on our own device alone. */
const longStudies = ["test/solve/{gpu-twin,neurons}.gpu.long.test.ts"];

/** And such on Dawn too. */
const longOnBoth = ["test/solve/drivers.gpu.long.test.ts"];

/** In a page they add nothing to what Dawn gives in the quick suite. */
const inNode = [
  "test/solve/{carried,populations}.gpu.test.ts",
  "test/signature/spike-statistic.gpu.test.ts",
  "test/loss/{log-likelihood,losses}.gpu.test.ts",
  "test/gradient/{horizon,horizon-forward}.gpu.test.ts",
  "test/train/{silence,train}.gpu.test.ts",
];

/** Never in a page: the kernels that other files run there, with other cells, networks and values. */
const sameKernels = [
  "test/cases/events.gpu.test.ts",
  "test/cell/{branches,channels,conditions}.gpu.test.ts",
  "test/cells/{gpu-twin,refractory}.gpu.test.ts",
  "test/gradient/{horizon-losses,prepared}.gpu.test.ts",
  "test/loss/state-losses.gpu.test.ts",
  "test/signature/{near-zero,properties}.gpu.test.ts",
  "test/solve/{exponential,inputs,long-flow,neurons,populations-by-workgroups,samples,small-buffers,states,tableau}.gpu.test.ts",
  "test/solve/{drivers,gpu-twin}.gpu.long.test.ts",
];

/** On our own device in the quick suite besides the studies. */
const own = ["test/solve/{input-spikes,sampled-current}.gpu.test.ts"];

/** What is concluded from numbers, which are much the same everywhere: on our own device, and on Dawn among the long studies. */
const conclusions = ["test/laws/laws.gpu.test.ts"];

/** Those that take longest: among the long studies on our own device. */
const longConclusions = ["test/experiments/check-gradient.gpu.test.ts", "test/loss/mean-verdict.gpu.test.ts"];

export default defineConfig(({ mode }) => {
  const long = mode === "long";
  const files = (kind: string, inLong: string[] = [], never: string[] = []) => ({
    include: long ? [`test/**/*${kind}.long.test.ts`, ...inLong] : [`test/**/*${kind}.test.ts`],
    exclude: long ? never : ["test/**/*.long.test.ts", ...inLong, ...never],
  });
  return {
    test: {
      sequence: { sequencer: LongestFirst },
      reporters: ["default", "./test/support/skip-reporter.ts"],
      projects: [
        {
          test: {
            ...common,
            name: "dawn",
            // Deno has no other run of them.
            ...("Deno" in globalThis
              ? files("", [], longStudies)
              : files("", [...studies, ...conclusions], [...longStudies, ...longConclusions])),
            setupFiles: ["test/support/plain.ts", "test/support/deno.ts", "test/support/record-bits.ts"],
          },
        },
        {
          test: {
            ...common,
            name: "simd",
            include: long
              ? ["test/**/*.gpu.test.ts", ...longStudies, ...longOnBoth]
              : [...studies, ...conclusions, ...own],
            // Devices, adapters, and encoders of a caller's own, which this backend refuses.
            exclude: [
              "test/gpu/**",
              "test/engine/**",
              "test/suites/**",
              "test/{gradient,solve}/prepared.gpu.test.ts",
              ...(long ? [...studies, ...conclusions, ...own] : []),
            ],
            env: { SALTATION_DEVICE: "simd" },
            setupFiles: ["test/support/plain.ts"],
          },
        },
        {
          optimizeDeps: { include: ["wgsl-preprocessor/wgsl-preprocessor.js"] },
          test: {
            ...common,
            name: "chromium",
            ...files(".gpu", [...studies, ...inNode], [...conclusions, ...longConclusions, ...sameKernels]),
            // The same page for all files of the quick suite, which so load their modules once.
            isolate: long,
            browser: {
              enabled: true,
              // One page at a time, beside the files in Node.
              fileParallelism: false,
              headless: true,
              screenshotFailures: false,
              instances: [{ browser: "chromium" as const }],
              provider: playwright({ launchOptions: chromiumLaunch() }),
            },
          },
        },
      ],
    },
  };
});
