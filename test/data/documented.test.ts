/** The blocks of docs/data.md: those without files print what is right, those with files read ones that are made here. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "saltation-data-"));
afterAll(() => rmSync(folder, { recursive: true }));

const block = (language: string): string =>
  [...readFileSync("docs/data.md", "utf8").matchAll(/```(\w+)\n(.*?)```/gs)]
    .filter((m) => m[1] === language)
    .map((m) => m[2]!)
    .join("\n");

/** Runs a program of the page, and gives some of its variables. */
async function ran(program: string, ...variables: string[]): Promise<Record<string, unknown>> {
  const outfile = join(folder, "program.mjs");
  await build({
    stdin: { contents: `${program}\nexport { ${variables.join(", ")} };`, resolveDir: process.cwd(), loader: "ts" },
    alias: { "saltation/data": "./src/data/index.ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["h5wasm"],
    outfile,
  });
  return (await import(/* @vite-ignore */ outfile)) as Record<string, unknown>;
}

it("reads the files that it names", async () => {
  const put = (name: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const idx = (dimensions: number[], count: number): Uint8Array => {
    const header = Buffer.alloc(4 + 4 * dimensions.length);
    header.set([0, 0, 8, dimensions.length]);
    for (const [d, n] of dimensions.entries()) header.writeUInt32BE(n, 4 + 4 * d);
    return gzipSync(Buffer.concat([header, Buffer.alloc(count, 3)]));
  };
  put("train-images-idx3-ubyte.gz", idx([1001, 28, 28], 1001 * 784));
  put("train-labels-idx1-ubyte.gz", idx([1001], 1001));
  const digits = put("digits.csv.gz", gzipSync(`${Array(64).fill(8).join()},3\n`));
  const shd = put("shd.h5", readFileSync("test/files/data/shd.h5"));
  const wav = Buffer.alloc(48);
  wav.write("RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x04\0\0\0", "latin1");
  const sound = put("sound.wav", wav);
  const program = block("ts")
    .replace("/usr/share/datasets/fashion-mnist/", `${folder}/`)
    .replace("/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz", digits)
    .replace("shd_train.h5", shd)
    .replace("seven.wav", sound)
    .replace("two.wav", sound);
  const { clothes, spikes, spoken, words } = await ran(program, "clothes", "spikes", "spoken", "words");
  expect(clothes).toMatchObject({ count: 1000, shape: [28, 28] });
  expect(spikes).toMatchObject({ count: 1, sourceCount: 64, labels: Int32Array.of(3) });
  expect((spikes as { times: Float64Array }).times[0]).toBe(10);
  expect(spoken).toMatchObject({ sourceCount: 700 });
  expect(words).toMatchObject({ count: 2, sourceCount: 64, labels: Int32Array.of(7, 2) });
});
