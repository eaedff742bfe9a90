/** The API reference: every type that a public one names is itself public, or marked as internal. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("is generated without a warning", async () => {
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  // Types are checked elsewhere. Warnings make it exit with an error.
  const args = ["run", "--silent", "docs", "--", "--emit", "none", "--skipErrorChecking"];
  const { stdout, stderr } = await promisify(execFile)("npm", args, { cwd });
  expect(stdout + stderr).not.toMatch(/warning|error/i);
});
