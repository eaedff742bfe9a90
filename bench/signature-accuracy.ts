/**
 * `npm run bench -- signature-accuracy [--pairs 4] [--longest 4096] [--gradient-pairs 1]`: error of the float32
 * signature kernel of Brownian paths (four channels, order 1) and of its gradient against the float64 twin, beside the
 * textbook stencil in float32; then rough paths, where differences are off and the polynomial solver is not.
 */
import { normalPair } from "../src/driver/normal.js";
import { threefry2x32 } from "../src/driver/threefry.js";
import { Gpu } from "../src/gpu/index.js";
import { batchOf, type PathBatch, pathPoints } from "../src/signature/definitions/paths.js";
import { compileStaticKernel } from "../src/signature/definitions/static-kernel.js";
import { increments } from "../src/signature/host/increments.js";
import { signatureBackend, signatureKernel } from "../src/signature/index.js";
import { option, writeResult } from "./support.js";

/** Brownian paths on [0, 1] from the origin. */
export function brownianPaths(seed: number, count: number, length: number, channels: number, scale = 1): PathBatch {
  const pair = new Float64Array(2);
  let n = 0;
  const next = (): number => {
    if (n % 2 === 0) normalPair(...threefry2x32(seed, 0xb7, n, 0), pair);
    return pair[n++ % 2]!;
  };
  const paths = Array.from({ length: count }, () => {
    const path = new Float64Array(length * channels);
    for (let i = channels; i < path.length; i++)
      path[i] = path[i - channels]! + (next() * scale) / Math.sqrt(length - 1);
    return path;
  });
  return batchOf(paths, channels);
}

/** K11 = (K10 + K01)(1 + p/2 + p²/12) − K00 (1 − p²/12), every operation rounded to float32. */
export function textbookStencil(p: Float64Array, rows: number, columns: number, order: number): number {
  const f = Math.fround;
  const [n, m] = [rows << order, columns << order];
  const scale = 4 ** -order;
  const row = new Float32Array(m + 1).fill(1);
  for (let i = 0; i < n; i++) {
    let left = 1;
    let corner = row[0]!;
    for (let j = 0; j < m; j++) {
      const q = f(p[(i >> order) * columns + (j >> order)]! * scale);
      const b = f(f(q * q) / 12);
      const up = row[j + 1]!;
      left = f(f(f(left + up) * f(f(1 + f(q / 2)) + b)) - f(corner * f(1 - b)));
      corner = up;
      row[j + 1] = left;
    }
  }
  return row[m]!;
}

/** Root mean square of the differences over that of the values. */
function rms(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [error, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(error / size);
}

const e = (v: number | undefined): string => (v === undefined ? "" : v.toExponential(1)).padStart(12);

export async function run(args: string[]): Promise<void> {
  const pairs = Number(option(args, "--pairs", String(4)));
  const longest = Number(option(args, "--longest", String(4096)));
  const gradientPairs = Number(option(args, "--gradient-pairs", String(1)));
  const gpu = await Gpu.create();
  const [backend, twin] = [signatureBackend(gpu), signatureBackend(null)];
  const kernel = compileStaticKernel({ kind: "linear" });
  const solver = { kind: "difference", dyadic: [1, 1] } as const;
  const rows: object[] = [];
  console.log(
    `${gpu.adapter.description || gpu.adapter.vendor}: ${pairs} pairs of Brownian paths, 4 channels, order 1`,
  );
  console.log(
    "errors are root mean squares over the pairs, relative to that of the values; 'worst' is of a single value",
  );
  console.log("  length      kernel       worst    textbook  gradient x  gradient y");
  for (let length = 128; length <= longest; length *= 2) {
    const x = brownianPaths(1, pairs, length, 4);
    const y = brownianPaths(2, pairs, length, 4);
    const exact = await signatureKernel(twin, x, y, { solver });
    const got = await signatureKernel(backend, x, y, { solver });
    const textbook = Float64Array.from({ length: pairs }, (_, i) =>
      textbookStencil(increments(kernel, pathPoints(x, i), pathPoints(y, i), 4), length - 1, length - 1, 1),
    );
    const worst = Math.max(...got.values.map((v, i) => Math.abs(v / exact.values[i]! - 1)));
    // The twin keeps the whole grid of a gradient (half a gigabyte at length 4,096), so long paths take turns.
    const few = length <= 1024 ? pairs : Math.min(pairs, gradientPairs);
    const [fx, fy] = [brownianPaths(1, few, length, 4), brownianPaths(2, few, length, 4)];
    const cotangent = new Float64Array(few).fill(1);
    const a = await signatureKernel(backend, fx, fy, { solver, cotangent });
    const b = await signatureKernel(twin, fx, fy, { solver, cotangent });
    const gx = rms(a.gradientX!, b.gradientX!);
    const gy = rms(a.gradientY!, b.gradientY!);
    const row = { length, kernel: rms(got.values, exact.values), worst, textbook: rms(textbook, exact.values), gx, gy };
    rows.push(row);
    console.log(`${String(length).padStart(8)}${e(row.kernel)}${e(worst)}${e(row.textbook)}${e(gx)}${e(gy)}`);
  }

  console.log("rough paths: Brownian of scale 3, length 128, 4 channels, against the exact kernel of the polylines");
  const x = brownianPaths(3, 4 * pairs, 128, 4, 3);
  const y = brownianPaths(4, 4 * pairs, 128, 4, 3);
  const exact = await signatureKernel(twin, x, y, { solver: { kind: "polynomial", order: 20 } });
  const rough: object[] = [];
  for (const s of [
    { kind: "difference", dyadic: [0, 0] },
    { kind: "difference", dyadic: [1, 1] },
    { kind: "difference", dyadic: [2, 2] },
    { kind: "polynomial", order: 3 },
    { kind: "polynomial", order: 4 },
    { kind: "polynomial", order: 5 },
    { kind: "polynomial", order: 6 },
    { kind: "polynomial", order: 8 },
  ] as const) {
    const { values } = await signatureKernel(backend, x, y, { solver: s });
    const median = Array.from(values, (v, i) => Math.abs(v / exact.values[i]! - 1)).sort((a, b) => a - b);
    const row = {
      solver: s,
      rms: rms(values, exact.values),
      median: median[median.length >> 1]!,
      worst: median.at(-1)!,
    };
    rough.push(row);
    console.log(`  ${JSON.stringify(s).padEnd(38)} rms ${e(row.rms)}  median ${e(row.median)}  worst ${e(row.worst)}`);
  }
  await writeResult("signature-accuracy", { adapter: gpu.adapter.description, pairs, rows, rough });
  gpu.dispose();
}
