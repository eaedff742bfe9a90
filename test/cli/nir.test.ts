/** NIR on the command line: what a file holds, a job of it, and back. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { readNir } from "../../src/files/nir.js";
import { commandLine } from "../support/command-line.js";
import { chain, input, nirFile, output } from "../support/nir.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-nir-"));
const at = (name: string): string => join(folder, name);
const refused = async (...args: string[]): Promise<string> => {
  const { code, out, error } = await commandLine(args);
  expect([code, out]).toEqual([1, ""]);
  return error.trim();
};

beforeAll(async () => {
  const lif = { type: "LIF", tau: [0.02, 0.01], r: [1, 1], v_leak: [0, 0], v_threshold: [1, 1], v_reset: [0, 0] };
  const weight = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  const nodes = { in: input(3), fc: { type: "Affine", weight, bias: [2, 0.5] }, lif, out: output(2) };
  writeFileSync(at("net.nir"), await nirFile(nodes, chain("in", "fc", "lif", "out")));
});

it("shows the nodes of a file", async () => {
  const { out, code } = await commandLine(["inspect", at("net.nir")]);
  expect(code).toBe(0);
  expect(out).toMatch(/net\.nir: NIR\n/);
  expect(out).toMatch(/fc +│ Affine +│ 2 × 3 +│ bias, weight +│ lif/);
  const { nodes } = JSON.parse((await commandLine(["inspect", at("net.nir"), "--json"])).out);
  expect(nodes).toContainEqual({ node: "in", type: "Input", size: "3", parameters: ["shape"], to: ["fc"] });
});

it("makes a job of a file, and a file of the job", async () => {
  const made = await commandLine(["convert", at("net.nir"), at("job.json"), "--spike-area", "1e-3"]);
  expect(made.code).toBe(0);
  expect(made.error).toMatch(/an Input is a population of sources/);
  expect(made.out).toMatch(/^2 populations, 1 projections: NIR to .*job\.json\n/);
  const job = JSON.parse(readFileSync(at("job.json"), "utf8"));
  expect(job).toMatchObject({
    network: {
      populations: {
        in: { sources: 3 },
        lif: { neurons: 2, parameters: { tau: [0.02, 0.01], bias: [2, 0.5], area: 1e-3 } },
      },
      projections: [
        {
          from: "in",
          to: "lif",
          weights: {
            dense: [
              [1, 4],
              [2, 5],
              [3, 6],
            ],
          },
        },
      ],
    },
    time: { t1: 0.2, dt: 0.001 },
    paths: 1,
  });
  const back = await commandLine(["convert", at("job.json"), at("again.nir"), "--json"]);
  expect([back.code, back.error]).toEqual([0, ""]);
  expect(JSON.parse(back.out)).toMatchObject({ format: "job", warnings: [] });
  const { definition } = await readNir(readFileSync(at("again.nir")), { spikeArea: 1e-3 });
  expect(definition).toEqual(job.network);
  // A network of one cell, and what is lost of it.
  writeFileSync(at("slif.json"), JSON.stringify({ network: { cell: "slif", neurons: 2 }, input: { current: 1.5 } }));
  const lost = await commandLine(["convert", at("slif.json"), at("slif.nir")]);
  expect(lost.code).toBe(0);
  expect(lost.error).toMatch(/the hazard of "neurons" \(slif\) becomes a threshold at vTh/);
});

it("refuses what is neither, and options that do not go with it", async () => {
  writeFileSync(at("spikes.csv"), "time,neuron\n1,0\n");
  expect(await refused("convert", at("spikes.csv"), at("a.json"))).toMatch(
    /TO: .*: jobs are made of NIR files, and .* is none/,
  );
  expect(await refused("convert", at("net.nir"), at("a.json"), "--spike-area", "0")).toMatch(
    /--spike-area: expected a number/,
  );
  expect(await refused("convert", at("net.nir"), at("a.json"), "--key", "a")).toMatch(/--key: does not go with/);
  expect(await refused("convert", at("net.nir"), at("a.csv"), "--spike-area", "1")).toMatch(
    /--spike-area: is for NIR files/,
  );
  writeFileSync(at("conv.nir"), await nirFile({ a: { type: "Conv2d" }, b: output(1) }, chain("a", "b")));
  expect(await refused("convert", at("conv.nir"), at("a.json"))).toMatch(/FROM: .*conv\.nir holds no neurons/);
  writeFileSync(at("none.json"), "{}");
  expect(await refused("convert", at("none.json"), at("a.nir"))).toMatch(/network: is missing; a job has one/);
  writeFileSync(at("lif.json"), JSON.stringify({ network: { cell: "lif" } }));
  expect(await refused("convert", at("lif.json"), at("a.nir"))).toMatch(
    /network.populations.neurons.cell: "lif" is no neuron of NIR/,
  );
});
