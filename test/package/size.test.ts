/** What a page has to load: bundles of what it imports, minified and compressed, stay within budgets. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { forBrowsers } from "../../scripts/bundle.js";

const resolveDir = fileURLToPath(new URL("../../", import.meta.url));

async function bundle(contents: string): Promise<{ text: string; kB: number }> {
  const result = await build({
    ...forBrowsers,
    stdin: { contents, resolveDir, loader: "ts" },
    write: false,
    logLevel: "silent",
  });
  expect(result.warnings).toEqual([]);
  const file = result.outputFiles?.[0];
  return { text: file!.text, kB: gzipSync(file!.contents).length / 1000 };
}

describe("bundles for browsers", () => {
  // [what is imported, gzip budget in kB]
  const budgets: [string, string, number][] = [
    ["simulating and training", "{ Engine, train, firstSpikes, rmsprop }", 60],
    ["signature kernels", "{ signatureBackend, signatureMMD }", 40],
    ["cells", "{ defineCell }", 12],
    ["everything", "*", 100],
  ];
  it.each(budgets)("%s: %s", async (_, names, budget) => {
    const { text, kB } = await bundle(`export ${names} from "./src/index.ts"`);
    expect(kB).toBeLessThan(budget);
    expect(text).not.toMatch(/(from|import|require\() ?["']node:/);
  });

  it("leave out what is not imported", async () => {
    const { text } = await bundle('export { defineCell } from "./src/index.ts"');
    expect(text).not.toMatch(/createShaderModule|@compute/);
    const { kB } = await bundle('export { firstSpikes, rmsprop } from "./src/index.ts"');
    expect(kB).toBeLessThan(8);
  });
});
