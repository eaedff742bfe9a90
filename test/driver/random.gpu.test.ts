import { describe, expect, it } from "vitest";
import { elementary } from "../../shaders/shared/elementary.wgsl.js";
import { random } from "../../shaders/shared/random.wgsl.js";
import { normalPair, uniformOpen } from "../../src/driver/normal.js";
import { threefry2x32, threefryInto } from "../../src/driver/threefry.js";
import { sharedEngine } from "../support/engine.js";

const kernel = (body: string): string => /* wgsl */ `
struct U { seed: u32, first: u32 }
@group(0) @binding(0) var<uniform> u: U;
@group(0) @binding(1) var<storage, read_write> out: array<vec2u>;
${elementary}
${random}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  let n = u.first + i;
  ${body}
}`;

const engine = sharedEngine();

async function run(body: string, count: number, seed = 5, first = 0): Promise<ArrayBuffer> {
  const gpu = engine().gpu!;
  const k = await gpu.kernel({ label: "test", code: kernel(body), bindings: ["read_write"], uniformBytes: 8 });
  const out = gpu.buffer("out", 8 * count);
  const batch = gpu
    .batch()
    .dispatch(k, { buffers: [out], uniforms: Uint32Array.of(seed, first), groups: [1024, count / 65536] });
  const data = batch.read(out);
  batch.submit();
  const result = await data;
  out.dispose();
  return result;
}

const drawn = "let bits = threefry2x32(vec2u(u.seed, 3u), vec2u(n, 17u));";

describe("threefry", () => {
  it("gives the known answers", () => {
    // Random123's known-answer vectors for threefry2x32, 20 rounds.
    expect(threefry2x32(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefry2x32(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
  });

  it("is the same on the GPU", async () => {
    const count = 2 ** 20;
    const words = new Uint32Array(await run(`${drawn} out[i] = bits;`, count));
    const expected = new Uint32Array(2);
    let wrong = 0;
    for (let i = 0; i < count; i++) {
      threefryInto(expected, 5, 3, i, 17);
      if (words[2 * i] !== expected[0] || words[2 * i + 1] !== expected[1]) wrong++;
    }
    expect(wrong).toBe(0);
  });
});

describe("uniforms and normals", () => {
  it("uniforms are the twin's, to the bit", async () => {
    const count = 2 ** 18;
    const words = new Uint32Array(
      await run(`${drawn} out[i] = vec2u(bits.x, bitcast<u32>(uniform_open(bits.x)));`, count),
    );
    const u = new Float32Array(words.buffer);
    let wrong = 0;
    for (let i = 0; i < count; i++) if (u[2 * i + 1] !== uniformOpen(words[2 * i]!)) wrong++;
    expect(wrong).toBe(0);
    expect(uniformOpen(0)).toBe(2 ** -32);
    expect(uniformOpen(0xffffffff)).toBe(1);
  });

  it("the ends of the uniforms and their radii are the twin's", async () => {
    // Words from both ends, one by one: the largest radii, and those near 0, where the logarithm has few digits.
    const count = 2 ** 18;
    const body = "let w = select(i, ~i, (i & 1u) == 0u); out[i] = vec2u(bitcast<u32>(FUNCTION(w)), w);";
    const u = new Float32Array(await run(body.replace("FUNCTION", "uniform_open"), count));
    const data = await run(body.replace("FUNCTION", "normal_radius"), count);
    const [r, words] = [new Float32Array(data), new Uint32Array(data)];
    let [wrong, worst] = [0, 0];
    for (let i = 0; i < count; i++) {
      const exact = uniformOpen(words[2 * i + 1]!);
      const radius = Math.sqrt(-2 * Math.log(exact));
      if (u[2 * i] !== exact || (radius === 0 && r[2 * i] !== 0)) wrong++;
      if (radius > 0) worst = Math.max(worst, Math.abs(r[2 * i]! / radius - 1));
    }
    expect(wrong).toBe(0);
    // Half of the logarithm's 1.8e-7, and the rounding of logarithm and root.
    expect(worst).toBeLessThan(2.5e-7);
  });

  it("normals agree with float64 on the same bits", async () => {
    const count = 2 ** 20;
    const x = new Float32Array(await run(`${drawn} out[i] = bitcast<vec2u>(normal_pair(bits));`, count));
    const first = new Float32Array(await run(`${drawn} out[i] = vec2u(bitcast<u32>(normal_first(bits)), 0u);`, count));
    const words = new Uint32Array(2);
    const pair = new Float64Array(2);
    let [most, squares] = [0, 0];
    for (let i = 0; i < count; i++) {
      threefryInto(words, 5, 3, i, 17);
      normalPair(words[0]!, words[1]!, pair);
      for (let c = 0; c < 2; c++) {
        const e = Math.abs(x[2 * i + c]! - pair[c]!);
        most = Math.max(most, e);
        squares += e * e;
      }
      most = Math.max(most, Math.abs(first[2 * i]! - pair[0]!));
    }
    // Float32 keeps 6e-8 of a radius of up to 6.7, twice (root and product); the logarithm's 1.8e-7 is halved by the root.
    expect(most).toBeLessThan(2e-6);
    // Measured 6e-8, half a unit in the last place of a number near 1.
    expect(Math.sqrt(squares / (2 * count))).toBeLessThan(1e-7);
  });

  it("normals have the moments and the distribution of a normal over 1.6e7 draws", async () => {
    const bins = 4000;
    const histogram = new Float64Array(bins + 2);
    const sums = [0, 0, 0, 0, 0];
    let product = 0;
    const [rounds, count] = [8, 2 ** 20];
    for (let r = 0; r < rounds; r++) {
      const x = new Float32Array(
        await run(`${drawn} out[i] = bitcast<vec2u>(normal_pair(bits));`, count, 11, r * count),
      );
      for (let i = 0; i < x.length; i++) {
        const v = x[i]!;
        histogram[v < -4 ? 0 : v >= 4 ? bins + 1 : 1 + Math.floor((v + 4) * (bins / 8))]!++;
        const s = v * v;
        sums[1]! += v;
        sums[2]! += s;
        sums[3]! += s * v;
        sums[4]! += s * s;
      }
      for (let i = 0; i < x.length; i += 2) product += x[i]! * x[i + 1]!;
    }
    const n = 2 * rounds * count;
    // Five standard errors of each sample moment: Var x = 1, x² 2, x³ 15, x⁴ 96; of the product of a pair 1.
    const bound = (variance: number, m = n): number => 5 * Math.sqrt(variance / m);
    expect(Math.abs(sums[1]! / n)).toBeLessThan(bound(1));
    expect(Math.abs(sums[2]! / n - 1)).toBeLessThan(bound(2));
    expect(Math.abs(sums[3]! / n)).toBeLessThan(bound(15));
    expect(Math.abs(sums[4]! / n - 3)).toBeLessThan(bound(96));
    expect(Math.abs(product / (n / 2))).toBeLessThan(bound(1, n / 2));
    // Kolmogorov-Smirnov at the bins' edges: below the critical value of the exact test, 1.949 / √n at p = 0.001.
    let [below, distance] = [0, 0];
    for (let b = 0; b <= bins; b++) {
      below += histogram[b]!;
      distance = Math.max(distance, Math.abs(below / n - normalCdf(-4 + (b * 8) / bins)));
    }
    expect(Math.sqrt(n) * distance).toBeLessThan(1.949);
  });
});

/** Normal distribution function by its series (Marsaglia 2004), to 1e-15. */
function normalCdf(x: number): number {
  let [sum, term] = [x, x];
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}

describe("exponential and logarithm", () => {
  it("are within 2e-7 relative of float64", async () => {
    const count = 2 ** 18;
    const body =
      "let x = (f32(i) / 262144.0f - 0.5f) * 160.0f; out[i] = vec2u(bitcast<u32>(x), bitcast<u32>(sal_exp(x)));";
    const e = new Float32Array(await run(body, count));
    let worst = 0;
    for (let i = 0; i < count; i++) {
      worst = Math.max(worst, Math.abs(e[2 * i + 1]! / Math.exp(e[2 * i]!) - 1));
    }
    // Polynomial 3e-9, a handful of float32 roundings of 6e-8 each.
    expect(worst).toBeLessThan(2e-7);
    const log =
      "let x = bitcast<f32>(0x00800000u + i * 8000u); out[i] = vec2u(bitcast<u32>(x), bitcast<u32>(sal_log(x)));";
    const l = new Float32Array(await run(log, count));
    const near =
      "let x = 1.0f + (f32(i) - 131072.0f) * 1e-7f; out[i] = vec2u(bitcast<u32>(x), bitcast<u32>(sal_log(x)));";
    const m = new Float32Array(await run(near, count));
    worst = 0;
    for (const data of [l, m]) {
      for (let i = 0; i < count; i++) {
        const exact = Math.log(data[2 * i]!);
        if (exact !== 0) worst = Math.max(worst, Math.abs(data[2 * i + 1]! / exact - 1));
        else expect(data[2 * i + 1]).toBe(0);
      }
    }
    expect(worst).toBeLessThan(2e-7);
  });

  it("sine, cosine and hyperbolic tangent agree with float64", async () => {
    const count = 2 ** 18;
    for (const [name, exact] of [
      ["sin", Math.sin],
      ["cos", Math.cos],
      ["tanh", Math.tanh],
    ] as const) {
      const body = `let x = (f32(i) / 262144.0f - 0.5f) * 20.0f; out[i] = vec2u(bitcast<u32>(x), bitcast<u32>(sal_${name}(x)));`;
      const v = new Float32Array(await run(body, count));
      let worst = 0;
      for (let i = 0; i < count; i++) worst = Math.max(worst, Math.abs(v[2 * i + 1]! - exact(v[2 * i]!)));
      // Polynomials 3e-8; the argument's reduction loses 6e-8 of up to 10.
      expect(worst, name).toBeLessThan(1e-6);
    }
  });

  it("do not leave the finite numbers", async () => {
    const body =
      "let x = select(-1e6f, 1e6f, (i & 1u) == 0u); out[i] = vec2u(bitcast<u32>(x), bitcast<u32>(sal_exp(x)));";
    const e = new Float32Array(await run(body, 65536));
    expect(e[1]).toBe((2 - 2 ** -23) * 2 ** 127);
    expect(e[3]).toBe(0);
  });
});
