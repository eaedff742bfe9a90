import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    // The software adapter uses all cores by itself.
    fileParallelism: false,
  },
});
