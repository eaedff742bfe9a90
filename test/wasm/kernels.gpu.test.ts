/** Kernels as WebAssembly SIMD do what WGSL says, lane by lane, whatever the lanes have in common. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Gpu } from "../../src/gpu/index.js";
import { simdAdapter } from "../../src/wasm/device.js";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.on({ adapter: await simdAdapter({ threads: 2 }), backend: "simd" });
});
afterAll(() => gpu.dispose());

const uniform = { count: 37, factor: 1.5 };

/** Runs WGSL that writes `out[i]` for so many lanes, and reads it. */
async function run(
  body: string,
  given: Partial<{ size: number; lanes: number; type: string; words: number; before: string; fours: number }> = {},
) {
  const { size = 64, lanes = 96, type = "u32", before = "" } = given;
  const { words = lanes, fours = 0 } = given;
  const code = /* wgsl */ `
struct U { count: u32, factor: f32 }
@group(0) @binding(0) var<uniform> u: U;
@group(0) @binding(1) var<storage, read_write> out: array<${type}>;
@group(0) @binding(2) var<storage, read_write> sums: array<atomic<u32>>;
${before}
@compute @workgroup_size(${size})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = id.x;
  ${body}
}`;
  const kinds: "read_write"[] = ["read_write", "read_write", "read_write"];
  const kernel = await gpu.kernel({
    label: "test",
    code,
    bindings: fours > 0 ? kinds : kinds.slice(1),
    uniformBytes: 16,
  });
  const fields = new DataView(new ArrayBuffer(16));
  fields.setUint32(0, uniform.count, true);
  fields.setFloat32(4, uniform.factor, true);
  const out = gpu.buffer("out", 4 * words);
  const sums = gpu.buffer("sums", 32);
  const third = fours > 0 ? [gpu.buffer("fours", 4 * fours)] : [];
  const batch = gpu.batch("test").clear(out).clear(sums);
  for (const buffer of third) batch.clear(buffer);
  batch.dispatch(kernel, { buffers: [out, sums, ...third], uniforms: fields, groups: Math.ceil(lanes / size) });
  const [a, b] = [batch.read(out), batch.read(sums)];
  batch.submit();
  const data = await a;
  const result =
    type === "f32" ? new Float32Array(data) : type === "i32" ? new Int32Array(data) : new Uint32Array(data);
  const all = new Uint32Array(await b);
  out.dispose();
  sums.dispose();
  for (const buffer of third) buffer.dispose();
  return { out: Array.from(result), sums: Array.from(all) };
}

const each = (lanes: number, of: (i: number) => number): number[] => Array.from({ length: lanes }, (_, i) => of(i));

describe("control flow", () => {
  it("leaves out lanes that return, and stores nothing for them", async () => {
    const { out } = await run("if (i >= u.count) { return; } out[i] = i + 1u;");
    expect(out).toEqual(each(96, (i) => (i < 37 ? i + 1 : 0)));
  });

  it("loops until each lane is done", async () => {
    const { out } = await run(`
      var n = i;
      var steps = 0u;
      loop {
        if (n == 0u) { break; }
        n = select(n / 2u, n - 1u, (n & 1u) == 1u);
        steps += 1u;
        continuing { break if steps == 9u; }
      }
      out[i] = steps;`);
    const steps = (i: number): number => {
      let [n, s] = [i, 0];
      while (n > 0 && s < 9) [n, s] = [n % 2 ? n - 1 : n / 2, s + 1];
      return s;
    };
    expect(out).toEqual(each(96, steps));
  });

  it("skips turns of some lanes, and counts for all", async () => {
    const { out } = await run(`
      var sum = 0u;
      for (var k = 0u; k < 10u; k += 1u) {
        if ((k + i) % 3u == 0u) { continue; }
        if (k > i) { break; }
        sum += k;
      }
      out[i] = sum;`);
    const sum = (i: number): number => {
      let s = 0;
      for (let k = 0; k < 10; k++) {
        if ((k + i) % 3 === 0) continue;
        if (k > i) break;
        s += k;
      }
      return s;
    };
    expect(out).toEqual(each(96, sum));
  });

  it("leaves a loop at its end one lane after the other, with turns that all have in common", async () => {
    const { out, sums } = await run(`
      var sum = 0u;
      var last = 0u;
      for (var k = 0u; ; k += 1u) {
        if (k % 7u == i % 7u) { last = k + atomicAdd(&sums[0], 1u) * 0u; } else { sum += k; }
        if (k >= i % 11u) { break; }
      }
      out[i] = sum * 100u + last;`);
    let hits = 0;
    const of = (i: number): number => {
      let [sum, last] = [0, 0];
      for (let k = 0; k <= i % 11; k++) {
        if (k % 7 !== i % 7) sum += k;
        else [last, hits] = [k, hits + 1];
      }
      return sum * 100 + last;
    };
    expect(each(128, of).slice(0, 96)).toEqual(out);
    expect(sums[0]).toBe(hits);
  });

  it("takes a long branch in turns in which some lane does, and goes on beside it in the others", async () => {
    // Longer than what is written out under a mask, without a loop; every lane takes it now and then, and leaves at its own time.
    const long = Array.from({ length: 12 }, (_, k) => `hits += (n ^ ${k + 3}u) % ${k + 5}u;`).join(" ");
    const { out } = await run(`
      var n = 7u * i + 1u;
      var turns = 0u;
      var hits = 0u;
      var plain = 0u;
      loop {
        let rare = (n + i) % 11u == 0u;
        if (rare) { ${long} n += 3u; out[i] = hits; } else { plain += n & 3u; n += 1u; }
        turns += 1u;
        hits ^= n;
        continuing { break if turns >= 20u + i % 9u; }
      }
      out[i] = hits + 65536u * plain;`);
    const expected = (i: number): number => {
      let [n, turns, hits, plain] = [7 * i + 1, 0, 0, 0];
      do {
        if ((n + i) % 11 === 0) {
          for (let k = 0; k < 12; k++) hits += (n ^ (k + 3)) % (k + 5);
          n += 3;
        } else {
          plain += n & 3;
          n += 1;
        }
        turns++;
        hits ^= n;
      } while (turns < 20 + (i % 9));
      return hits + 65536 * plain;
    };
    expect(out).toEqual(each(96, expected));
  });

  it("does not ask whether to leave in turns that are skipped", async () => {
    const { out } = await run(`
      var sum = 0u;
      for (var k = 0u; ; k += 1u) {
        if (k % 3u == i % 3u) { continue; }
        sum += k;
        if (k >= i % 11u) { break; }
      }
      out[i] = sum;`);
    const of = (i: number): number => {
      let sum = 0;
      for (let k = 0; ; k++) {
        if (k % 3 === i % 3) continue;
        sum += k;
        if (k >= i % 11) return sum;
      }
    };
    expect(out).toEqual(each(96, of));
  });

  it("returns from the middle of functions, also within loops", async () => {
    const before = `
fn first_square_above(n: u32) -> u32 {
  if (n == 5u) { return 500u; }
  for (var k = 0u; k < 20u; k += 1u) {
    while (k * k < n && k > 15u) { return 7u; }
    if (k * k > n) { return k; }
  }
  return 0u;
}`;
    const { out } = await run("out[i] = first_square_above(i);", { before });
    expect(out).toEqual(each(96, (i) => (i === 5 ? 500 : Math.floor(Math.sqrt(i)) + 1)));
  });

  it("goes by a switch", async () => {
    const { out } = await run(`
      var v = 1u;
      switch (i & 3u) {
        case 0u: { v = 10u; }
        case 2u, 3u: { if (i > 20u) { break; } v = 20u; }
        default: { v = 30u; }
      }
      out[i] = v;`);
    expect(out).toEqual(each(96, (i) => (i % 4 === 0 ? 10 : i % 4 === 1 ? 30 : i > 20 ? 1 : 20)));
  });

  it("has effects on the right of && only where the left holds", async () => {
    const before = "fn noted(i: u32) -> bool { return atomicAdd(&sums[0], i) < 1000000u; }";
    const { sums } = await run("if (i < 10u && noted(i)) { atomicMax(&sums[1], i); }", { before });
    expect(sums.slice(0, 2)).toEqual([45, 9]);
  });
});

describe("numbers", () => {
  it("divides integers, and leaves what is divided by 0", async () => {
    const { out } = await run("out[i] = 1000u / (i % 7u) + (1000u % (i % 5u)) * 2000u;");
    const q = (a: number, b: number): number => (b === 0 ? a : Math.floor(a / b));
    const r = (a: number, b: number): number => (b === 0 ? 0 : a % b);
    expect(out).toEqual(each(96, (i) => q(1000, i % 7) + r(1000, i % 5) * 2000));
  });

  it("turns signs exactly", async () => {
    const { out } = await run(
      `let a = f32(i) / 7.0f - 5.0f;
      let b = 1.1f - f32(i % 5u);
      let forms = array<f32, 6>(1.3f + a * -b, -a * b + 1.3f, -a * -b, 1.3f - -a, -a - 1.3f, 1.3f - -a * b);
      out[i] = forms[i % 6u];`,
      { type: "f32" },
    );
    const { fround } = Math;
    const of = (i: number): number => {
      const [a, b, c] = [fround(fround(i / 7) - 5), fround(fround(1.1) - (i % 5)), fround(1.3)];
      const ab = fround(a * b);
      return fround([c - ab, c - ab, ab, c + a, -a - c, c + ab][i % 6]!);
    };
    expect(out).toEqual(each(96, of));
  });

  it("shifts by lane, compares by sign", async () => {
    const body = "let x = i32(i) - 48; out[i] = select(x >> (i & 3u), x << (i & 3u), x < -10 || u32(x) > 0xfffffff8u);";
    const { out } = await run(body, { type: "i32" });
    const one = (i: number): number => {
      const x = i - 48;
      return x < -10 || x >>> 0 > 0xfffffff8 ? x << (i & 3) : x >> (i & 3);
    };
    expect(out).toEqual(each(96, one));
  });

  it("converts numbers above 2^31 and bits without a sign", async () => {
    const body = `
      let x = i * 44739243u;
      out[3u * i] = f32(x);
      out[3u * i + 1u] = f32(x & 0xffffff00u);
      out[3u * i + 2u] = f32(i32(x >> 3u)) + f32(u32(2.5f * u.factor)) + bitcast<f32>(0x3f800000u);`;
    const { out } = await run(body, { type: "f32", words: 288 });
    const expected = each(96, (i) => Math.imul(i, 44739243) >>> 0).flatMap((x) => [
      Math.fround(x),
      Math.fround((x & 0xffffff00) >>> 0),
      Math.fround(Math.fround(Math.fround(x >>> 3) + 3) + 1),
    ]);
    expect(out).toEqual(expected);
  });

  it("keeps constants of one number and several types apart", async () => {
    const { out } = await run("out[i] = bitcast<u32>(select(1.0f, 0.0f, i > 50u)) + select(1u, 0u, i > 60u);");
    expect(out).toEqual(each(96, (i) => (i > 50 ? 0 : 0x3f800000) + (i > 60 ? 0 : 1)));
  });
});

describe("memory", () => {
  it("has arrays of a lane's own, and structures", async () => {
    const before = "struct P { a: u32, b: vec2u }";
    const { out } = await run(
      `
      var all: array<P, 4>;
      for (var k = 0u; k < 6u; k += 1u) { all[(k + i) % 4u].b.y += k; all[k % 4u].a = i; }
      let one = all[i % 4u];
      var v = vec3u(one.a, one.b);
      v[i % 3u] += 100u;
      out[i] = v.x + 3u * v.y + 7u * v.z;`,
      { before },
    );
    const one = (i: number): number => {
      let y = 0;
      for (let k = 0; k < 6; k++) if ((k + i) % 4 === i % 4) y += k;
      const v = [i, 0, y];
      v[i % 3]! += 100;
      return v[0]! + 3 * v[1]! + 7 * v[2]!;
    };
    expect(out).toEqual(each(96, one));
  });

  it("lets lanes of a workgroup wait for each other", async () => {
    const before = "var<workgroup> part: array<u32, 32>;";
    const body = `
      part[lane] = i * i;
      workgroupBarrier();
      for (var s = 16u; s > 0u; s = s >> 1u) {
        if (lane < s) { part[lane] += part[lane + s]; }
        workgroupBarrier();
      }
      out[i] = part[0] + part[lane];`;
    const { out } = await run(body, { size: 32, before });
    const tree = (group: number): number[] => {
      const part = each(32, (l) => (32 * group + l) ** 2);
      for (let s = 16; s > 0; s >>= 1) for (let l = 0; l < s; l++) part[l]! += part[l + s]!;
      return part;
    };
    expect(out).toEqual([0, 1, 2].flatMap((g) => tree(g).map((p, _, all) => p + all[0]!)));
  });

  it("reads and writes vectors of four where each lane has its own", async () => {
    const before = `@group(0) @binding(3) var<storage, read_write> fours: array<vec4u>;
fn turned(n: u32) -> u32 { return (n * 7u) % 96u; }`;
    const body = `
      if (i < 90u) { fours[turned(i)] = vec4u(i, i + 100u, i * i, 7u); }
      storageBarrier();
      let it = fours[turned(i)];
      let other = fours[turned((i & 0xfffffffcu) + 3u - (i & 3u))];
      fours[turned(i)].z = it.z + 1u;
      out[i] = it.x + 1000u * it.y + it.w * fours[turned(i)].z + other.w + fours[i * 100000u].w;`;
    const { out } = await run(body, { before, size: 96, fours: 4 * 96 });
    const of = (i: number): number[] => (i < 90 ? [i, i + 100, i * i, 7] : [0, 0, 0, 0]);
    const value = (i: number): number => {
      const [x, y, z, w] = of(i) as [number, number, number, number];
      return x + 1000 * y + w * (z + 1) + of((i & ~3) + 3 - (i & 3))[3]!;
    };
    // What lies beyond the end is of some element, whose fourth number is 7 or 0.
    for (const [i, v] of out.entries()) expect([value(i), value(i) + 7]).toContain(v);
    expect(out[0]).toBe(value(0) + 7);
  });

  it("stays within buffers", async () => {
    const { out } = await run("out[i + 90u] = out[i * 1000000u] + 1u; out[i - 2u] = 5u;");
    expect(out).toHaveLength(96);
  });

  it("counts by atomics over all threads", async () => {
    const { sums } = await run("atomicAdd(&sums[i % 3u], 1u); atomicMin(&sums[3], i); atomicOr(&sums[4], 1u << (i & 7u));", { lanes: 4096, words: 4096 }); // biome-ignore format: one line
    expect(sums.slice(0, 5)).toEqual([1366, 1365, 1365, 0, 255]);
  });
});

it("what is no kernel is refused with the line", async () => {
  await expect(run("out[i] = missing(i);")).rejects.toMatchObject({ code: "compile", message: expect.stringContaining("missing") }); // biome-ignore format: one line
  await expect(run("out[i] = 1.0f;")).rejects.toMatchObject({ code: "compile" });
});
