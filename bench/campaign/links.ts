/**
 * Links of strangers in the built studio, in headless Chromium: whatever a link holds, no script of it runs, nothing is
 * asked of another host, no dialog opens, and the page goes on reacting.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import type { Browser, Page } from "puppeteer";
import { chromiumLaunch } from "../../src/cli/chromium.js";
import { growCell, hostileEquation } from "./equations.js";
import type { Fault, FaultKind, Verdict } from "./faults.js";
import type { Runner } from "./kinds.js";
import { change, jobText, places } from "./mutate.js";
import { Random } from "./random.js";
import { seedJobs } from "./seeds.js";

const configFile = fileURLToPath(new URL("../../../web/vite.config.ts", import.meta.url));

/** What a script of a document would leave behind. */
const mark = "campaignRan";
const payloads = [
  `<img src=x onerror="window.${mark}=1">`,
  `<svg onload="window.${mark}=1">`,
  `"><script>window.${mark}=1</script>`,
  `';window.${mark}=1;//`,
  `javascript:window.${mark}=1`,
  "<iframe src=https://campaign.invalid/frame></iframe>",
  "<link rel=stylesheet href=https://campaign.invalid/style>",
  "https://campaign.invalid/file.npz",
  "//campaign.invalid/image.png",
  "url(https://campaign.invalid/background)",
  "alert(1)",
  "constructor.constructor('alert(1)')()",
  `\${window.${mark}=1}`,
  `{{constructor.constructor('window.${mark}=1')()}}`,
];

type Tree = Record<string, unknown>;

/** A document that the studio takes, with a cell of its own. */
function rightDocument(random: Random): Tree {
  const { job } = random.pick(
    seedJobs.filter((s) => s.command === "train" && Array.isArray((s.job.observed as Tree).times)),
  );
  const { observed, checkpoint: _, ...rest } = structuredClone(job);
  return {
    version: 1,
    experiment: "equations",
    job: rest,
    observed: { kind: "trials", ...(observed as object) },
    units: { time: "s", mu1: "1/s" },
  };
}

const packed = (text: string): string => `#job=${deflateRawSync(text).toString("base64url")}`;

/** A link, and what it tries. */
function hostileLink(random: Random): { what: string; hash: string } {
  const document = rightDocument(random);
  const job = document.job as Tree & { network: Tree };
  switch (random.below(9)) {
    case 0:
    case 1: {
      // Texts that a page must not take for markup or addresses.
      const texts = places(document).filter((p) => typeof p.holder[p.key] === "string");
      for (const { holder, key } of texts) if (random.chance(0.3)) holder[key] = random.pick(payloads);
      return { what: "markup in texts", hash: packed(JSON.stringify(document)) };
    }
    case 2: {
      const cell = growCell(random) as { name: string; state: Tree; parameters: Tree; units?: Tree };
      const payload = random.pick(payloads);
      cell.name = payload;
      cell.units = { v: payload, mu: payload };
      if (random.chance(0.5)) cell.parameters[payload] = 1;
      if (random.chance(0.5)) cell.state[payload] = "0";
      job.network = { cell };
      job.trainable = ["mu"];
      return { what: `markup in a cell: ${payload}`, hash: packed(JSON.stringify(document)) };
    }
    case 3:
    case 4: {
      const cell = growCell(random) as { state: Record<string, string> };
      const equation = hostileEquation(random);
      cell.state.v = equation;
      job.network = { cell };
      job.trainable = ["mu"];
      return { what: `equation ${equation.slice(0, 60)}`, hash: packed(JSON.stringify(document)) };
    }
    case 5: {
      const names = Array.from({ length: 32 }, (_, i) => `x${i}`);
      const sum = names.map((n) => `log(-1 - ${n} * ${n})`).join(" + ");
      const cell = {
        name: "slow",
        state: Object.fromEntries(names.map((n) => [n, `I + ${sum}`])),
        noise: Object.fromEntries(names.map((n) => [n, "0.1"])),
        event: "x0 - 1",
        reset: { x0: "0" },
        parameters: { mu: 1 },
      };
      job.network = { cell };
      job.trainable = ["mu"];
      return { what: "a cell whose checks take long", hash: packed(JSON.stringify(document)) };
    }
    case 6: {
      change(random, document);
      change(random, job);
      return { what: "a mutated document", hash: packed(jobText(document)) };
    }
    case 7: {
      const polluted = '{"__proto__":{"campaignPolluted":1},"constructor":{"prototype":{"campaignPolluted":1}},';
      return {
        what: "names of prototypes",
        hash: packed(
          JSON.stringify(document)
            .replaceAll("{", () => (random.chance(0.5) ? polluted : "{"))
            .replaceAll(",}", "}"),
        ),
      };
    }
    default: {
      const whole = packed(JSON.stringify(document));
      const links: readonly (readonly [string, string])[] = [
        ["a link that is cut", whole.slice(0, random.below(whole.length))],
        ["3 GB in a link", packed("[".repeat(2 ** 26))],
        ["letters", `#job=${"A".repeat(100_000)}`],
        ["no base64", "#job=%00%ff<script>"],
        [
          "large numbers",
          packed(JSON.stringify({ ...document, job: { ...job, paths: 2 ** 30, time: { t1: 1e6, dt: 1e-3 } } })),
        ],
        [
          "many neurons",
          packed(JSON.stringify({ ...document, job: { ...job, network: { cell: "slif", neurons: 1e6 } } })),
        ],
        ["brackets", packed(`${"[".repeat(50_000)}${"]".repeat(50_000)}`)],
      ];
      const [what, hash] = random.pick(links);
      return { what, hash };
    }
  }
}

/** Seconds within which the page's own thread must answer: on a machine that does much else too. */
const answerWithin = 30;
/** Milliseconds for which a link is looked at. */
const looked = 2500;

const within = <T>(seconds: number, work: Promise<T>): Promise<T | "late"> => {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), 1000 * seconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

class Links implements Runner {
  private constructor(
    private readonly url: string,
    private readonly browser: Browser,
    private readonly stop: () => Promise<void>,
    readonly adapterName: string,
  ) {}

  static async open(folder: string): Promise<Links> {
    const { build, preview } = await import("vite");
    const { launch } = (await import("puppeteer")).default;
    const outDir = join(folder, "site");
    await build({ configFile, logLevel: "error", build: { outDir } });
    const server = await preview({
      configFile,
      build: { outDir },
      preview: { port: 0, host: "127.0.0.1" },
      logLevel: "error",
    });
    const { args, env, executablePath, channel } = chromiumLaunch();
    const how = {
      args,
      ...(env ? { env } : {}),
      ...(executablePath ? { executablePath } : {}),
      ...(channel ? { channel } : {}),
    };
    const browser = await launch(how);
    const url = server.resolvedUrls!.local[0]!;
    const close = async (): Promise<void> => {
      await browser.close();
      await server.close();
    };
    return new Links(url, browser, close, `${await browser.version()} (software)`);
  }

  close(): Promise<void> {
    return this.stop();
  }

  async run(seed: number, item: number): Promise<Verdict> {
    const { what, hash } = hostileLink(new Random(seed, item));
    const page = await this.browser.newPage();
    const faults: Fault[] = [];
    const say = (kind: FaultKind, text: string): void => {
      if (!faults.some((f) => f.kind === kind)) faults.push({ kind, what: `${what}: ${text}` });
    };
    page.on("dialog", (dialog) => {
      say("script", `a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => say("stack trace", String(error)));
    page.on("error", (error) => say("crash", String(error)));
    page.on("popup", () => say("script", "another page was opened"));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(this.url) && !/^(data|blob):/.test(url)) say("script", `a request to ${url}`);
    });
    await page.goto(this.url + hash);
    const began = performance.now();
    do {
      const answer = await within(answerWithin, this.look(page));
      if (answer === "late") {
        say("unanswered", `not within ${answerWithin} s`);
        break;
      }
      if (answer.ran) say("script", "a script of the document ran");
      if (answer.polluted) say("script", "a document changed what every object inherits");
      const trace = /\bat (?:\S+ \()?(?:https?|blob):\S+|\[object Object\]|internal error/.exec(answer.text);
      if (trace) say("stack trace", trace[0]);
      await new Promise((resolve) => setTimeout(resolve, 250));
    } while (performance.now() - began < looked);
    // A busy page ends with its tab.
    await within(answerWithin, page.close());
    return { counts: { tried: 1 }, faults };
  }

  private look(page: Page): Promise<{ ran: boolean; polluted: boolean; text: string }> {
    return page.evaluate((name) => {
      return { ran: name in window, polluted: "campaignPolluted" in {}, text: document.body.innerText };
    }, mark);
  }
}

export const openLinks = (folder: string): Promise<Runner> => Links.open(folder);
