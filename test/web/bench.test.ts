/** The bench's page as its users meet it: what it shows and saves, not how fast anything is. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, ElementHandle, Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readReport } from "../../src/suites/read-report.js";
import { type SuiteName, suiteNames } from "../../src/suites/suite-names.js";
import { buildSite, openBrowser, openTab, press, type Site, savedFile, text, waitForText } from "./site.js";

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
    expect(site.kB("bench.html")).toBeLessThan(530);
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
