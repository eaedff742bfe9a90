/** The studio as its users meet it: the built site in headless Chromium. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, ElementHandle, Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openNpz } from "../../src/files/npz.js";
import { writeSpikeParquet } from "../../src/files/spike-parquet.js";
import { checkJob } from "../../src/job/check-job.js";
import { trainSchema } from "../../src/job/job.js";
import { stepSeed } from "../../src/train/train.js";
import { makeNwb } from "../support/hdf5.js";
import { readNpz } from "../support/npz.js";
import {
  buildSite,
  fill,
  longestTask,
  openBrowser,
  openTab,
  press,
  pressAfter,
  ready,
  type Site,
  savedFile,
  steps,
  type Tab,
  text,
  timeToPaint,
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

/** On the processor, as there is no GPU but the software adapter, which is to be asked for. */
async function open(width?: number, height?: number, hash = ""): Promise<Tab> {
  const tab = await openTab(browser, site.url + hash, width, height);
  await ready(tab.page);
  return tab;
}

const saved = (tab: Tab, act: () => Promise<void>) => savedFile(tab, downloads, act);

const trained = async (tab: Tab, name = "current"): Promise<number> =>
  Number((await text(tab.page, `[data-parameter="${name}"] .big`)).replace("−", "-"));

describe("the studio", () => {
  it("is small", () => {
    expect(site.kB("index.html")).toBeLessThan(510);
  });

  it("paints after less than a second of work, from an empty cache", async () => {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    const work = await timeToPaint(page, async () => {
      await page.goto(site.url);
      await ready(page);
    });
    expect(work).toBeGreaterThan(0);
    expect(work).toBeLessThan(1000);
    await context.close();
  });

  it("trains figure 1 to its current, paused, stepped and with other paths on the way, and never freezes", async () => {
    const tab = await open();
    const { page } = tab;
    // Nearer to the end and in larger steps than the authors', so that it takes seconds.
    await fill(page, "current, start", 1.2);
    await fill(page, "Learning rate", 0.006);
    await fill(page, "Steps", 140);
    await fill(page, "Observed trials", 1024);
    await ready(page);
    const longest = await longestTask(page, async () => {
      await press(page, "Train");
      await pressAfter(page, 10, "Pause");
      await waitForText(page, ".progress-text", /paused/);
      const at = await steps(page);
      const value = await trained(tab);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await steps(page)).toBe(at);
      expect(await trained(tab)).toBe(value);
      expect(value).toBeGreaterThan(1.2);
      await press(page, "Step");
      await waitForText(page, ".progress-text", new RegExp(`step ${at + 1} of 140, paused`));
      // A number that is refused on the way leaves the run where it stands.
      await fill(page, "Steps", 0);
      await waitForText(page, ".objection", /steps/);
      await fill(page, "Steps", 140);
      await ready(page);
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

    const spikes = await saved(tab, () => press(page, "Trains (npz)"));
    const arrays = readNpz(spikes.bytes);
    expect(arrays.spike_times!.shape).toEqual([32, 3]);
    expect(arrays.spike_counts!.data.every((n) => n <= 3)).toBe(true);
    expect(openNpz(spikes.bytes).text("time_unit")).toBe("s");

    const job = JSON.parse((await saved(tab, () => press(page, "Job (JSON)"))).bytes.toString());
    expect(checkJob(trainSchema, job).paths).toBe(32);
    expect(job.observed).toEqual({ simulate: { paths: 128, seed: 2, current: 1.5 } });

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
    await upload(shared.page, "again.json", parameters.bytes);
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

describe("the studio, used", () => {
  it("takes the numbers that a job may hold, and says at the field and at the button what is wrong with others", async () => {
    const tab = await open();
    const { page } = tab;
    /** What is said at a field and beside the button, for a value that is refused. */
    const refuses = async (label: string, value: string | number, field: string, message: RegExp): Promise<void> => {
      await fill(page, label, value);
      await waitForText(page, ".objection", new RegExp(`^${field} ${message.source}$`));
      const id = await page.$eval(`::-p-aria([name="${label}"])`, (e) => e.getAttribute("aria-describedby"));
      expect(await text(page, `[id="${id}"]`)).toMatch(message);
      expect(await page.$eval(".transport button.primary", (e) => (e as HTMLButtonElement).disabled)).toBe(true);
      expect(await page.$eval(".transport button.primary", (e) => e.getAttribute("aria-describedby"))).toBe(
        await page.$eval(".objection", (e) => e.id),
      );
    };
    const steps = /expected a whole number from 1 to 2147483648, got/;
    await refuses("Steps", 0, "steps", new RegExp(`${steps.source} 0`));
    await refuses("Steps", -1, "steps", new RegExp(`${steps.source} -1`));
    await refuses("Steps", "1e12", "steps", new RegExp(`${steps.source} 1000000000000`));
    expect(await text(page, ".progress-text")).toBe("step 0");
    await refuses("Steps", "many", "steps", /expected a finite number, got "many"/);
    await fill(page, "Steps", 1500, "key by key");
    await refuses("current, true value", "x", "observed.truth.current", /expected a finite number, got "x"/);
    await fill(page, "current, true value", 1.5);
    await refuses("Observed trials", 0, "observed.paths", /expected a whole number from 1 to 65536, got 0/);
    await refuses("Observed trials", 65537, "observed.paths", /expected a whole number from 1 to 65536, got 65537/);
    await fill(page, "Observed trials", 8);
    await refuses("Learning rate", 0, "optimiser.learningRate", /expected a number above 0, got 0/);
    await fill(page, "Learning rate", 0.003);
    await refuses("Spikes compared", 0.5, "loss.spikes", /expected a whole number from 1 to 1048576, got 0.5/);
    await fill(page, "Spikes compared", 3);
    await ready(page);
    await refuses("Paths", 0, "paths", /expected a whole number from 1 to 4194304, got 0/);
    await fill(page, "Paths", 16);
    await ready(page);
    expect(await page.$$(".objection, .field-error, .notice")).toEqual([]);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("says that a run failed, until one goes again, and refuses broken parameters when they are opened", async () => {
    const tab = await open();
    const { page } = tab;
    const spoken = '[role="status"][aria-live="polite"]';
    await fill(page, "Paths", 16);
    await page.click('[aria-label="train tauS"]');
    // Where it starts from is no longer what trains are drawn with.
    await fill(page, "tauS, start", 0.9);
    await fill(page, "Learning rate", 10);
    await ready(page);
    await waitForText(page, '[data-parameter="tauS"]', /0\.9000\s+s, true 1\.000/);
    await press(page, "Train");
    await waitForText(page, ".notice", /Training stopped.*parameter tauS became -.* in training, but must be above 0/);
    await waitForText(page, spoken, /^Training stopped after \d of 1500 steps\.$/);
    await page.click('[aria-label="train tauS"]');
    await fill(page, "tauS, true value", 1.1);
    await fill(page, "Steps", 2);
    await ready(page);
    await press(page, "Train");
    await waitForText(page, ".progress-text", /step 2 of 2, finished/);
    expect(await page.$$(".notice")).toEqual([]);
    await fill(page, "Steps", 1);
    await waitForText(page, ".progress-text", /^step 2, finished: 1 asked$/);
    await fill(page, "Steps", 2);
    await waitForText(page, ".progress-text", /^step 2 of 2, finished$/);
    await waitForText(page, ".figures[aria-busy=false]", /./);
    const { bytes } = await saved(tab, () => press(page, "Parameters (JSON)"));
    expect(JSON.parse(bytes.toString()).document.observed.truth).toEqual({ current: 1.5, tauS: 1.1 });
    const { checksum: _, ...exported } = JSON.parse(bytes.toString());
    const broken = { ...exported, checkpoint: { step: 5 } };
    await upload(page, "broken.json", JSON.stringify(broken));
    await waitForText(page, ".notice", /^broken\.json could not be read\. checkpoint\.version: is missing; expected 2/);
    expect(await text(page, ".progress-text")).toBe("step 2 of 2, finished");
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("shows nothing of a run that is gone", async () => {
    const tab = await open();
    const { page } = tab;
    const gone = async (): Promise<void> => {
      expect(await text(page, ".progress-text")).toMatch(/^step 0/);
      expect(await text(page, ".readout")).toMatch(/Loss\s+–\s+Speed\s+–/);
    };
    await fill(page, "current, start", 1.3);
    await fill(page, "Paths", 2048);
    await ready(page);
    await press(page, "Train");
    await pressAfter(page, 2, "Pause");
    await waitForText(page, ".progress-text", /paused/);
    await waitForText(page, '[data-figure="raster"]', /end at spike 3/);
    // A change that the run goes on with leaves it its numbers, and what it began from.
    await fill(page, "Steps", 1000);
    await ready(page);
    await waitForText(page, ".readout", /Loss\s+[\d.]+/);
    // One that begins it anew, and is refused.
    await fill(page, "Observed trials", 0);
    await waitForText(page, ".objection", /observed.paths/);
    await gone();
    expect(await trained(tab)).toBe(1.3);
    expect(await text(page, '[data-figure="raster"]')).not.toMatch(/end at spike/);
    await fill(page, "Observed trials", 8);
    await ready(page);
    await press(page, "Train");
    await page.waitForFunction(() => document.querySelector("progress")!.value >= 2, { polling: 20 });
    await page.click('input[value="recording"]');
    await waitForText(page, ".objection", /A recording is needed first/);
    // A step of 2048 paths takes longer than progress waits: it comes with every step, also with the last.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await gone();
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("refuses parameters that a cell wants above 0, and names those that equations divide by", async () => {
    const tab = await open();
    const { page } = tab;
    await fill(page, "tauS, start", 0);
    await waitForText(page, ".field-error", /^expected a number above 0, got 0$/);
    await page.click('input[value="equations"]');
    await fill(page, "tauS, start", 0);
    await waitForText(
      page,
      ".objection",
      /became infinite or NaN.*the equations divide by tauS, which should not be 0/,
    );
    await fill(page, "tauS, start", 1);
    await ready(page);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("fits a recording that is dropped on it", async () => {
    const tab = await open();
    const { page } = tab;
    await page.click('input[value="recording"]');
    await waitForText(page, ".drop", /Drop a recording here/);
    const trials = Array.from({ length: 5 }, (_, k) => [21 + k, 63 - k, 110 + 2 * k, 149]);
    await drop(page, "cell.json", trials);
    await waitForText(page, ".drop", /cell\.json/);
    await ready(page);
    await fill(page, "Paths", 32);
    // So many that it does not end before it is paused.
    await fill(page, "Steps", 50_000);
    await ready(page);
    await waitForText(page, '[data-figure="raster"]', /5 of 5 trials/);
    expect(await page.$$('[data-hint="observed"]')).toEqual([]);
    // Of 20 spikes in 5 trials of 200 ms; the axes have the units of the command line's figures.
    const figure = async (name: string): Promise<string> =>
      (await saved(tab, () => page.click(`[aria-label="save “${name}” as SVG"]`))).bytes.toString();
    expect(await figure("Voltage")).toContain(">v (mV)<");
    expect(await figure("Hazard")).toContain(">λ (1/s)<");
    const histogram = await figure("When it fires");
    expect(histogram).toContain(">rate (1/s)<");
    // A bin of 200 / 60 ms in which 4 of the 5 trials fire.
    expect(histogram).toMatch(/text-anchor="end"[^>]*>200</);
    await press(page, "Train");
    await pressAfter(page, 10, "Pause");
    await waitForText(page, ".readout", /Loss\s+[\d.−]+\s+from [\d.−]+/);
    const [now, first] = (await text(page, ".readout"))
      .match(/Loss\s+([\d.−]+)\s+from ([\d.−]+)/)!
      .slice(1)
      .map((n) => Number(n.replace("−", "-")));
    expect(now!).toBeLessThan(first!);
    expect(await trained(tab, "gain")).not.toBe(40);
    const parameters = await saved(tab, () => press(page, "Parameters (JSON)"));
    const { step } = JSON.parse(parameters.bytes.toString());
    // Another experiment and back: the recording is still there, and the run where it stood.
    await page.click('input[value="figure1"]');
    await page.click('input[value="recording"]');
    await ready(page);
    await waitForText(page, ".drop", /cell\.json/);
    expect(await text(page, ".progress-text")).toBe(`step ${step} of 50000, paused`);
    // Another recording does not take its place without a word.
    await drop(page, "other.json", trials);
    await waitForText(
      page,
      ".question",
      new RegExp(`other.json would take the place of your work .*${step} of 50000 steps`),
    );
    expect(await page.evaluate(() => document.activeElement!.textContent)).toBe("Keep mine");
    await page.keyboard.press("Escape");
    await waitForText(page, ".drop", /cell\.json/);
    await drop(page, "other.json", trials);
    await press(page, "Replace it");
    await ready(page);
    // Its parameters wait for it, whatever else is there.
    await upload(page, "parameters.json", parameters.bytes);
    await waitForText(page, ".objection", /The recording cell\.json is needed first/);
    expect(await page.$eval(".transport button.primary", (e) => (e as HTMLButtonElement).disabled)).toBe(true);
    await drop(page, "cell.json", trials);
    await ready(page);
    await waitForText(page, ".progress-text", new RegExp(`step ${step} of 50000, paused`));
    await drop(page, "cell.json", [[21, 63], [9999], []]);
    await press(page, "Replace it");
    await waitForText(page, '[data-hint="observed"]', /1 of 3 spikes outside.*2 of 3 trials/s);
    await waitForText(page, '[role="status"][aria-live="polite"]', /cell\.json was read.*1 of 3 spikes outside/);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("opens NWB and Parquet, whose readers come with the first of them", async () => {
    const tab = await open();
    const { page } = tab;
    await page.click('input[value="recording"]');
    await upload(page, "cell.nwb", await makeNwb());
    await waitForText(page, ".recording", /cell\.nwb.*3 lists.*stimulus\/presentation\/current \(nA\) \(4000\)/s);
    await waitForText(page, ".recording", /units, neuron 7 \(ms\) \(1 trials\)/);
    await ready(page);
    const trains = {
      times: Float64Array.of(0.02, 0.1),
      neurons: undefined,
      starts: Int32Array.of(0, 1, 2),
      timeUnit: "s",
    };
    await upload(page, "cell.parquet", await writeSpikeParquet(trains));
    await waitForText(page, ".recording", /cell\.parquet.*spikes.* \(ms\) \(2 trials\)/s);
    // Cut off: in one line, and what was there stays.
    await upload(page, "cut.nwb", (await makeNwb()).slice(0, 3000));
    await waitForText(page, "body", /recording: cut\.nwb .+/);
    await waitForText(page, ".recording", /cell\.parquet/);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("trains the weights of figure 2, and shows any neuron of the network", async () => {
    const tab = await open();
    const { page } = tab;
    await page.click('input[value="figure2"]');
    await waitForText(page, ".parameters", /drawn from 0 to 1/);
    await fill(page, "Observed trials", 64);
    await fill(page, "Paths", 16);
    await ready(page);
    await waitForText(page, '[data-parameter="weights"]', /mean over 96/);
    const before = await trained(tab, "weights");
    // |U(0, 1) - U(0.5, 1.5) · 3/n| over n = 4 and 16 is 0.356 in the mean of 96, give or take 0.026.
    expect(before).toBeGreaterThan(0.28);
    expect(before).toBeLessThan(0.43);
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 1 of 1500, paused/);
    expect(await trained(tab, "weights")).not.toBe(before);
    const label = (): Promise<string | null> =>
      page.$eval('[data-figure="raster"] .chart', (e) => e.getAttribute("aria-label"));
    const last = await label();
    await page.select('::-p-aria([name="Neuron"])', "0");
    await page.waitForFunction(
      (old) => document.querySelector('[data-figure="raster"] .chart')!.getAttribute("aria-label") !== old,
      { polling: 50 },
      last,
    );
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("opens a job of the command line: takes what it can, says what it cannot, and gives it back whole", async () => {
    const tab = await open();
    const { page } = tab;
    const job = {
      network: { cell: "slif", layers: [1, 1], weights: { layers: [[[1.2]]] } },
      input: { current: [1.4, 0.6] },
      time: { t1: 12, dt: 0.01 },
      paths: 16,
      observed: { simulate: { paths: 16, current: [1.6, 0.6], dt: 0.02, maxSpikes: 40 } },
      loss: { kind: "signature-mmd", unbiased: false, solver: { kind: "truncated", depth: 2 } },
      trainable: ["current"],
      optimiser: { kind: "adam", learningRate: 0.01 },
      steps: 5,
      test: { paths: 16, depth: 2 },
      checkpoint: "run.json",
    };
    await upload(page, "job.json", JSON.stringify(job));
    await waitForText(page, ".notice", /checkpoint is not written here/);
    await waitForText(page, '[data-hint="not-taken"]', /Not measured here: test of this job/);
    await ready(page);
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 1 of 5, paused/);
    // Traces follow the whole run of 1,200 steps, of the neuron that is chosen.
    const trace = (): Promise<string | null> =>
      page.$eval('[data-figure="voltage"] .chart', (e) => e.getAttribute("aria-label"));
    expect(await trace()).toMatch(/^v along 3 generated paths of neuron 2 from 0 to 12 /);
    await page.select('::-p-aria([name="Neuron"])', "0");
    await page.waitForFunction(
      () => /neuron 1/.test(document.querySelector('[data-figure="voltage"] .chart')!.getAttribute("aria-label")!),
      { polling: 50 },
    );
    const exported = JSON.parse((await saved(tab, () => press(page, "Job (JSON)"))).bytes.toString());
    const { checkpoint: _, ...taken } = job;
    const seed = stepSeed(0, 0x80000000);
    expect(exported).toEqual({ ...taken, observed: { simulate: { ...job.observed.simulate, seed } } });
    // A loss that jumps within the interval is told beside the curves, and one that does not is not.
    await waitForText(
      page,
      ".figures .mean-verdict",
      /may be biased.*"signature-mmd": it jumps where spikes of two neurons change places/s,
    );
    // Its other losses.
    for (const kind of ["signature-score", "van-rossum", "log-likelihood"]) {
      await page.select('::-p-aria([name="Loss"])', kind);
      await waitForText(page, ".progress-text", /step 0 of 5/);
      await ready(page);
      await press(page, "Step");
      await waitForText(page, ".progress-text", /step 1 of 5, paused/);
      await waitForText(page, ".readout", /Loss\s+[\d.−·⁻⁰¹²³⁴-⁹]+/);
      // Of two neurons, whose spikes may change places, signatures are told.
      const told = kind === "signature-score" ? 1 : 0;
      expect((await page.$$(".mean-verdict:not([data-warning])")).length).toBe(told);
    }
    // A fit by likelihood is judged, or it is said why not.
    await press(page, "How well do the data determine it?");
    await waitForText(page, ".confidence table", /current\[0\].*current\[1\]/s);
    const row = await text(page, '[data-fitted="current[0]"]');
    const [value, error] = row
      .match(/\d+(\.\d+)?/g)!
      .slice(1)
      .map(Number);
    expect(error).toBeGreaterThan(0);
    expect(Math.abs(value! - 1.6)).toBeLessThan(1);
    await waitForText(page, '[data-figure="rescaling"]', /Time rescaling of \d+ intervals: D 0\.\d+/);
    await press(page, "Profile likelihoods");
    await waitForText(page, ".confidence thead", /by profile/);
    await waitForText(page, '[data-figure="profile-current[0]"]', /95 %/);
    expect(await text(page, '[data-fitted="current[1]"]')).toMatch(/\d to [\d.]+\s+[\d.]+ to [\d.]+$/);
    const plot = await saved(tab, () => page.click('[data-figure="rescaling"] .save button'));
    expect(plot.bytes.toString()).toMatch(/^<svg/);
    // It is of the values at which the run rests.
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 2 of 5, paused/);
    await page.waitForFunction(() => !document.querySelector(".confidence table"), { polling: 50 });
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("checks equations as they are typed, and trains what they mean", async () => {
    const tab = await open();
    const { page } = tab;
    await page.click('input[value="equations"]');
    await waitForText(page, ".verdict", /Gradients are exact/);
    await fill(page, "dv/dt =", "mu * (I - a - v) + oops", "key by key");
    await waitForText(page, ".equation .field-error", /oops/);
    expect(await page.$eval("#equation-state-v", (e) => e.getAttribute("aria-invalid"))).toBe("true");
    expect(await page.$eval(".transport button.primary", (e) => (e as HTMLButtonElement).disabled)).toBe(true);
    // Reset to a value: the noise in the voltage would be lost, and gradients would not be exact.
    // By name: the name is there once it is added, and goes with its button.
    await fill(page, "name of a new named expression", "pull");
    await press(page, "Add named expression");
    await fill(page, "pull =", "mu * (I - a - v)");
    await fill(page, "dv/dt =", "pull");
    await waitForText(page, ".verdict", /Gradients are exact/);
    await fill(page, "dv/dt =", "mu * (I - a - v)");
    await page.click('button[aria-label="remove the named expression pull"]');
    await fill(page, "v after its spike", "0");
    await waitForText(page, ".verdict", /jump and noise commute is violated/);
    // What is shown is of the equations before, and says so.
    await waitForText(page, ".figures .before", /as it stands it cannot run/);
    await waitForText(page, ".objection", /not exact; change it, or allow inexact gradients below/);
    await fill(page, "v after its spike", "v - vReset");
    await waitForText(page, ".verdict", /Gradients are exact/);
    await fill(page, "Paths", 32);
    await ready(page);
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 1 of 500, paused/);
    expect(await trained(tab)).toBeGreaterThan(1.2);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("takes a cell of several events: each is edited, renamed and removed, what follows shows, and a link holds it", async () => {
    const tab = await open();
    const { page } = tab;
    await page.click('input[value="refractory"]');
    await fill(page, "Paths", 32);
    await ready(page);
    await waitForText(page, '[data-hint="located"]', /condition 0, at t - last = tRef/);
    const generated = (): Promise<number> =>
      page.$eval('[data-figure="raster"] .chart', (e) =>
        Number(/generated, (\d+) spikes/.exec(e.getAttribute("aria-label")!)![1]),
      );
    /** Waits until figures show what was edited. */
    const fires = async (few: boolean, than: number): Promise<void> => {
      await page.waitForFunction(
        (less, n) => {
          const label = document.querySelector('[data-figure="raster"] .chart')!.getAttribute("aria-label")!;
          const spikes = Number(/generated, (\d+) spikes/.exec(label)![1]);
          return less ? spikes < n : spikes > n;
        },
        { polling: 50 },
        few,
        than,
      );
    };
    const many = await generated();
    await fill(page, "v after firing", "-3");
    await fires(true, many);
    await fill(page, "name of firing", "discharge");
    await page.waitForSelector("#equation-events-discharge-when");
    // What is wrong with an event stands at its field, and beside the button.
    await fill(page, "v after discharge", "0 +");
    await waitForText(page, ".equation .field-error", /./);
    expect(await page.$eval("#equation-events-discharge-jump-v", (e) => e.getAttribute("aria-invalid"))).toBe("true");
    await waitForText(page, ".objection", /^cell\.events\.discharge\.jump\.v/);
    await fill(page, "v after discharge", "0");
    await ready(page);
    const again = await generated();
    expect(again).toBeGreaterThan(many - 1);
    // Another event, which ends paths at half of the time.
    await fill(page, "name of a new event", "end");
    await press(page, "Add event");
    await fill(page, "end happens when this rises through 0", "t - 1");
    await page.click("::-p-aria([name='end ends the path'])");
    await fires(true, again);
    await fill(page, "Spikes compared", 40);
    await ready(page);
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 1 of 200, paused/);
    // Paths end before the last of the spikes that are compared.
    await waitForText(page, '[data-warning="training"]', /none of 32 paths had spike \d/);
    await waitForText(page, ".estimate", /Gradient by estimator (pathwise|horizon): /);
    await page.bringToFront();
    await press(page, "Share by link");
    await page.waitForFunction(() => location.hash.startsWith("#job="));
    const shared = await open(1280, 900, await page.evaluate(() => location.hash));
    expect(await shared.page.$eval("#equation-events-end-when", (e) => (e as HTMLTextAreaElement).value)).toBe("t - 1");
    await shared.page.close();
    await page.bringToFront();
    // A step that is too large for such a cell is told beside its figures.
    for (const part of await page.$$("details")) await part.evaluate((e) => ((e as HTMLDetailsElement).open = true));
    await fill(page, "Time step", 0.5);
    await waitForText(page, '[data-warning="step"]', /^The time step 0\.5 is too large: /);
    await fill(page, "Time step", 0.01);
    await page.waitForFunction(() => !document.querySelector('[data-warning="step"]'), { polling: 50 });
    await page.click('button[aria-label="remove the event end"]');
    await fires(false, again - 1);
    expect(
      await page.$eval('button[aria-label="remove the event discharge"]', (e) => (e as HTMLButtonElement).disabled),
    ).toBe(true);
    await press(page, "Undo");
    await page.waitForSelector("#equation-events-end-when");
    expect([...tab.troubles, ...shared.troubles]).toEqual([]);
    await page.close();
  });

  it("keeps equations and runs when others are chosen, when the page is loaded again, and by Undo", async () => {
    const tab = await open();
    const { page } = tab;
    await fill(page, "Paths", 32);
    await ready(page);
    await press(page, "Step");
    await waitForText(page, ".progress-text", /step 1 of 1500, paused/);
    await ready(page);
    const value = await trained(tab);
    await page.click('input[value="equations"]');
    await waitForText(page, ".verdict", /Gradients are exact/);
    await fill(page, "dv/dt =", "mu * (2 * I - a - v)");
    // A typo leaves the values of parameters where they are.
    await fill(page, "da/dt =", "-muA * oops");
    await waitForText(page, ".equation .field-error", /oops/);
    expect(await page.$eval('[aria-label="muA, start"]', (e) => (e as HTMLInputElement).value)).toBe("2");
    await fill(page, "da/dt =", "-muA * a");
    await waitForText(page, ".verdict", /Gradients are exact/);
    const stands = async (): Promise<void> => {
      await ready(page);
      expect(await page.$eval("#equation-state-v", (e) => (e as HTMLTextAreaElement).value)).toBe(
        "mu * (2 * I - a - v)",
      );
      // The list by key, as a slip may do.
      await page.focus('input[value="equations"]');
      for (let n = 0; n < 3; n++) await page.keyboard.press("ArrowUp");
      await ready(page);
      await waitForText(page, ".progress-text", /step 1 of 1500, paused/);
      expect(await trained(tab)).toBe(value);
      await page.click('input[value="equations"]');
      await ready(page);
    };
    await stands();
    await page.reload();
    await stands();
    await page.click('input[value="figure1"]');
    await ready(page);
    await press(page, "Reset");
    await waitForText(page, ".notice", /The run begins anew. It had made 1 step\./);
    await ready(page);
    await press(page, "Undo");
    await waitForText(page, ".progress-text", /step 1 of 1500, paused/);
    expect(await trained(tab)).toBe(value);
    expect(await page.$$(".notice")).toEqual([]);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("goes on from the last step however often the device is lost, and says so", async () => {
    const tab = await open(undefined, undefined, "?backend=webgpu");
    const { page } = tab;
    await waitForText(page, ".adapter", /swiftshader/);
    const lose = (): Promise<void> =>
      page.evaluate(() =>
        (globalThis as unknown as { saltationStudio: { loseDevice(): Promise<void> } }).saltationStudio.loseDevice(),
      );
    await fill(page, "Paths", 32);
    await ready(page);
    await press(page, "Train");
    await page.waitForFunction(() => document.querySelector("progress")!.value >= 5, { polling: 20 });
    // Again and again before the programs of the next step are compiled, too.
    for (let n = 0; n < 3; n++) {
      // What is said of the loss before is not taken for what is said of this one.
      if (n > 0) await press(page, "Dismiss");
      await lose();
      await waitForText(page, '.notice[role="alert"]', /GPU device was lost.*goes on from its last step, number \d+/s);
    }
    const from = Number(/number (\d+)/.exec(await text(page, '.notice[role="alert"]'))![1]);
    expect(from).toBeGreaterThanOrEqual(5);
    await pressAfter(page, from + 5, "Pause");
    await waitForText(page, ".progress-text", /paused/);
    // The curve has every step once.
    const svg = (await saved(tab, () => page.click('[aria-label="save “Loss” as SVG"]'))).bytes.toString();
    const curve = /<path d="(M[^"]*)" stroke="#0b6fae"/.exec(svg)![1]!;
    expect(curve.match(/[ML]/g)).toHaveLength(await steps(page));
    // While it rests, too.
    const at = await steps(page);
    await press(page, "Dismiss");
    await lose();
    await waitForText(page, '.notice[role="alert"]', new RegExp(`goes on from its last step, number ${at}`));
    await press(page, "Step");
    await waitForText(page, ".progress-text", new RegExp(`step ${at + 1} of 1500, paused`));
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("fits narrow screens, and follows when the window changes", async () => {
    const tab = await open(360, 740);
    const { page } = tab;
    const width = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);
    const chart = (): Promise<number> =>
      page.$eval('[data-figure="loss"] canvas', (e) => e.getBoundingClientRect().width);
    expect(await width()).toBe(360);
    const narrow = await chart();
    expect(narrow).toBeLessThan(340);
    for (const part of await page.$$("details")) await part.evaluate((e) => ((e as HTMLDetailsElement).open = true));
    expect(await width()).toBe(360);
    await page.setViewport({ width: 1280, height: 900 });
    await page.waitForFunction(
      (n) => document.querySelector('[data-figure="loss"] canvas')!.getBoundingClientRect().width > n + 50,
      { polling: 50 },
      narrow,
    );
    expect(await width()).toBe(1280);
    expect(tab.troubles).toEqual([]);
    await page.close();
  });

  it("is operable by key, with a name on every control", async () => {
    const tab = await open();
    const { page } = tab;
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>("button, input, select, textarea, summary")]
        .filter((e) => !(e.getAttribute("aria-label") || e.labels?.length || e.textContent?.trim()))
        .map((e) => e.outerHTML),
    );
    expect(nameless).toEqual([]);
    // The first stop leads past the settings.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement!.textContent)).toBe("Train");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await waitForText(page, ".progress-text", /step 1 of 1500, paused/);
    await waitForText(page, '[role="status"][aria-live="polite"]', /Paused after 1 of 1500 steps: I 0\.\d+/);
    // The button kept the focus while it could not be pressed.
    await page.keyboard.press("Space");
    await waitForText(page, ".progress-text", /step 2 of 1500, paused/);
    await page.close();
  });

  it("refuses links that hold something else, and runs nothing of them", async () => {
    const { toHash } = await import("../../web/src/model/link.js");
    const hostile = {
      version: 1,
      experiment: "equations",
      job: {
        network: {
          cell: {
            name: "x",
            state: { v: "alert(1)", s: "(()=>{globalThis.pwned=1})()" },
            event: "s",
            parameters: {},
          },
        },
        time: { t1: 1, dt: 0.1 },
        paths: 1,
        loss: { kind: "first-spikes" },
        trainable: ["current"],
        optimiser: { kind: "sgd", learningRate: 1 },
        steps: 1,
      },
      observed: { kind: "simulated", paths: 1, seed: 1, truth: {} },
      units: { time: "<img src=x onerror=alert(1)>" },
    };
    const tab = await openTab(browser, site.url + (await toHash(JSON.stringify(hostile))));
    await waitForText(tab.page, ".field-error, .verdict", /alert/);
    const broken = await openTab(browser, `${site.url}#job=AAAA`);
    await waitForText(
      broken.page,
      ".notice",
      /The link could not be read. It is cut or altered; copy the whole of it again/,
    );
    for (const hash of ["#job=%%%", "#job=AAA", await toHash("{not a document")]) {
      await press(broken.page, "Dismiss");
      await broken.page.evaluate((h) => {
        location.hash = h;
      }, hash);
      await waitForText(broken.page, ".notice", /The link could not be read. It is cut or altered/);
    }
    await ready(broken.page);
    const other = await openTab(browser, site.url + (await toHash('{"version":1,"experiment":"figure1"}')));
    await waitForText(other.page, ".notice", /The link could not be read.*job/);
    expect([...tab.troubles, ...broken.troubles, ...other.troubles]).toEqual([]);
    for (const t of [tab, broken, other]) await t.page.close();
  });

  it("computes on the processor where there is no WebGPU, and says so", async () => {
    const plain = await openBrowser(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]);
    try {
      const { page, troubles } = await openTab(plain, site.url);
      await waitForText(page, ".no-gpu", /No GPU here. The processor computes/);
      await page.click(".no-gpu summary");
      await waitForText(page, ".no-gpu", /found no graphics adapter.*Chrome and Edge 113.*--enable-unsafe-webgpu/s);
      // The network, of which a million paths take long enough on any machine.
      await page.click('input[value="figure2"]');
      await fill(page, "Paths", 8);
      await ready(page);
      await waitForText(page, ".adapter", /WebAssembly SIMD/);
      await press(page, "Step");
      await waitForText(page, ".progress-text", /step 1 of \d+, paused/);
      await ready(page);
      // What takes minutes is said to be under way, and can be ended in the middle of it.
      await fill(page, "Paths", 2 ** 20);
      await press(page, "Step");
      await waitForText(page, ".waiting", /^Step 2 is under way, for which programs are compiled, for \d+\ss\./);
      await press(page, "Stop");
      await waitForText(page, ".notice", /^Stopped\. .*The run stands at step 1\./);
      await fill(page, "Paths", 8);
      await ready(page);
      await press(page, "Step");
      await waitForText(page, ".progress-text", /step 2 of \d+, paused/);
      await ready(page);
      expect(troubles).toEqual([]);
      // Parameters that are opened go on.
      const { bytes } = await saved({ page, troubles }, () => press(page, "Parameters (JSON)"));
      const second = await openTab(plain, site.url);
      await ready(second.page);
      await upload(second.page, "parameters.json", bytes);
      await second.page.waitForFunction(() => document.querySelector<HTMLInputElement>(".paths input")!.value === "8");
      await waitForText(second.page, ".progress-text", /step 2 of \d+, paused/);
    } finally {
      await plain.close();
    }
  });
});

/** Drops a recording of 200 ms on the page. */
function drop(page: Page, name: string, spikes: number[][]): Promise<void> {
  const current = Array.from({ length: 200 }, (_, n) => 200 + 100 * Math.sin(n / 7));
  return page.evaluate(
    (file, text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], file, { type: "application/json" }));
      const target = document.querySelector(".drop")!;
      for (const type of ["dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    },
    name,
    JSON.stringify({ dt_ms: 1, current_pA: current, spikes_ms: spikes }),
  );
}

/** Opens a file by the button. */
async function upload(page: Page, name: string, bytes: string | Uint8Array): Promise<void> {
  const file = join(downloads, name);
  writeFileSync(file, bytes);
  const input = (await page.$('[aria-label="file to open"]')) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(file);
}
