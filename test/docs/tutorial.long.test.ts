/** The tutorial's classifier, trained for longer than the page has time for. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("learns Yin-Yang further than in the ten epochs of the page", async () => {
  const blocks = [...readFileSync("docs/tutorial.md", "utf8").matchAll(/```js\n(.*?)```/gs)].map((m) => m[1]!);
  const at = blocks.findIndex((block) => block.includes("yinYang"));
  const changed = (text: string, from: string, to: string): string => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };
  let program = blocks.slice(at, at + 2).join("\n");
  program = changed(program, "pointsOf(1000, 1)", "pointsOf(5000, 1)");
  program = changed(program, "epochs: 10", "epochs: 30");
  program = changed(program, "transitionSteps: 40", "transitionSteps: 200");
  const folder = mkdtempSync(join(tmpdir(), "saltation-tutorial-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(process.cwd(), join(folder, "node_modules/saltation"));
  const head = 'import { defineCell, Engine, train } from "saltation"; const engine = await Engine.create();';
  writeFileSync(join(folder, "main.mjs"), `${head}\n${program}\nengine.dispose();`);
  const { stdout } = await promisify(execFile)(process.execPath, ["main.mjs"], { cwd: folder });
  rmSync(folder, { recursive: true });
  const accuracies = [...stdout.matchAll(/accuracy (\S+)$/gm)].map((m) => Number(m[1]));
  expect(accuracies).toHaveLength(30);
  // 0.97; on 1000 points it comes no further than 0.94.
  expect(Math.max(...accuracies)).toBeGreaterThan(0.95);
});
