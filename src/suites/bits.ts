/** Fingerprints of results: equal where every bit is. */
import type { Engine } from "../engine.js";
import { firstSpikes } from "../loss/spike-times.js";
import { layered, single } from "./sizes.js";

export interface Bits {
  readonly simulate: string;
  readonly gradient: string;
}

async function digest(arrays: readonly ArrayBufferView[]): Promise<string> {
  const all = new Uint8Array(arrays.reduce((n, a) => n + a.byteLength, 0));
  let at = 0;
  for (const a of arrays) {
    all.set(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), at);
    at += a.byteLength;
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  return Array.from(hash.subarray(0, 8), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** SHA-256, its first 64 bits, of spike trains and gradients of one neuron and of a network of 22, by Euler's method and along the driver path. */
export async function fingerprint(engine: Engine): Promise<Bits> {
  const spikes: ArrayBufferView[] = [];
  const gradients: ArrayBufferView[] = [];
  for (const [definition, paths, names] of [
    [single, 512, ["current", "mu1", "beta"]],
    [layered, 16, ["current", "weights"]],
  ] as const) {
    const network = engine.network(definition);
    for (const method of ["euler", "levy"] as const) {
      const options = { paths, t1: 1, dt: 0.02, seed: 11, method };
      const simulated = await network.simulate(options);
      const { times, neurons, counts } = await simulated.read();
      simulated.dispose();
      spikes.push(times, neurons, counts);
      const loss = firstSpikes([[0.2, 0.5]]);
      const how = { ...options, with: names, standardErrors: false };
      const { value, flat } = await network.valueAndGradient(loss, how);
      gradients.push(Float64Array.of(value), flat);
    }
  }
  return { simulate: await digest(spikes), gradient: await digest(gradients) };
}
