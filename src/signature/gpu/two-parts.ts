/** Numbers in two float32 parts, and whether a device's arithmetic on them holds, found by trying. */
import { twoParts } from "../../../shaders/signature/two-parts.wgsl.js";
import { twoPartsProbe } from "../../../shaders/signature/two-parts-probe.wgsl.js";
import type { Gpu } from "../../gpu/index.js";

const count = 64;
/** Above what sums and products in two parts are off by (2^-46 and a few), below what float32 alone is (2^-24). */
const tolerance = 2 ** -42;

/** Float64 numbers as float32 and what is left, one after the other. */
export function splitParts(values: Float64Array): Float32Array {
  const parts = new Float32Array(2 * values.length);
  values.forEach((v, i) => {
    parts[2 * i] = v;
    parts[2 * i + 1] = v - parts[2 * i]!;
  });
  return parts;
}

export function joinParts(parts: Float32Array): Float64Array {
  return Float64Array.from({ length: parts.length / 2 }, (_, i) => parts[2 * i]! + parts[2 * i + 1]!);
}

/** Numbers of either sign about 1, as a high part and what float32 rounds away. */
function someNumbers(): { exact: Float64Array; parts: Float32Array } {
  const exact = Float64Array.from({ length: 2 * count }, (_, i) => Math.cos(1 + 7 * i) + (i % 2 === 0 ? 1.5 : -0.25));
  const parts = splitParts(exact);
  return { exact: joinParts(parts), parts }; // to 48 bits
}

/**
 * Adds and multiplies numbers in two parts on the device. WGSL lets compilers take sums apart as if they were exact, and
 * then low parts come out as zero.
 * @param functions WGSL of `plus` and `times`.
 * @returns whether every result keeps 42 bits.
 */
export async function tryTwoParts(gpu: Gpu, functions = twoParts): Promise<boolean> {
  const { exact, parts } = someNumbers();
  const kernel = await gpu.kernel(twoPartsProbe(functions));
  const operands = gpu.upload("operands", parts);
  const results = gpu.buffer("results", 16 * count);
  try {
    const batch = gpu
      .batch("two-part arithmetic")
      .dispatch(kernel, { uniform: { count }, operands, results, threads: count });
    const read = batch.read(results);
    batch.submit();
    const got = new Float32Array(await read);
    for (let i = 0; i < count; i++) {
      const [a, b] = [exact[2 * i]!, exact[2 * i + 1]!];
      const [sum, product] = [got[4 * i]! + got[4 * i + 1]!, got[4 * i + 2]! + got[4 * i + 3]!];
      // A sum loses the digits that the operands lose.
      if (!(Math.abs(sum - (a + b)) <= tolerance * (Math.abs(a) + Math.abs(b)))) return false;
      if (!(Math.abs(product - a * b) <= tolerance * Math.abs(a * b))) return false;
    }
    return true;
  } finally {
    operands.dispose();
    results.dispose();
  }
}

/**
 * Finds out whether two parts hold as they are written, and where they do not, whether they do with sums that the compiler
 * cannot see through, which cost an operation more each.
 */
async function findTwoParts(gpu: Gpu): Promise<boolean> {
  if (await tryTwoParts(gpu)) return true;
  gpu.traits.opaque_sums = 1;
  return tryTwoParts(gpu);
}

const known = new WeakMap<Gpu, Promise<boolean>>();

/** Whether the device keeps numbers in two parts; tried once. Where it does not, float32 alone serves as well, and faster. */
export function keepsTwoParts(gpu: Gpu): Promise<boolean> {
  let answer = known.get(gpu);
  if (!answer) {
    answer = findTwoParts(gpu);
    known.set(gpu, answer);
    answer.catch(() => known.delete(gpu)); // a lost device, say
  }
  return answer;
}
