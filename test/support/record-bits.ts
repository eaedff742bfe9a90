/**
 * Where SALTATION_BITS names a folder, each test file leaves there a fingerprint of all that its tests read from a GPU,
 * to be compared with those of another state of the program.
 */
import { createHash, type Hash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { globals } from "webgpu";

const folder = process.env.SALTATION_BITS;
if (folder) {
  const seen = new Map<string, Hash>();
  const { prototype } = (globals as unknown as { GPUBuffer: typeof GPUBuffer }).GPUBuffer;
  const { getMappedRange } = prototype;
  prototype.getMappedRange = function (...at) {
    const range = getMappedRange.apply(this, at);
    if ((this.usage & 1) === 1) {
      const test = expect.getState().currentTestName ?? "before";
      const hash = seen.get(test) ?? createHash("sha256");
      seen.set(test, hash.update(new Uint8Array(range)));
    }
    return range;
  };
  afterAll(() => {
    const path = expect.getState().testPath!.split("/test/")[1]!;
    mkdirSync(folder, { recursive: true });
    const lines = [...seen].map(([test, hash]) => `${path} ${test} ${hash.digest("hex").slice(0, 16)}`);
    if (lines.length > 0) writeFileSync(join(folder, path.replaceAll("/", "-")), `${lines.sort().join("\n")}\n`);
  });
}
