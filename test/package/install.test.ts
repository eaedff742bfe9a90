/**
 * The packed package in projects that know nothing of this one: the pages' blocks pasted and run in Node, the
 * command, and the README's example in a plain page and in one built by Vite. Its dependencies are linked from here, so
 * that nothing is downloaded, without the packages that only figures and HDF5 need.
 */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import puppeteer, { type Browser } from "puppeteer";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumLaunch } from "../../src/cli/chromium.js";
import { serve } from "../support/serve.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** What a page gives to be pasted into main.mjs, as one module. */
const pasted = (page: string): string => {
  const blocks = [...readFileSync(join(root, page), "utf8").matchAll(/```js\n(.*?)```/gs)].map((m) => m[1]!);
  expect(blocks.length, page).toBeGreaterThan(0);
  return blocks.join("\n");
};
const script = pasted("README.md");
/** The same for pages, which are to load and run it: in Node it draws as many trains as the page of the docs says. */
const inPage = `${script.replace("paths: 65536", "paths: 1024")};console.log("done"); globalThis.done = true;`;
let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "saltation-install-"));
  const modules = join(project, "node_modules");
  mkdirSync(join(modules, "saltation"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!/^(saltation|\.bin|vega.*|h5wasm)$/.test(name))
      symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  const pack = ["pack", "--ignore-scripts", "--pack-destination", project, "--json"];
  const [{ filename }] = JSON.parse(execFileSync("npm", pack, { cwd: root, encoding: "utf8" }));
  execFileSync("tar", ["xf", filename, "-C", "node_modules/saltation", "--strip-components=1"], { cwd: project });
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What the README's example prints: the mean count, then a line for every twentieth of 200 steps. */
function check(lines: string[]): void {
  expect(lines).toHaveLength(11);
  const current = Number(/^200 steps: current (\S+)$/.exec(lines.at(-1)!)![1]);
  // From 0.6 towards the current of the observed spikes, which are those at 1.5.
  expect(Math.abs(current - 1.5)).toBeLessThan(0.1);
}

/** What docs/data.md prints: spikes of two images, of two samples by rate, of a sine's crossings, and of a point. */
function checkData(lines: string[]): void {
  const printed = lines.join(" ");
  expect(printed).toMatch(/^latency \[\s*0, 10,\s*5, 16\s*\] \[ 2, 1, 0, 2 \]/);
  expect(printed).toMatch(/poisson \d+ spikes in 2 samples thresholds \[\s*2, 3, 1, 0,/);
  expect(printed).toMatch(/(yin|yang|dot) \[[^\]]*\b0\.9\b[^\]]*\] \[[ 0-4,]*\] samples/);
  expect(Number(/samples 200 of (\S+) spikes$/.exec(printed)![1])).toBeGreaterThan(1);
}

let browser: Browser | undefined;
afterAll(() => browser?.close());

/** Opens a page of the project and collects what it prints. */
async function printed(folder: string): Promise<string[]> {
  const host = await serve(folder);
  try {
    browser ??= await puppeteer.launch({ ...chromiumLaunch(), headless: true });
    const page = await browser.newPage();
    const lines: string[] = [];
    let failed: (error: unknown) => void;
    const failure = new Promise((_, reject) => {
      failed = reject;
    });
    page.on("pageerror", (error) => failed(error));
    page.on("console", (m) => m.type() === "log" && lines.push(m.text()));
    await page.goto(`${host.url}index.html`);
    await Promise.race([failure, page.waitForFunction("globalThis.done", { timeout: 100_000 })]);
    // Printed lines arrive after one another: the last one after all.
    for (let n = 0; n < 100 && !lines.includes("done"); n++) await new Promise((resolve) => setTimeout(resolve, 50));
    return lines.filter((line) => line !== "done");
  } finally {
    host.close();
  }
}

describe("the packed package", () => {
  it("holds what it exports and no more than it needs", () => {
    const { exports, bin } = JSON.parse(readFileSync(join(project, "node_modules/saltation/package.json"), "utf8"));
    const files = Object.values(exports).flatMap((e) => (typeof e === "string" ? [e] : Object.values(e as object)));
    for (const file of [...files, ...Object.values(bin)]) {
      expect(readFileSync(join(project, "node_modules/saltation", file as string)).length).toBeGreaterThan(10);
    }
    expect(readdirSync(join(project, "node_modules/saltation")).sort()).toEqual(
      ["CHANGELOG.md", "LICENSE", "README.md", "bin", "dist", "docs", "examples", "package.json", "schema"].sort(),
    );
    const dist = readdirSync(join(project, "node_modules/saltation/dist"), { recursive: true, encoding: "utf8" });
    expect(dist.filter((name) => /\.map$|\.tsbuildinfo$|^(bench|scripts|test)(\/|$)/.test(name))).toEqual([]);
    // Packed 2.61 MB: two bundles for pages are 0.5 of it, the one for Node 0.4, pictures of the docs 0.3.
    const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"))!;
    expect(readFileSync(join(project, tarball)).length).toBeLessThan(2.65e6);
  });

  it("would be published as it stands", () => {
    const { stderr } = spawnSync("npm", ["publish", "--dry-run", "--ignore-scripts", "--offline"], {
      cwd: root,
      encoding: "utf8",
    });
    // That nobody is logged in here says nothing of the package.
    expect(stderr.split("\n").filter((line) => /^npm (warn|error)/i.test(line) && !/logged in/.test(line))).toEqual([]);
  });

  describe("runs what is pasted from", () => {
    const checks: [string, (lines: string[]) => void][] = [
      ["README.md", check],
      ["docs/tutorial.md", checkTutorial],
      ["docs/training.md", checkTraining],
      ["docs/embedding.md", checkEmbedding],
      ["docs/data.md", checkData],
    ];
    let output: string[];
    beforeAll(async () => {
      // A module for each page, in one process, which is to end by itself.
      const modules = checks.map(([page], n) => {
        writeFileSync(join(project, `page-${n}.mjs`), pasted(page));
        return `console.log("page"); await import("./page-${n}.mjs");`;
      });
      writeFileSync(join(project, "main.mjs"), modules.join("\n"));
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ["main.mjs"], { cwd: project });
      expect(stderr).toBe("");
      output = stdout.split(/^page\n/m).slice(1);
    });
    it.each(checks)("%s", (page, checkLines) => {
      checkLines(output[checks.findIndex(([name]) => name === page)]!.trim().split("\n"));
    });
  });

  describe("its command", () => {
    const saltation = (...args: string[]) =>
      spawnSync(process.execPath, ["node_modules/saltation/bin/saltation.js", ...args], {
        cwd: project,
        encoding: "utf8",
      });
    const example = "node_modules/saltation/examples/synthetic-cell.json";

    it("fits the synthetic cell, and says that no figure is drawn without Vega", () => {
      const { stdout, stderr, status } = saltation("train", example, "--json", "--history", "none");
      expect(stderr).toBe(
        "saltation: no figure is written, as drawing needs vega and vega-lite: npm install vega vega-lite\n",
      );
      expect(status).toBe(0);
      const { parameters, metrics, files } = JSON.parse(stdout);
      const data = join(project, "node_modules/saltation/examples/data/synthetic-recording.json");
      const truth: Record<string, number> = JSON.parse(readFileSync(data, "utf8")).true_parameters;
      expect(Object.keys(parameters)).toHaveLength(6);
      for (const [name, value] of Object.entries<number>(parameters)) {
        // As the README says. Of 20 trials of 4 s; the likelihood's own maximum lies there.
        expect(Math.abs(value / truth[name]! - 1), name).toBeLessThan(0.06);
      }
      // 1 if generated trains are as much like the observed ones as those are like each other.
      expect(Math.abs(metrics.md - 1)).toBeLessThan(0.05);
      expect(Object.keys(files)).toEqual(["parameters"]);
      expect(JSON.parse(readFileSync(join(project, files.parameters), "utf8")).tau.unit).toBe("ms");
    });

    it.each([
      ["--figure", ["train", example, "--figure", "fit.svg"]],
      ["--out", ["figure1", "--out", "figures"]],
    ])("asked for a figure by %s without Vega, names what to install before it computes", (option, args) => {
      const { stdout, stderr, status } = saltation(...args);
      expect(stderr).toBe(`saltation: ${option}: drawing needs vega and vega-lite: npm install vega vega-lite\n`);
      expect([stdout, status]).toEqual(["", 1]);
      expect(existsSync(join(project, "figures"))).toBe(false);
    });

    it("asked for an HDF5 file without h5wasm, names what to install", () => {
      const file = join(root, "test/files/data/shd.h5");
      const { stdout, stderr, status } = saltation("inspect", file);
      const mend = "is an HDF5 file, and reading HDF5 needs h5wasm: npm install h5wasm";
      expect(stderr).toBe(`saltation: FILE: ${file} ${mend}\n`);
      expect([stdout, status]).toEqual(["", 1]);
    });

    it("prints the table of figure 1 without Vega", () => {
      const { stdout, stderr, status } = saltation("figure1", "--backend=cpu", "--steps=1");
      expect(stderr).toMatch(/^saltation: no figure is written, as drawing needs vega/);
      expect(status).toBe(0);
      expect(stdout).toMatch(/test MAE/);
      expect(stdout).not.toMatch(/figure in/);
    });
  });

  // The example takes a second or two on a quiet machine.
  it("runs in a plain page", async () => {
    const imports = JSON.stringify({ imports: { saltation: "./node_modules/saltation/dist/saltation.js" } });
    writeFileSync(
      join(project, "index.html"),
      `<!doctype html><script type="importmap">${imports}</script><script type="module">${inPage}</script>`,
    );
    check(await printed(project));
  });

  it("runs in a page built by Vite", async () => {
    const page = join(project, "vite");
    mkdirSync(page);
    writeFileSync(join(page, "index.html"), '<!doctype html><script type="module" src="/main.js"></script>');
    writeFileSync(join(page, "main.js"), inPage);
    await build({ root: page, logLevel: "error", build: { target: "es2022" } });
    check(await printed(join(page, "dist")));
  });
});

/** The number that follows a label in what a page's program printed. */
const number = (lines: string[], label: string): number =>
  Number(new RegExp(`${label} (-?[\\d.e-]+)`).exec(lines.join("\n"))![1]);

function checkTutorial(lines: string[]): void {
  const text = lines.join("\n");
  // Each as the page says beside its block.
  expect(Math.abs(number(lines, "spikes in unit time") - 4)).toBeLessThan(0.2);
  expect(Math.abs(number(lines, "second spike at") - 0.456)).toBeLessThan(0.01);
  const exact = number(lines, "exact");
  expect(Math.abs(exact + 0.94)).toBeLessThan(0.01);
  // Differences of float32 means over a hundredth of the current.
  expect(Math.abs(number(lines, "difference quotient") / exact - 1)).toBeLessThan(0.01);
  expect(Math.abs(number(lines, "\ncurrent") - 1.49)).toBeLessThan(0.05);
  expect(text).toMatch(/transversality: holds/);
  expect(text).toMatch(/refused: .*noise does not drive the event/);
  const slow = /by the adaptation \{ jump: (\S+), tauA: (\S+) \}/.exec(text)!;
  for (const slope of slow.slice(1)) expect(Number(slope)).toBeGreaterThan(0);
  const weights = /they were given \[ \[ 0, 2, (\S+) \], \[ 1, 2, (\S+) \] \]/.exec(text)!;
  for (const slope of weights.slice(1)) expect(Number(slope)).toBeLessThan(0);
  const accuracies = [...text.matchAll(/^epoch .* accuracy (\S+)$/gm)].map((m) => Number(m[1]));
  expect(accuracies).toHaveLength(10);
  // 0.93 on 500 points, of which a standard error is 0.011; guessing is right in a third.
  expect(accuracies.at(-1)).toBeGreaterThan(0.88);
  const answers = [...text.matchAll(/^point \d (yin|yang|dot) taken for (yin|yang|dot) at (\S+)$/gm)];
  expect(answers).toHaveLength(5);
  expect(answers.filter(([, is, found]) => is === found).length).toBeGreaterThanOrEqual(4);
  for (const [, , , time] of answers) expect(Number(time)).toBeLessThan(50);
  // The same noise on every backend: the page's numbers, to half a unit of their last digit and float32's rounding.
  expect(Math.abs(number(lines, "same current") + 0.04)).toBeLessThan(0.006);
  expect(Math.abs(number(lines, "another current") - 7.4)).toBeLessThan(0.06);
}

function checkTraining(lines: string[]): void {
  const [, current, vReset] = /^300 .*current: (\S+), vReset: (\S+) \}$/.exec(lines.at(-1)!)!;
  expect(Math.abs(Number(current) - 1.5)).toBeLessThan(0.02);
  expect(Math.abs(Number(vReset) - 1.39)).toBeLessThan(0.05);
  expect(JSON.parse(readFileSync(join(project, "checkpoint.json"), "utf8")).step).toBe(300);
}

function checkEmbedding(lines: string[]): void {
  expect(lines[0]).toBe("invalid-input network.weights.uniform");
  expect(lines[1]).toMatch(/^4096 paths in a buffer of \d+ bytes$/);
  // The closed form without noise is -0.4695 by the current; noise moves it by less than its error of some 0.01.
  expect(Math.abs(number(lines, "current:") + 0.47)).toBeLessThan(0.03);
}
