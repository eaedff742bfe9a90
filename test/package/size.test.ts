/** What a page has to load: bundles of what it imports, minified and compressed, stay within budgets. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { forBrowsers } from "../../scripts/bundle.js";

const resolveDir = fileURLToPath(new URL("../../", import.meta.url));

interface Bundle {
  /** What is loaded at once, and what can come later. */
  text: string;
  kB: number;
  laterKB: number;
}

/** @param splitting what is imported on demand lies in files of its own, as in most bundlers. */
async function bundle(contents: string, splitting = false): Promise<Bundle> {
  const result = await build({
    ...forBrowsers,
    stdin: { contents, resolveDir, loader: "ts" },
    splitting,
    outdir: "out",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  expect(result.warnings).toEqual([]);
  const files = new Map(result.outputFiles!.map((f) => [relative(process.cwd(), f.path), f]));
  const { outputs } = result.metafile!;
  const atOnce = new Set<string>();
  const visit = (file: string): void => {
    if (atOnce.has(file)) return;
    atOnce.add(file);
    for (const i of outputs[file]!.imports) if (i.kind === "import-statement") visit(i.path);
  };
  visit(Object.keys(outputs).find((file) => outputs[file]!.entryPoint === "<stdin>")!);
  const kB = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + gzipSync(files.get(name)!.contents).length / 1000, 0);
  return {
    text: [...atOnce].map((name) => files.get(name)!.text).join(""),
    kB: kB(atOnce),
    laterKB: kB([...files.keys()].filter((name) => !atOnce.has(name))),
  };
}

describe("bundles for browsers", () => {
  // [what is imported, gzip budget in kB of what is loaded at once, and of what comes when it is needed]
  const budgets: [string, string, number, number][] = [
    ["simulating and training", "{ Engine, train, firstSpikes, rmsprop }", 68, 232],
    ["signature kernels", "{ signatureBackend, signatureMMD }", 40, 0],
    ["cells", "{ defineCell }", 21, 0],
    ["everything", "*", 170, 203],
  ];
  it.each(budgets)("%s: %s", async (_, names, budget, later) => {
    const { text, kB, laterKB } = await bundle(`export ${names} from "./src/index.ts"`, later > 0);
    expect(kB).toBeLessThan(budget);
    expect(laterKB).toBeLessThanOrEqual(later);
    expect(text).not.toMatch(/(from|import|require\() ?["']node:/);
  });

  it("is what the page for embedders says", () => {
    const page = readFileSync("docs/embedding.md", "utf8").replace(/\s+/g, " ");
    const [training, kernels, cells, all] = budgets.map(([, , budget]) => `below ${budget} kB`);
    expect(page).toContain(
      `simulating and training with one loss and one optimiser stay ${training}, signature kernels alone ${kernels}, ` +
        `cells alone ${cells}, and everything ${all}.`,
    );
    expect(page).toContain(`sensitivities, below ${budgets[0]![3]} kB in all, are modules that are imported`);
  });

  // All that a page loads from its start to a value and gradient, on a backend that needs no WebGPU.
  it.each([
    ["cpu", 97],
    ["simd", 168],
  ])("one loss without WebGPU, on backend %s", async (backend, budget) => {
    const outdir = mkdtempSync(join(tmpdir(), "saltation-size-"));
    // Locales are loaded when the first number is written by one, which takes longer than a cell.
    const says =
      'Number.prototype.toLocaleString = () => { throw Error("a locale"); };(globalThis.loaded ??= []).push(import.meta.url);';
    const contents = `import { Engine, firstSpikes } from "./src/index.ts";
const engine = await Engine.create({ backend: "${backend}" });
const options = { paths: 8, t1: 1, dt: 0.01, with: ["current"] };
const { value } = await engine.network({ current: 1.5 }).valueAndGradient(firstSpikes([[0.5]]), options);
console.log(JSON.stringify({ value, loaded: globalThis.loaded }));
engine.dispose();`;
    try {
      const { metafile } = await build({
        ...forBrowsers,
        stdin: { contents, resolveDir, loader: "ts" },
        splitting: true,
        outdir,
        outExtension: { ".js": ".mjs" },
        banner: { js: says },
        metafile: true,
      });
      const entry = Object.keys(metafile.outputs).find((file) => metafile.outputs[file]!.entryPoint === "<stdin>")!;
      const said = JSON.parse(execFileSync(process.execPath, [entry], { encoding: "utf8" }));
      expect(said.value).toBeGreaterThan(0);
      const inputs = (said.loaded as string[]).flatMap((url) =>
        Object.keys(metafile.outputs[relative(process.cwd(), fileURLToPath(url))]!.inputs),
      );
      // Paths in float64 are for traces and for what stops a path: another backend does without.
      expect(inputs.includes("src/twin/forward.ts")).toBe(backend === "cpu");
      expect(inputs).not.toContain("src/twin/trace.ts");
      const files = (said.loaded as string[]).map((url) => readFileSync(fileURLToPath(url), "utf8").replace(says, ""));
      expect(files.reduce((sum, file) => sum + gzipSync(file).length / 1000, 0)).toBeLessThan(budget);
      const text = files.join("");
      if (backend === "cpu") expect(text).not.toMatch(/createShaderModule|@compute/);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  });

  it("encode data without a solver", async () => {
    const { text, kB } = await bundle('export { latency, poisson, yinYang } from "./src/data/index.ts"');
    expect(kB).toBeLessThan(6);
    expect(text).not.toMatch(/createShaderModule|@compute/);
  });

  it("leave out what is not imported", async () => {
    const { text } = await bundle('export { defineCell } from "./src/index.ts"');
    expect(text).not.toMatch(/createShaderModule|@compute/);
    const { kB } = await bundle('export { firstSpikes, rmsprop } from "./src/index.ts"');
    expect(kB).toBeLessThan(8);
  });
});
