/**
 * `npm run bench -- signature-speed [--longest 1024] [--largest 64]`: signature kernels end to end, from typed arrays to
 * typed arrays. The best of several runs is shown: on a shared machine the others measure their neighbours.
 */
import { declareKernel, readWrite } from "../shaders/shared/declare.js";
import { Gpu } from "../src/gpu/index.js";
import {
  signatureBackend,
  signatureGram,
  signatureKernel,
  signatureMMD,
  truncatedSignatures,
} from "../src/signature/index.js";
import { brownianPaths } from "./signature-accuracy.js";
import { option, writeResult } from "./support.js";

async function best(repeats: number, work: () => Promise<unknown>): Promise<number> {
  await work();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await work();
    least = Math.min(least, performance.now() - start);
  }
  return least / 1000;
}

/**
 * Cells a second of a kernel that does only the arithmetic of a cell (increment of four channels and carried
 * difference) in registers: the floor on this adapter.
 */
async function arithmeticFloor(gpu: Gpu): Promise<number> {
  const invocations = 4096;
  const cells = 16384;
  const kernel = await gpu.kernel(
    declareKernel({
      label: "arithmetic of a cell",
      workgroupSize: 32,
      bindings: { out: readWrite("array<f32>") },
      body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x0 = 1e-3f * f32(id.x % 7u); let x1 = 0.5f * x0; let x2 = 0.25f * x0; let x3 = 0.125f * x0;
  var y = x0 + 1e-3f;
  var v = 0.0f; var d = 0.0f; var h = 1.0f; var below = 1.0f;
  for (var j = 0u; j < ${cells / 8}u; j++) {
    y += 1e-6f;
${Array.from(
  { length: 8 },
  (_, r) => `    let p${r} = x0 * (y + ${r}e-5f) + x1 * y + x2 * y + x3 * y;
    let b${r} = p${r} * p${r} * 0.0833333f; let a${r} = 0.5f * p${r} + b${r};
    let d${r} = ${r === 0 ? "d" : `d${r - 1}`} + ((${r === 0 ? "h" : `n${r - 1}`} + below) * a${r} + below * b${r});
    let n${r} = below + (v + d${r});`,
).join("\n")}
    d = d7 * 0.5f; h = n7; below = 0.5f * n7;
  }
  out[id.x] = h;
}`,
    }),
  );
  const out = gpu.buffer("floor", invocations * 4);
  const seconds = await best(5, () => {
    const batch = gpu.batch("floor");
    batch.dispatch(kernel, { out, threads: invocations });
    const data = batch.read(out);
    batch.submit();
    return data;
  });
  out.dispose();
  return (invocations * cells) / seconds;
}

export async function run(args: string[]): Promise<void> {
  const gpu = await Gpu.create();
  const software = gpu.adapter.fallback;
  const longest = Number(option(args, "--longest", String(software ? 1024 : 4096)));
  const largest = Number(option(args, "--largest", String(software ? 64 : 512)));
  const backend = signatureBackend(gpu);
  const rows: object[] = [];
  const show = (what: string, seconds: number, cells?: number): void => {
    rows.push({ what, seconds, cellsPerSecond: cells && cells / seconds });
    const rate = cells ? `  ${(cells / seconds / 1e6).toFixed(0)} million cells/s` : "";
    console.log(`${what.padEnd(74)} ${seconds.toFixed(3)} s${rate}`);
  };
  console.log(gpu.adapter.description || gpu.adapter.vendor);
  const floor = await arithmeticFloor(gpu);
  console.log(`arithmetic of a cell alone, in registers: ${(floor / 1e6).toFixed(0)} million cells/s`);

  const repeats = 5;
  const [x, y] = [brownianPaths(1, 64, 128, 4), brownianPaths(2, 64, 128, 4)];
  show(
    "Gram 64 x 64, length 128, 4 channels, order 0 (goal 0.6)",
    await best(repeats, () => signatureGram(backend, x, y)),
    64 * 64 * 127 ** 2,
  );
  show("the same of x with itself", await best(repeats, () => signatureGram(backend, x, null)), 32.5 * 64 * 127 ** 2);
  const rbf = { static: { kind: "rbf", sigma: 1 } } as const;
  show(
    "Gram 64 x 64, length 128, rbf",
    await best(repeats, () => signatureGram(backend, x, y, rbf)),
    64 * 64 * 127 ** 2,
  );
  const [a, b] = [brownianPaths(3, 16, 128, 4), brownianPaths(4, 16, 128, 4)];
  for (const [name, options] of [
    ["MMD² + gradient to x, 16 + 16 paths of length 128 (goal 0.5)", { gradient: { x: true } }],
    ["MMD² + gradient to x and y", { gradient: { x: true, y: true } }],
    ["MMD² + gradient to x, rbf", { ...rbf, gradient: { x: true } }],
    [
      "MMD² + gradient to x, polynomial solver of order 6",
      { solver: { kind: "polynomial", order: 6 }, gradient: { x: true } },
    ],
    [
      "MMD² + gradient to x, truncated kernel of depth 3",
      { solver: { kind: "truncated", depth: 3 }, gradient: { x: true } },
    ],
  ] as const) {
    show(name, await best(repeats, () => signatureMMD(backend, a, b, options)));
  }
  const many = brownianPaths(9, 1024, 128, 4);
  show(
    "truncated signatures, 1,024 paths of length 128, 4 channels, depth 4",
    await best(repeats, async () => {
      await truncatedSignatures(backend, many, { depth: 4 });
    }),
  );
  for (let length = 256; length <= longest; length *= 2) {
    const count = Math.min(largest, Math.max(1, Math.floor((64 * 128) / length)));
    const [p, q] = [brownianPaths(5, count, length, 4), brownianPaths(6, count, length, 4)];
    const cells = count ** 2 * (length - 1) ** 2;
    show(
      `Gram ${count} x ${count}, length ${length}, order 0`,
      await best(3, () => signatureGram(backend, p, q)),
      cells,
    );
  }
  if (!software) {
    for (let count = 128; count <= largest; count *= 2) {
      const [p, q] = [brownianPaths(5, count, 128, 4), brownianPaths(6, count, 128, 4)];
      const seconds = await best(3, () => signatureGram(backend, p, q));
      show(`Gram ${count} x ${count}, length 128, order 0`, seconds, count ** 2 * 127 ** 2);
    }
  }
  const [one, two] = [brownianPaths(7, 1, longest, 4), brownianPaths(8, 1, longest, 4)];
  show(
    `one pair of length ${longest}, order 0`,
    await best(3, () => signatureKernel(backend, one, two)),
    (longest - 1) ** 2,
  );
  await writeResult("signature-speed", { adapter: gpu.adapter.description, floor, rows });
  gpu.dispose();
}
