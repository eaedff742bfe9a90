/** Every example of embedding runs as a user would run it: pages in headless Chromium, from a host of static files. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import puppeteer, { type Browser } from "puppeteer";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chromiumLaunch } from "../../src/cli/chromium.js";
import { serve } from "../support/serve.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("in a page", () => {
  let browser: Browser;
  let host: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    const bundled = await build({
      entryPoints: [`${root}examples/embedding/shared-device.js`],
      bundle: true,
      format: "esm",
      write: false,
    });
    host = await serve(root, { "/examples/embedding/shared-device.js": bundled.outputFiles[0]!.text });
    browser = await puppeteer.launch({ ...chromiumLaunch(), headless: true });
  });
  afterAll(async () => {
    await browser?.close();
    host?.close();
  });

  /** Opens an example and waits until its output matches. */
  async function output(page: string, done: string): Promise<string> {
    const tab = await browser.newPage();
    const errors: string[] = [];
    tab.on("pageerror", (error) => errors.push(String(error)));
    // A favicon is nobody's fault.
    tab.on("console", (m) => {
      if (m.type() === "error" && !m.location().url?.endsWith("favicon.ico")) errors.push(m.text());
    });
    await tab.goto(`${host.url}examples/embedding/${page}.html`);
    const found = await tab
      .waitForFunction(done, { timeout: 90_000 })
      .then(() => tab.$eval("output", (o) => o.textContent!))
      .catch((error) => `${error}`);
    expect(errors).toEqual([]);
    await tab.close();
    return found;
  }
  const marked = 'document.querySelector("output").dataset.done';

  it("without a bundler", async () => {
    const text = await output("page", 'document.querySelector("output").textContent.includes("spikes")');
    // 0.231935 and -0.469508 without noise, and sigma1 = 0.25 here moves them by less than a tenth.
    const [, count, time, slope] = /: ([\d.]+) spikes.* at ([\d.]+) on average, (-[\d.]+) later/.exec(text)!;
    expect(Number(count)).toBeGreaterThan(3);
    expect(Number(time)).toBeCloseTo(0.23, 1);
    expect(Number(slope)).toBeLessThan(-0.3);
  });

  it("in a worker", async () => {
    const text = await output("worker", marked);
    const [, current] = /^step 19: current ([\d.]+)/.exec(text)!;
    // Twenty steps of about 0.02 from 1 towards 1.5.
    expect(Number(current)).toBeGreaterThan(1.1);
  });

  it("sharing a device with another library", async () => {
    const histogram = JSON.parse(await output("shared-device", marked)) as number[];
    const spikes = histogram.reduce((a, b) => a + b, 0);
    expect(spikes).toBeGreaterThan(4000);
    expect(spikes).toBeLessThanOrEqual(4096);
    // First spikes fall about 0.23: bin 4 of 20.
    expect(histogram.indexOf(Math.max(...histogram))).toBeLessThan(7);
  });
});

describe("in Node", () => {
  it("two engines at once agree, and the process ends by itself", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["examples/embedding/node.mjs"], { cwd: root });
    const values = stdout
      .trim()
      .split("\n")
      .map((line) => Number(/: ([\d.]+),/.exec(line)![1]));
    expect(values).toHaveLength(2);
    // float32 against float64.
    expect(values[0]).toBeCloseTo(values[1]!, 4);
    expect(stdout).toMatch(/CPU/);
  });

  it("a training loop of the caller's own comes to where the gradient of its loss is zero", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["examples/embedding/own-loop.mjs"], { cwd: root });
    // By `valueAndGradient` with 65,536 paths: -0.0007 at 1.62 and 0.0020 at 1.64, with standard errors below 0.0002.
    expect(Number(/^current ([\d.]+)/.exec(stdout)![1])).toBeCloseTo(1.625, 1);
  });
});

describe("from Python", () => {
  beforeEach((test) => test.skip(spawnSync("python3", ["--version"]).status !== 0, "needs python3"));

  it("through job files and npz", async () => {
    const { stdout } = await promisify(execFile)("python3", ["examples/embedding/job.py"], { cwd: root });
    const result = JSON.parse(stdout);
    expect(result.shape).toEqual([1000, 1]);
    // The same paths: a simulation and the value of the gradient's loss.
    expect(result["mean first spike"]).toBeCloseTo(result.value, 6);
    expect(result["by current"]).toBeLessThan(-0.3);
  });
});
