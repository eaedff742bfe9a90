/**
 * Two projects, the same test files: all tests in Node (GPU tests on Dawn), and the GPU tests again in headless
 * Chromium. Both run on a software adapter where there is no GPU.
 */
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumLaunch } from "./src/cli/chromium.js";

const common = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // A recording that is not part of the project; tests that need it skip where it is absent.
  provide: { sharedData: process.env.SALTATION_SHARED ?? fileURLToPath(new URL("../shared/data/", import.meta.url)) },
};

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/skip-reporter.ts"],
    // The software adapter uses all cores by itself.
    fileParallelism: false,
    projects: [
      {
        test: { ...common, name: "dawn", include: ["test/**/*.test.ts"], setupFiles: ["test/support/plain.ts"] },
      },
      {
        optimizeDeps: { include: ["jsep", "wgsl-preprocessor/wgsl-preprocessor.js"] },
        test: {
          ...common,
          name: "chromium",
          include: ["test/**/*.gpu.test.ts"],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: "chromium" as const }],
            provider: playwright({ launchOptions: chromiumLaunch() }),
          },
        },
      },
    ],
  },
});
