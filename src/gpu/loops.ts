/**
 * Drivers that end loops. Mesa's llvmpipe allows a thread 65,535 turns, of all its loops together, and then goes on behind
 * them without a word: spikes after the first steps, or rows of a signature kernel, would be missing. So software adapters
 * other than SwiftShader are tried when a device is opened, and refused where they do this.
 */
import { declareKernel, readWrite } from "../../shaders/shared/declare.js";
import { SaltationError } from "../errors.js";
import type { Gpu } from "./gpu.js";

/** Set where tests keep their loops short, to run them on such an adapter all the same. */
export const shortLoops = { accepted: false };

const turns = 2 ** 17;

/** A congruential generator, which no compiler takes for a sum: from the number of turns to where they lead. */
const longLoop = declareKernel({
  label: "long loop",
  workgroupSize: 1,
  bindings: { state: readWrite("array<u32>") },
  body: /* wgsl */ `
fn main() {
  var h = 1u;
  for (var i = 0u; i < state[0]; i++) { h = h * 1664525u + 1013904223u; }
  state[1] = h;
}`,
});

/** Whether a loop of 131,072 turns makes them all. */
export async function finishesLoops(gpu: Gpu): Promise<boolean> {
  const kernel = await gpu.kernel(longLoop);
  const state = gpu.upload("long loop", Uint32Array.of(turns, 0));
  try {
    const batch = gpu.batch("long loop").dispatch(kernel, { state, groups: 1 });
    const read = batch.read(state);
    batch.submit();
    let h = 1;
    for (let i = 0; i < turns; i++) h = (Math.imul(h, 1664525) + 1013904223) >>> 0;
    return new Uint32Array(await read)[1] === h;
  } finally {
    state.dispose();
  }
}

/** @throws SaltationError `no-adapter` where the device ends loops early. */
export async function refuseShortLoops(gpu: Gpu): Promise<void> {
  if (shortLoops.accepted || (await finishesLoops(gpu))) return;
  const { vendor, description } = gpu.adapter;
  throw new SaltationError(
    "no-adapter",
    `the driver of ${description || vendor} ends a kernel's loops after some 65,000 turns, and long runs would be wrong ` +
      "without a word: use a GPU and its driver, or backend cpu",
  );
}
