/** The built studio on a local port, and a Chromium that looks at it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import puppeteer, { type Browser, type Page } from "puppeteer";
import { build, type PreviewServer, preview } from "vite";
import { chromiumLaunch } from "../../src/cli/chromium.js";

const configFile = fileURLToPath(new URL("../../web/vite.config.ts", import.meta.url));

/** Milliseconds after which what is waited for is taken not to come: below a test's limit, far above what a busy machine takes. */
const patience = 100_000;

export interface Site {
  url: string;
  /** Kilobytes of everything that a page can load, compressed, but for the library of HDF5, which comes with such a file alone. */
  kB(page: string): number;
  close(): Promise<void>;
}

/** Builds the studio and serves what was built. */
export async function buildSite(): Promise<Site> {
  // A folder of its own: test files that run side by side build it too.
  const dist = mkdtempSync(join(tmpdir(), "saltation-site-"));
  await build({ configFile, logLevel: "error", build: { outDir: dist, emptyOutDir: true } });
  const server: PreviewServer = await preview({
    configFile,
    build: { outDir: dist },
    preview: { port: 0, host: "127.0.0.1" },
    logLevel: "error",
  });
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile())
    .map((f) => ({ name: f.name, bytes: readFileSync(join(f.parentPath, f.name)) }));
  /** What a file names, and what that names in turn; other pages are not part of this one. */
  const loaded = (name: string, seen = new Set<string>()): Set<string> => {
    seen.add(name);
    const text = files.find((f) => f.name === name)!.bytes.toString();
    for (const f of files)
      if (!/\.html$|^hdf5_hl-/.test(f.name) && !seen.has(f.name) && text.includes(f.name)) loaded(f.name, seen);
    return seen;
  };
  const kB = (page: string): number => {
    const parts = loaded(page);
    const compressed = files.filter((f) => parts.has(f.name)).map((f) => gzipSync(f.bytes, { level: 9 }).length);
    return compressed.reduce((a, b) => a + b, 0) / 1000;
  };
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(dist, { recursive: true, force: true });
  };
  return { url: server.resolvedUrls!.local[0]!, kB, close };
}

export async function openBrowser(leaveOut: readonly string[] = []): Promise<Browser> {
  const { args, env, executablePath, channel } = chromiumLaunch();
  return puppeteer.launch({
    args: args.filter((a) => !leaveOut.includes(a)),
    ...(env ? { env } : {}),
    ...(executablePath ? { executablePath } : {}),
    ...(channel ? { channel } : {}),
  });
}

/** A tab, and everything that went wrong in it: errors and warnings of the console, exceptions, failed requests. */
export interface Tab {
  page: Page;
  troubles: string[];
}

/** Opens a page in a browser of its own, as it were: nothing is kept there by another one. */
export async function openTab(browser: Browser, url: string, width = 1280, height = 900): Promise<Tab> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.once("close", () => void context.close().catch(() => {}));
  page.setDefaultTimeout(patience);
  const troubles: string[] = [];
  page.on("console", (m) => {
    if (m.type() === "error" || m.type() === "warn") troubles.push(`console ${m.type()}: ${m.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`exception: ${String(error)}`));
  page.on("requestfailed", (request) => troubles.push(`request: ${request.url()}`));
  await page.setViewport({ width, height });
  await page.goto(url);
  return { page, troubles };
}

export const text = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (e) => (e as HTMLElement).innerText);

/** Waits until a condition on the page's text holds. */
export async function waitForText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  await page.waitForFunction(
    (s, source, flags) =>
      [...document.querySelectorAll(s)].some((e) => new RegExp(source, flags).test((e as HTMLElement).innerText)),
    { polling: 50 },
    selector,
    pattern.source,
    pattern.flags,
  );
}

/** Presses a button by its text. */
export async function press(page: Page, label: string): Promise<void> {
  const button = await page.waitForSelector(
    `::-p-xpath(//button[normalize-space(.)=${JSON.stringify(label)} and not(@disabled) and not(@aria-disabled)])`,
  );
  await button!.click();
}

/** Presses a button as soon as a step is done: in the page, so that a busy machine does not let the run end before. */
export async function pressAfter(page: Page, step: number, label: string): Promise<void> {
  const pressed = (n: number, text: string): boolean => {
    if (document.querySelector("progress")!.value < n) return false;
    const button = [...document.querySelectorAll("button")].find((b) => b.textContent!.trim() === text);
    button?.click();
    return button !== undefined;
  };
  await page.waitForFunction(pressed, { polling: 20 }, step, label);
}

/**
 * Puts a number or text into the field with this label, in place of what is there: at once, as by pasting it, or key by
 * key, after each of which the page checks what is there so far and draws it.
 */
export async function fill(
  page: Page,
  label: string,
  value: string | number,
  how: "at once" | "key by key" = "at once",
): Promise<void> {
  const field = await page.waitForSelector(`::-p-aria([name=${JSON.stringify(label)}])`);
  await field!.focus();
  await field!.evaluate((e) => (e as HTMLInputElement).select());
  if (how === "at once") await page.keyboard.sendCharacter(String(value));
  else await page.keyboard.type(String(value));
  await page.keyboard.press("Tab");
}

/** Presses a button that saves a file, and reads that file; what else the folder holds goes. */
export async function savedFile(
  tab: Tab,
  folder: string,
  act: () => Promise<void>,
): Promise<{ name: string; bytes: Buffer }> {
  const session = await tab.page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", {
    behavior: "allow",
    downloadPath: folder,
    browserContextId: tab.page.browserContext().id!,
    eventsEnabled: true,
  });
  for (const f of readdirSync(folder)) rmSync(join(folder, f));
  const done = new Promise<void>((resolve) => {
    session.on("Browser.downloadProgress", (e) => {
      if (e.state === "completed") resolve();
    });
  });
  await act();
  await done;
  await session.detach();
  const [name] = readdirSync(folder);
  return { name: name!, bytes: readFileSync(join(folder, name!)) };
}

/** Number of training steps done. */
export async function steps(page: Page): Promise<number> {
  return page.$eval("progress", (e) => (e as HTMLProgressElement).value);
}

/** Waits until a run stands ready. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(
    () => {
      const button = document.querySelector<HTMLButtonElement>(".transport button.primary");
      return (
        button &&
        !button.disabled &&
        !button.ariaDisabled &&
        document.querySelector('[aria-busy="false"]') &&
        document.querySelector('[data-figure="raster"]')
      );
    },
    { polling: 50 },
  );
}

interface TraceEvent {
  name: string;
  /** Microseconds by the clock. */
  ts: number;
  pid: number;
  tid: number;
  /** Microseconds of the thread itself: that other processes keep it from a busy machine's cores is not the page's doing. */
  tdur?: number;
  args: { name?: string };
}

/** Events of a page while something is done, and the tasks of its main thread. */
async function traced(page: Page, act: () => Promise<void>): Promise<{ events: TraceEvent[]; tasks: TraceEvent[] }> {
  await page.tracing.start({ categories: ["toplevel", "loading", "disabled-by-default-devtools.timeline"] });
  await act();
  const trace = await page.tracing.stop();
  const { traceEvents: events } = JSON.parse(new TextDecoder().decode(trace)) as { traceEvents: TraceEvent[] };
  const mains = events.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain");
  const tasks = events.filter(
    (e) => e.name.endsWith("RunTask") && mains.some((m) => m.pid === e.pid && m.tid === e.tid),
  );
  if (!tasks.some((e) => (e.tdur ?? 0) > 1000)) throw new Error("the trace holds no task of a millisecond");
  return { events, tasks };
}

/** Milliseconds of the longest task of the page's main thread while something is done, in the thread's own time. */
export async function longestTask(page: Page, act: () => Promise<void>): Promise<number> {
  const { tasks } = await traced(page, act);
  return Math.max(...tasks.map((e) => e.tdur ?? 0)) / 1000;
}

/** Milliseconds of the main thread's own time before the first paint of a page that is opened meanwhile. */
export async function timeToPaint(page: Page, open: () => Promise<void>): Promise<number> {
  const { events, tasks } = await traced(page, open);
  const paint = events.find((e) => e.name === "firstContentfulPaint");
  if (!paint) throw new Error("the trace holds no first paint");
  return tasks.reduce((sum, e) => sum + (e.ts < paint.ts ? (e.tdur ?? 0) : 0), 0) / 1000;
}
