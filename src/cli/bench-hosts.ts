/** Where a bench runs: in this process, or in a page of headless Chromium. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SaltationError } from "../errors.js";
import { type BenchOptions, type BenchResult, type Host, runBench } from "../suites/run.js";
import { chromiumLaunches } from "./chromium.js";
import { exitOnSignals } from "./signals.js";

export interface Ran {
  result: BenchResult;
  versions: Record<string, string>;
}

const startProcess = fileURLToPath(new URL("./start-process.js", import.meta.url));
const pageBundle = fileURLToPath(new URL("../../bench-page.js", import.meta.url));

/** In this process. */
export async function benchInNode(options: BenchOptions, progress: Host["progress"]): Promise<Ran> {
  const result = await runBench(
    {
      clock: () => performance.now() / 1000,
      fresh: async (task, given) => {
        const args = [startProcess, task, JSON.stringify(given)];
        const { stdout } = await promisify(execFile)(process.execPath, args);
        return Number(stdout);
      },
      ...(progress ? { progress } : {}),
    },
    options,
  );
  return { result, versions: {} };
}

/** Serves the page and its script, on this machine only. */
async function servePage(): Promise<{ url: string; close(): void }> {
  const script = readFileSync(pageBundle);
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path === "/") {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end('<!doctype html><title>bench</title><body><script type="module" src="/bench-page.js"></script>');
    } else if (path === "/bench-page.js") {
      response.setHeader("content-type", "text/javascript");
      response.end(script);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** In a page of the first Chromium that starts and has an adapter: a GPU's before the software adapter. */
export async function benchInChrome(options: BenchOptions, progress: Host["progress"]): Promise<Ran> {
  const puppeteer = await import("puppeteer-core").catch((error: Error) => {
    const what = `bench in Chrome is driven by the package puppeteer-core (${error.message.split("\n")[0]})`;
    throw new SaltationError("no-adapter", `${what}: npm install puppeteer-core`);
  });
  const served = await servePage();
  // Puppeteer ends Chromium when this process exits; told of SIGTERM itself, it does so under a page that still runs.
  const handlers = { handleSIGINT: false, handleSIGTERM: false };
  const release = exitOnSignals(() => {});
  const problems: string[] = [];
  try {
    for (const launch of chromiumLaunches(options.software ?? false)) {
      const name = launch.executablePath ?? "the installed Chrome";
      const browser = await puppeteer
        .launch({ ...launch, ...handlers, headless: true, protocolTimeout: 0 })
        .catch((error: Error) => {
          problems.push(`${name}: ${error.message.split("\n")[0]}`);
        });
      if (!browser) continue;
      try {
        const page = await browser.newPage();
        if (progress) await page.exposeFunction("saltationProgress", progress);
        await page.goto(served.url);
        const result = await page.evaluate(async (o) => {
          try {
            return await globalThis.saltationBench!(o);
          } catch (error) {
            return { code: (error as { code?: string }).code ?? "", message: String((error as Error).message) };
          }
        }, options);
        if (!("code" in result)) return { result, versions: { chrome: await browser.version() } };
        if (result.code !== "no-adapter") throw new SaltationError(result.code as "compile", result.message);
        problems.push(`${name} has no adapter`);
      } finally {
        await browser.close();
      }
    }
  } finally {
    release();
    served.close();
  }
  throw new SaltationError(
    "no-adapter",
    `no Chromium with WebGPU was found (${problems.join("; ")}): install Chrome, or set CHROMIUM_PATH to one`,
  );
}
