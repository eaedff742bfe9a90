/**
 * The packed package in projects that know nothing of this one, each running the README's first example: Node, a plain
 * page, a page built by Vite. Its dependencies are linked from here, so that nothing is downloaded.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import puppeteer from "puppeteer";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumLaunch } from "../../src/cli/chromium.js";
import { serve } from "../support/serve.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const example = /```ts\n(.*?)```/s.exec(readFileSync(join(root, "README.md"), "utf8"))![1]!;
const script = transformSync(example, { loader: "ts", format: "esm", target: "es2022" }).code;
const done = 'console.log("done"); globalThis.done = true;';
let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "saltation-install-"));
  const modules = join(project, "node_modules");
  mkdirSync(join(modules, "saltation"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "saltation" && name !== ".bin") symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  const pack = ["pack", "--ignore-scripts", "--pack-destination", project, "--json"];
  const [{ filename }] = JSON.parse(execFileSync("npm", pack, { cwd: root, encoding: "utf8" }));
  execFileSync("tar", ["xf", filename, "-C", "node_modules/saltation", "--strip-components=1"], { cwd: project });
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What the example prints: the mean count, then a line for each of 200 steps. */
function check(lines: string[]): void {
  expect(lines).toHaveLength(201);
  const [step, , current] = lines.at(-1)!.split(" ").map(Number);
  expect(step).toBe(199);
  // From 0.6 towards the current of the observed spikes.
  expect(current).toBeGreaterThan(1.2);
  expect(current).toBeLessThan(1.7);
}

/** Opens a page of the project and collects what it prints. */
async function printed(folder: string): Promise<string[]> {
  const host = await serve(folder);
  const browser = await puppeteer.launch({ ...chromiumLaunch(), headless: true });
  try {
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
    await browser.close();
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
      ["LICENSE", "README.md", "bin", "dist", "docs", "examples", "package.json", "schema"].sort(),
    );
  });

  it("runs in Node, and has its command", async () => {
    writeFileSync(join(project, "main.js"), script);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["main.js"], { cwd: project });
    expect(stderr).toBe("");
    check(stdout.trim().split("\n"));
    const help = execFileSync(process.execPath, ["node_modules/saltation/bin/saltation.js", "--help"], {
      cwd: project,
    });
    expect(help.toString()).toMatch(/Usage: saltation/);
  });

  // The example takes a second or two on a quiet machine.
  it("runs in a plain page", async () => {
    const imports = JSON.stringify({ imports: { saltation: "./node_modules/saltation/dist/saltation.js" } });
    writeFileSync(
      join(project, "index.html"),
      `<!doctype html><script type="importmap">${imports}</script><script type="module">${script};${done}</script>`,
    );
    check(await printed(project));
  });

  it("runs in a page built by Vite", async () => {
    const page = join(project, "vite");
    mkdirSync(page);
    writeFileSync(join(page, "index.html"), '<!doctype html><script type="module" src="/main.js"></script>');
    writeFileSync(join(page, "main.js"), `${script};${done}`);
    await build({ root: page, logLevel: "error", build: { target: "es2022" } });
    check(await printed(join(page, "dist")));
  });
});
