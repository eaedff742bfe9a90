/** The studio as its users meet it: the built site in headless Chromium. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNpz } from "../../src/io/npz.js";
import {
  buildSite,
  fill,
  longestTask,
  openBrowser,
  openTab,
  press,
  ready,
  type Site,
  steps,
  type Tab,
  text,
  waitForText,
} from "./site.js";

let site: Site;
let browser: Browser;
let downloads: string;

beforeAll(async () => {
  site = await buildSite();
  browser = await openBrowser();
  downloads = mkdtempSync(join(tmpdir(), "saltation-studio-"));
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  if (downloads) rmSync(downloads, { recursive: true, force: true });
});

async function open(width?: number, height?: number, hash = ""): Promise<Tab> {
  const tab = await openTab(browser, site.url + hash, width, height);
  await ready(tab.page);
  return tab;
}

/** Presses a button that saves a file, and reads that file. */
async function saved(tab: Tab, act: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const session = await tab.page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", {
    behavior: "allow",
    downloadPath: downloads,
    eventsEnabled: true,
  });
  for (const f of readdirSync(downloads)) rmSync(join(downloads, f));
  const done = new Promise<void>((resolve) => {
    session.on("Browser.downloadProgress", (e) => {
      if (e.state === "completed") resolve();
    });
  });
  await act();
  await done;
  await session.detach();
  const [name] = readdirSync(downloads);
  return { name: name!, bytes: readFileSync(join(downloads, name!)) };
}

const trained = async (tab: Tab, name = "current"): Promise<number> =>
  Number((await text(tab.page, `[data-parameter="${name}"] .big`)).replace("−", "-"));

describe("the studio", () => {
  it("is small", () => {
    expect(site.kB).toBeLessThan(300);
  });

  it("trains figure 1 to its current, paused, stepped and with other paths on the way, and never freezes", async () => {
    const tab = await open();
    const { page } = tab;
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]!.startTime);
    expect(paint).toBeLessThan(1000);
    // Nearer to the end and in larger steps than the authors', so that it takes seconds.
    await fill(page, "current, start", 1.2);
    await fill(page, "Learning rate", 0.006);
    await fill(page, "Steps", 140);
    await fill(page, "Observed trials", 1024);
    await ready(page);
    const longest = await longestTask(page, async () => {
      await press(page, "Train");
      await page.waitForFunction(() => document.querySelector("progress")!.value >= 10, { polling: 20 });
      await press(page, "Pause");
      await waitForText(page, ".progress-text", /paused/);
      const at = await steps(page);
      const value = await trained(tab);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await steps(page)).toBe(at);
      expect(await trained(tab)).toBe(value);
      expect(value).toBeGreaterThan(1.2);
      await press(page, "Step");
      await waitForText(page, ".progress-text", new RegExp(`step ${at + 1} of 140, paused`));
      await press(page, "Resume");
      await page.waitForFunction((n) => document.querySelector("progress")!.value >= n, { polling: 20 }, at + 5);
      await fill(page, "Paths", 64);
      await waitForText(page, ".progress-text", /step 140 of 140, finished/);
    });
    await waitForText(page, '[data-figure="raster"]', /24 of 64 paths/);
    expect(Math.abs((await trained(tab)) - 1.5)).toBeLessThan(0.05);
    expect(longest).toBeLessThan(100);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("exports parameters, trains, job and figures, goes on from what it exported, and shares by link", async () => {
    const tab = await open();
    const { page } = tab;
    await fill(page, "Paths", 32);
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 1 of/);
    await ready(page);
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 2 of/);
    await ready(page);
    const value = await trained(tab);
    const parameters = await saved(tab, () => press(page, "Parameters (JSON)"));
    expect(parameters.name).toBe("saltation-figure1-parameters.json");
    const exported = JSON.parse(parameters.bytes.toString());
    expect(exported.step).toBe(2);
    expect(exported.parameters.current).toBeCloseTo(value, 3);

    const trains = await saved(tab, () => press(page, "Trains (npz)"));
    const arrays = readNpz(trains.bytes);
    expect(arrays.spike_times!.shape).toEqual([32, 3]);
    expect(arrays.spike_counts!.data.every((n) => n <= 3)).toBe(true);

    const job = JSON.parse((await saved(tab, () => press(page, "Job (JSON)"))).bytes.toString());
    expect(job.observed.times).toHaveLength(128);
    expect(job.trainable).toEqual(["current"]);

    const svg = (await saved(tab, () => page.click('[aria-label="save “Spikes” as SVG"]'))).bytes.toString();
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    // A stroke for each spike of the paths that the raster shows: the first of the same trains.
    const marks = [...svg.matchAll(/<path d="(M[^"]*V[^"]*)" stroke="#0b6fae"/g)].map(
      (m) => m[1]!.split("M").length - 1,
    );
    expect(marks[0]).toBe([...arrays.spike_counts!.data].slice(0, 24).reduce((a, b) => a + b, 0));
    const png = (await saved(tab, () => page.click('[aria-label="save “Loss” as PNG"]'))).bytes;
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect(png.readUInt32BE(16)).toBeGreaterThan(400);

    await page.bringToFront();
    await press(page, "Share by link");
    await page.waitForFunction(() => location.hash.startsWith("#job="));
    const hash = await page.evaluate(() => location.hash);
    expect(hash.length).toBeLessThan(1500);
    const shared = await open(1280, 900, hash);
    expect(await shared.page.$eval('::-p-aria([name="Paths"])', (e) => (e as HTMLInputElement).value)).toBe("32");

    // The other tab goes on where this one stood; this one is untouched by it.
    const input = await shared.page.$('[aria-label="file to open"]');
    await (input as unknown as { uploadFile(file: string): Promise<void> }).uploadFile(
      await writeDownload("again.json", parameters.bytes),
    );
    await waitForText(shared.page, ".progress-text", /step 2 of 1500, paused/);
    expect(await trained(shared)).toBe(value);
    await ready(shared.page);
    await press(shared.page, "Step");
    await waitForText(shared.page, ".progress-text", /step 3 of 1500, paused/);
    const third = await trained(shared);
    await shared.page.close();
    await page.bringToFront();
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 3 of 1500, paused/);
    expect(await trained(tab)).toBe(third);
    expect([...tab.troubles, ...shared.troubles]).toEqual([]);
    await page.close();
  });
});

async function writeDownload(name: string, bytes: Buffer): Promise<string> {
  const { writeFileSync } = await import("node:fs");
  const file = join(downloads, name);
  writeFileSync(file, bytes);
  return file;
}
