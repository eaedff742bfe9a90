/** The code in the tutorial runs as it stands. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;
beforeAll(() => {
  // Below the project, where `saltation` is the project itself.
  mkdirSync(join(root, "out"), { recursive: true });
  folder = mkdtempSync(join(root, "out", "docs-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const blocks = (file: string): string[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(/```ts\n(.*?)```/gs)].map((m) => m[1]!);

/** Runs TypeScript as a module. @returns what it printed. */
async function run(code: string): Promise<string> {
  const file = join(folder, "code.mjs");
  writeFileSync(file, transformSync(code, { loader: "ts", format: "esm", target: "node20" }).code);
  const child = spawn(process.execPath, [file]);
  let [out, error] = ["", ""];
  child.stdout.on("data", (d) => (out += d));
  child.stderr.on("data", (d) => (error += d));
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect([status, error]).toEqual([0, ""]);
  return out;
}

describe("documentation", () => {
  it("the tutorial runs, and says what it claims", async () => {
    const code = blocks("docs/tutorial.md");
    expect(code.length).toBeGreaterThan(8);
    const out = await run(code.join("\n"));
    expect(out).toMatch(/transversality: holds/);
    expect(out).toMatch(/noise does not drive the event/);
    const number = (label: string): number => Number(new RegExp(`${label} (\\S+)`).exec(out)![1]);
    expect(Math.abs(number("same current"))).toBeLessThan(number("another current"));
    const weights = /they were given \[ \[ 0, 2, (\S+) \], \[ 1, 2, (\S+) \] \]/.exec(out)!;
    expect(Number(weights[1])).toBeLessThan(0);
    expect(Number(weights[2])).toBeLessThan(0);
  });
});
