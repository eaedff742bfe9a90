/** The `simd` backend gives the same bits on processors that lack what newer ones have, and by either compiler of V8. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Spikes and gradients of a neuron and of a network with noise, and a signature kernel with its gradient, as bits. */
const script = `
import { createHash } from "node:crypto";
import { Engine, firstSpikes, signatureBackend, signatureMMD } from "saltation";
const engine = await Engine.create({ backend: "simd", threads: 1 });
const hashes = [];
const told = (...arrays) => {
  const hash = createHash("sha256");
  for (const a of arrays) hash.update(new Uint8Array(Float64Array.from(a).buffer));
  hashes.push(hash.digest("hex"));
};
const options = { paths: 60, t1: 1, dt: 0.02, seed: 4, with: ["current"] };
const weights = { edges: [[0, 1, 0.5], [1, 2, -0.3], [2, 0, 0.4]] };
for (const definition of [{ current: 1.5 }, { neurons: 3, current: 1.4, weights }]) {
  const network = engine.network(definition);
  const table = await (await network.simulate(options)).read();
  const { value, flat } = await network.valueAndGradient(firstSpikes([[0.2, 0.4]]), options);
  told(table.counts, table.times, [value], flat);
}
const paths = (n, f) => Array.from({ length: n }, (_, k) => Array.from({ length: 70 }, (_, i) => [i / 70, f(i * (k + 1))]));
const mmd = await signatureMMD(signatureBackend(engine.gpu), paths(4, Math.sin), paths(3, (x) => 0.5 * Math.sin(2 * x)), { gradient: { x: true } });
told([mmd.value], mmd.gradientX);
console.log(JSON.stringify(hashes));
process.exit();
`;

const less = ["avx", "avx2", "fma3", "sse4-2", "bmi1", "bmi2", "popcnt", "lzcnt"].map((f) => `--no-enable-${f}`);
const machines: [string, string[]][] = [
  ["without anything that came after SSE4.1", less],
  ["by the compiler that does not optimise", ["--liftoff-only"]],
];

it.runIf(process.arch === "x64")("gives the same bits on other processors", async () => {
  const run = async (flags: string[]): Promise<string[]> => {
    const args = [...flags, "--input-type=module", "--eval", script];
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
  };
  const [here, ...others] = await Promise.all([[], ...machines.map(([, flags]) => flags)].map(run));
  expect(here).toHaveLength(3);
  expect(new Set(here).size).toBe(3);
  for (const [n, [name]] of machines.entries()) expect(others[n], name).toEqual(here);
});
