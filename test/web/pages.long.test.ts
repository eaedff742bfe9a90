/** The pages beside the studio as their users meet them: what they show and save, not how fast anything is. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, ElementHandle, Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { checkJob } from "../../src/job/check-job.js";
import { planTrainDataJob } from "../../src/job/data-job.js";
import { trainDataSchema } from "../../src/job/job.js";
import { parameterVector } from "../../src/plan/layout.js";
import { readReport } from "../../src/suites/read-report.js";
import { type SuiteName, suiteNames } from "../../src/suites/suite-names.js";
import { Test } from "../../src/train/data.js";
import {
  buildSite,
  fill,
  longestTask,
  openBrowser,
  openTab,
  press,
  pressAfter,
  type Site,
  savedFile,
  steps,
  text,
  waitForText,
} from "./site.js";

let site: Site;
let browser: Browser;
let folder: string;

beforeAll(async () => {
  site = await buildSite();
  browser = await openBrowser();
  folder = mkdtempSync(join(tmpdir(), "saltation-bench-page-"));
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const tick = async (page: Page, label: RegExp): Promise<void> =>
  page.$$eval(
    ".suites label",
    (labels, source) => labels.find((l) => new RegExp(source).test((l as HTMLElement).innerText))!.click(),
    label.source,
  );

/** Leaves one suite chosen, of the smallest sizes. */
async function choose(page: Page, suite: SuiteName): Promise<void> {
  for (const other of suiteNames) if (other !== suite) await tick(page, new RegExp(`^${other} `));
  await tick(page, /^Smallest sizes/);
}

const rows = (page: Page): Promise<string[]> =>
  page.$$eval("table.timings tr:has(td)", (trs) => trs.map((tr) => (tr as HTMLElement).innerText));

describe("the bench's page", () => {
  it("leaves the studio small, and is small", () => {
    expect(site.kB("bench.html")).toBeLessThan(624);
  });

  it("times a suite, saves the report that the command writes, and compares with one that is dropped on it", async () => {
    const tab = await openTab(browser, `${site.url}bench.html`);
    const { page } = tab;
    await choose(page, "forward");
    // By key: the first stop leads past the settings.
    await page.focus(".skip");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement!.textContent)).toBe("Run");
    await page.keyboard.press("Enter");
    await waitForText(page, ".progress-text", /round 1 of 2, figure \d of 4: forward, /);
    expect(await page.$eval(".suites", (e) => (e as HTMLFieldSetElement).disabled)).toBe(true);
    await waitForText(page, ".progress-text", /^finished: 4 figures in [\d.]+ s$/);
    expect(await page.$eval("progress", (e) => e.value)).toBe(1);
    const shown = await rows(page);
    expect(shown).toHaveLength(4);
    for (const row of shown) expect(row).toMatch(/2 repeats\s+[\d.,]+\s+[\d.,]+–[\d.,]+\s+[\d.,]+\s+[\d.,]+–[\d.,]+$/);
    expect(await page.$$(".bar-row .bar")).toHaveLength(4);
    await waitForText(page, '[role="status"][aria-live="polite"]', /Finished: 4 figures/);
    const nameless = await page.$$eval("button, input, select, progress, [role=img]", (all) =>
      all
        .filter(
          (e) => !(e.getAttribute("aria-label") || (e as HTMLInputElement).labels?.length || e.textContent?.trim()),
        )
        .map((e) => e.outerHTML),
    );
    expect(nameless).toEqual([]);
    expect(await text(page, ".facts")).toMatch(/swiftshader.*Driver.*yes: software.*Chrom\w* \d+\.\d+.*Rounds\s+2/s);

    const { name, bytes } = await savedFile(tab, folder, () => press(page, "Report (JSON)"));
    expect(name).toBe("saltation-bench-chrome.json");
    const report = readReport(bytes.toString(), name);
    expect(report).toMatchObject({ in: "chrome", sizes: "quick", rounds: 2, adapter: { fallback: true } });
    expect(report.figures.map((f) => shown.some((row) => row.startsWith(f.name)))).toEqual([true, true, true, true]);
    expect(report.versions.chrome).toMatch(/\/\d+\.\d+/);

    // As an earlier one of which two figures took far longer.
    const figures = report.figures.map((f, i) => {
      const by = i < 2 ? 1e6 : 1;
      return { ...f, ratio: { low: f.ratio.low * by, median: f.ratio.median * by, high: f.ratio.high * by } };
    });
    await page.evaluate(
      (json) => {
        const data = new DataTransfer();
        data.items.add(new File([json], "earlier.json", { type: "application/json" }));
        for (const type of ["dragover", "drop"])
          document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      },
      JSON.stringify({ ...report, figures }),
    );
    await waitForText(page, ".comparison", /Compared with earlier\.json.*2 within spread, 2 outside/s);
    expect(await page.$$(".comparison .faster")).toHaveLength(2);
    expect(await page.$$(".bar-row .was")).toHaveLength(4);

    const bad = join(folder, "other.json");
    writeFileSync(bad, JSON.stringify({ version: 1, figures: "<img src=x onerror=alert(1)>" }));
    const input = await page.$('[aria-label="report to compare with"]');
    await (input as ElementHandle<HTMLInputElement>).uploadFile(bad);
    await waitForText(page, ".notice", /other\.json is no report of saltation bench/);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("stops when it is told to, keeps what it has, and begins anew", async () => {
    const tab = await openTab(browser, `${site.url}bench.html`, 360, 740);
    const { page } = tab;
    await choose(page, "start");
    await press(page, "Run");
    // In the page, so that a busy machine does not let the run end before.
    await page.waitForFunction(
      () => {
        if (!/figure 2 of 2: start, first gradient/.test(document.querySelector(".progress-text")!.textContent!))
          return false;
        if (!document.querySelector("iframe")) return false;
        const stop = [...document.querySelectorAll("button")].find((b) => b.textContent!.trim() === "Stop");
        stop?.click();
        return stop !== undefined;
      },
      { polling: 20 },
    );
    await waitForText(page, ".progress-text", /^stopped with 1 figure$/);
    expect(await page.$$("iframe")).toHaveLength(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await rows(page)).toHaveLength(1);
    expect(await page.$$("iframe")).toHaveLength(0);
    const { name, bytes } = await savedFile(tab, folder, () => press(page, "Report (JSON)"));
    expect(readReport(bytes.toString(), name).figures).toHaveLength(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await press(page, "Run");
    await waitForText(page, ".progress-text", /^(finding the floors|round 1 of 2, figure 1 of 2)/);
    expect(await rows(page)).toHaveLength(0);
    await press(page, "Stop");
    await waitForText(page, ".progress-text", /^stopped with /);
    // What a frame was loading when it was taken away is not loaded.
    expect(tab.troubles.filter((t) => !t.startsWith("request:"))).toEqual([]);
    await page.close();
  });

  it("says so where there is no WebGPU, and times the processor", async () => {
    const plain = await openBrowser(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]);
    try {
      const { page, troubles } = await openTab(plain, `${site.url}bench.html`);
      await waitForText(page, ".no-gpu", /No WebGPU here/);
      await press(page, "Go on with the CPU");
      await choose(page, "train");
      await press(page, "Run");
      await waitForText(page, ".progress-text", /^finished: 2 figures/);
      expect(await text(page, ".facts")).toMatch(/WebAssembly SIMD/);
      // Chrome's own remark; no error.
      expect(troubles).toEqual(["console warn: No available adapters."]);
    } finally {
      await plain.close();
    }
  });
});

/** Controls without a name, which none may be. */
const nameless = (page: Page): Promise<string[]> =>
  page.$$eval("button, input, select, progress, canvas[tabindex], [role=img]", (all) =>
    all
      .filter((e) => !(e.getAttribute("aria-label") || (e as HTMLInputElement).labels?.length || e.textContent?.trim()))
      .map((e) => e.outerHTML),
  );

describe("the page of data", () => {
  it("is small", () => {
    expect(site.kB("data.html")).toBeLessThan(455);
  });

  it("learns Yin-Yang, is paused and goes on, says what it makes of a point, and saves what it learnt", async () => {
    const tab = await openTab(browser, `${site.url}data.html`);
    const { page } = tab;
    const answer = (): Promise<string> => text(page, ".answer");
    await waitForText(page, ".progress-text", /^30 epochs of 80 steps$/);
    await fill(page, "Samples trained on", 400);
    await fill(page, "Held-out samples", 100);
    await fill(page, "Epochs", 4);
    await fill(page, "Samples of a step", 401);
    await waitForText(page, ".objection", /^batch expected a whole number from 1 to 400, got 401$/);
    expect(await page.$eval(".transport button.primary", (e) => (e as HTMLButtonElement).disabled)).toBe(true);
    await fill(page, "Samples of a step", 20);
    await waitForText(page, ".progress-text", /^4 epochs of 20 steps$/);
    await waitForText(page, ".readout", /before any step/);
    await waitForText(page, ".answer", /^taken for (yin|yang|dot)/);
    expect(await nameless(page)).toEqual([]);

    const longest = await longestTask(page, async () => {
      await press(page, "Train");
      await pressAfter(page, 5, "Pause");
      await waitForText(page, ".progress-text", /^paused in epoch \d of 4, after step \d+ of 20$/);
      const at = await steps(page);
      // What is looked at meanwhile does not make it go on. The first stop of the figures is the plane.
      await page.focus("canvas.plane");
      const before = await answer();
      await page.keyboard.down("Shift");
      for (let n = 0; n < 6; n++) await page.keyboard.press("ArrowDown");
      await page.keyboard.up("Shift");
      await page.waitForFunction(
        (old) => document.querySelector<HTMLElement>(".answer")!.innerText !== old,
        {},
        before,
      );
      expect(await page.$eval("canvas.plane", (e) => e.getAttribute("aria-label"))).toMatch(/now x 0\.30, y 0\.15$/);
      expect(await steps(page)).toBe(at);
      expect(await page.$eval("fieldset.plain", (e) => (e as HTMLFieldSetElement).disabled)).toBe(true);
      await press(page, "Resume");
      await waitForText(page, ".progress-text", /^finished: 4 epochs$/);
    });
    expect(longest).toBeLessThan(100);
    await waitForText(page, '[data-figure="sample"]', /after epoch 4/);
    const accuracy = await text(page, "[data-accuracy]");
    // Of 100 points; guessing finds a third.
    expect(Number.parseFloat(accuracy)).toBeGreaterThan(60);
    const counts = await page.$$eval(".confusion td", (all) => all.map((e) => Number(e.textContent)));
    expect(counts.reduce((a, b) => a + b)).toBe(100);
    expect(counts[0]! + counts[4]! + counts[8]!).toBeCloseTo(Number.parseFloat(accuracy), 10);
    // A click where the left dot is; the ground is painted inside the disc alone.
    const plane = (await (await page.$("canvas.plane"))!.boundingBox())!;
    await page.mouse.click(plane.x + 0.25 * plane.width, plane.y + 0.5 * plane.height);
    await page.waitForFunction(() => /x 0\.2[45], y 0\.50/.test(document.querySelector("canvas.plane")!.ariaLabel!));
    const alpha = await page.$eval("canvas.plane", (e) => {
      const { width, height } = e as HTMLCanvasElement;
      const { data } = (e as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      return [0.01, 0.5].map((part) => data[4 * (Math.round(part * height) * width + Math.round(part * width)) + 3]!);
    });
    expect(alpha[0]).toBe(0);
    expect(alpha[1]).toBeGreaterThan(0);

    const { name, bytes } = await savedFile(tab, folder, () => press(page, "Trained job (JSON)"));
    expect(name).toBe("saltation-yin-yang-trained.json");
    const job = checkJob(trainDataSchema, JSON.parse(bytes.toString()));
    const { network: definition, options } = await planTrainDataJob(job, {
      open: () => {
        throw new Error("the job names no file");
      },
    });
    const engine = await Engine.create({ backend: "simd", threads: 1 });
    const network = engine.network(definition);
    const test = new Test(network, options.loss, options, options.test!);
    const samples = options.data.batch(Uint32Array.of(0));
    const { accuracy: again } = await test.measure(
      parameterVector(network.gradientPlan({ ...options, seed: 0, samples }, options.loss)),
    );
    engine.dispose();
    // Weights are those of the best epoch, written in full, and the processor of the page is the one of this test.
    const best = `best ${(100 * again!).toFixed(1)} % after epoch`;
    expect(await text(page, ".readout")).toContain(best);

    // What took its place is taken back by Undo; and it is there when the page is opened again.
    await press(page, "Train anew");
    await waitForText(page, ".notice", /^The run begins anew\. 80 steps \(4 epochs\) were done\./);
    await press(page, "Undo");
    await waitForText(page, ".progress-text", /^finished: 4 epochs$/);
    expect(await text(page, "[data-accuracy]")).toBe(accuracy);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await page.reload();
    await waitForText(page, ".progress-text", /^finished: 4 epochs$/);
    await waitForText(page, '[data-figure="sample"]', /after epoch 4/);
    expect(await text(page, "[data-accuracy]")).toBe(accuracy);
    expect(await text(page, ".readout")).toContain(best);
    const { bytes: kept } = await savedFile(tab, folder, () => press(page, "Trained job (JSON)"));
    expect(kept.equals(bytes)).toBe(true);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("goes on however often the device is lost", async () => {
    const tab = await openTab(browser, `${site.url}data.html`);
    const { page } = tab;
    await waitForText(page, ".answer", /^taken for|^no class/);
    const worker = page.workers().find((w) => w.url().includes("worker"))!;
    // Devices that are made from here on can be lost by the test.
    await worker.evaluate(() => {
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = async function (...given) {
        const device = await requestDevice.apply(this, given);
        Object.assign(globalThis, { lose: () => device.destroy() });
        return device;
      };
    });
    const lose = (): Promise<void> => worker.evaluate(() => (globalThis as unknown as { lose(): void }).lose());
    await fill(page, "Samples trained on", 60);
    await fill(page, "Held-out samples", 20);
    await fill(page, "Samples of a step", 20);
    await fill(page, "Epochs", 30);
    await page.select('::-p-aria([name="Computed by"])', "webgpu");
    await waitForText(page, ".progress-text", /^30 epochs of 3 steps$/);
    await waitForText(page, ".readout", /swiftshader/);
    await press(page, "Train");
    for (const epoch of [3, 6, 9]) {
      await page.waitForFunction((n) => document.querySelector("progress")!.value >= 3 * n, { polling: 20 }, epoch);
      await lose();
    }
    await waitForText(page, ".progress-text", /^finished: 30 epochs$/);
    expect(await page.$$(".notice")).toEqual([]);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("trains by a number that was typed just before", async () => {
    const tab = await openTab(browser, `${site.url}data.html`);
    const { page } = tab;
    await fill(page, "Samples trained on", 40);
    await fill(page, "Held-out samples", 10);
    await fill(page, "Samples of a step", 20);
    await waitForText(page, ".progress-text", /^30 epochs of 2 steps$/);
    const field = await page.waitForSelector('::-p-aria([name="Epochs"])');
    // In one turn, so that the pause after which typing is taken is not over.
    await field!.evaluate((e) => {
      (e as HTMLInputElement).value = "3";
      e.dispatchEvent(new Event("input", { bubbles: true }));
      document.querySelector<HTMLButtonElement>(".transport button.primary")!.click();
    });
    await waitForText(page, ".progress-text", /^finished: 3 epochs$/);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("reads digits on a narrow screen, and says what it makes of one that is drawn by keys", async () => {
    const tab = await openTab(browser, `${site.url}data.html`, 360, 740);
    const { page } = tab;
    const open = async (name: string, lines: string): Promise<void> => {
      const file = join(folder, name);
      writeFileSync(file, lines);
      const input = await page.waitForSelector('[aria-label="file of digits"]');
      await (input as ElementHandle<HTMLInputElement>).uploadFile(file);
    };
    await (await page.waitForSelector("input[value=digits]"))!.click();
    await waitForText(page, ".progress-text", /^a file of digits is needed first$/);
    await open("wrong.csv", "1,2,3\n");
    await waitForText(page, ".notice", /wrong\.csv has 3 columns in line 1, and digits have 64 pixels and a label/);
    // Two rows of ink, of which the number tells the place.
    const digit = (n: number): string =>
      [...Array.from({ length: 64 }, (_, i) => (i % 8 === n % 8 || Math.floor(i / 8) === n >> 1 ? 14 : 0)), n].join();
    await open("digits.csv", Array.from({ length: 60 }, (_, s) => digit(s % 10)).join("\n"));
    await waitForText(page, ".drop", /^60 digits of digits\.csv\./);
    await waitForText(page, ".progress-text", /^15 epochs of 1 steps?$/);
    await waitForText(page, ".answer", /^taken for \d|^no class/);
    await press(page, "Train");
    await waitForText(page, ".progress-text", /^finished: 15 epochs$/);
    // Without ink no spike comes in, and all outputs fire together by themselves.
    await press(page, "Clear");
    await waitForText(page, ".answer", /^no class: two are as probable$/);
    await press(page, "Another digit");
    await waitForText(page, ".pad-buttons", /a \d, which no step saw/);
    await waitForText(page, ".answer", /^taken for \d at [\d.]+ ms, [\d.]+ % sure$/);
    await page.focus("canvas.pad");
    for (let n = 0; n < 6; n++) await page.keyboard.press("ArrowDown");
    const ink = (): Promise<string | null> => page.$eval("canvas.pad", (e) => e.ariaLabel);
    const levels: number[] = [];
    for (let n = 0; n < 3; n++) {
      await page.keyboard.press("Space");
      levels.push(Number(/column 4, row 8, ink (\d+) %$/.exec((await ink())!)![1]));
    }
    expect(levels.sort((x, y) => x - y)).toEqual([0, 50, 100]);
    await waitForText(page, ".pad-buttons", /drawn by you/);
    expect(await page.$$(".probabilities li")).toHaveLength(10);
    expect(await nameless(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    const { name, bytes } = await savedFile(tab, folder, () => press(page, "Job (JSON)"));
    expect(name).toBe("saltation-digits.json");
    expect(checkJob(trainDataSchema, JSON.parse(bytes.toString())).data).toEqual({
      file: "digits-training.npz",
      sourceCount: 64,
    });
    expect(tab.troubles).toEqual([]);
    await page.close();
  });
});
