/** `saltation inspect` and `saltation convert`, and jobs that name the files. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.js";
import { makeNwb } from "../support/hdf5.js";
import { readNpz } from "../support/npz.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-convert-"));
const at = (name: string): string => join(folder, name);
const run = async (...args: string[]): Promise<string> => {
  const { code, out, error } = await commandLine(args);
  expect(error).toBe("");
  expect(code).toBe(0);
  return out;
};
const refused = async (...args: string[]): Promise<string> => {
  const { code, out, error } = await commandLine(args);
  expect([code, out]).toEqual([1, ""]);
  expect(error.trim()).not.toMatch(/\n/);
  return error.trim();
};
beforeAll(async () => {
  writeFileSync(at("cell.nwb"), await makeNwb());
});

describe("inspect", () => {
  it("shows what is inside, and lines that a job takes as they stand", async () => {
    const out = await run("inspect", at("cell.nwb"));
    expect(out).toMatch(/cell\.nwb: NWB 2\.6\.0\n/);
    expect(out).toMatch(/│ units +│ spike trains │ 5 spikes, 2 neurons, 1 trial │ +│ s +│/);
    expect(out).toMatch(
      /│ stimulus\/presentation\/current │ time series +│ 4000 samples +│ A +│ every 0\.0001 from 0\.5 s │/,
    );
    const lines = JSON.parse(`{${out.slice(out.indexOf("in a job:") + 9)}}`);
    expect(lines).toEqual(JSON.parse(await run("inspect", at("cell.nwb"), "--json")).job);
    expect(lines.input.current).toMatchObject({ dt: 0.1, samples: { unit: "nA", timeUnit: "ms", origin: 500 } });
    // Both by one clock.
    expect(lines.observed.origin).toBe(500);
    const job = {
      network: { cell: "gif" },
      ...lines,
      time: { t1: 200, dt: 0.1 },
      paths: 1,
      loss: { kind: "log-likelihood" },
      with: ["tau"],
    };
    writeFileSync(at("job.json"), JSON.stringify(job));
    const gradient = JSON.parse(
      await run("gradient", at("job.json"), "--json", "--backend", "cpu", "--no-discretisation"),
    );
    expect(gradient.value).toBeGreaterThan(0);
    // Given by hand, the same: 3 spikes of neuron 7, and the current in nA.
    const samples = Array.from({ length: 4000 }, (_, i) => (i - 100) / 1000);
    const observed = [[512.5, 530, 610].map((t) => t - 500)];
    writeFileSync(at("same.json"), JSON.stringify({ ...job, input: { current: { dt: 0.1, samples } }, observed }));
    const same = JSON.parse(
      await run("gradient", at("same.json"), "--json", "--backend", "cpu", "--no-discretisation"),
    );
    expect({ ...gradient, seconds: 0 }).toEqual({ ...same, seconds: 0 });
    expect(await refused("gradient", at("job.json"), "--root", join(folder, "none"))).toMatch(/--root/);
  });

  it("asks for what the file does not say", async () => {
    const out = await run("inspect", "test/files/data/shd.h5");
    expect(out).toMatch(/in a job, with what you know in place of "\?":/);
    expect(out).toMatch(/"fileTimeUnit": "\?"/);
  });
});

describe("convert", () => {
  it("from NWB to every kind, with units and the same bits", async () => {
    expect(await run("convert", at("cell.nwb"), at("a.csv"))).toMatch(
      /^5 spikes in 1 trial, times in s: NWB 2\.6\.0 to /,
    );
    expect(readFileSync(at("a.csv"), "utf8")).toBe("time_s,neuron\n0.5125,7\n0.52,9\n0.53,7\n0.61,7\n0.7,9\n");
    await run("convert", at("a.csv"), at("a.parquet"));
    await run("convert", at("a.parquet"), at("a.npz"));
    const { spike_times, spike_neurons } = readNpz(readFileSync(at("a.npz")));
    expect([...spike_times!.data]).toEqual([0.5125, 0.52, 0.53, 0.61, 0.7]);
    expect([...spike_neurons!.data]).toEqual([7, 9, 7, 7, 9]);
    await run("convert", at("a.npz"), at("b.csv"), "--time-unit", "ms", "--neurons", "9", "--origin", "500");
    expect(readFileSync(at("b.csv"), "utf8")).toBe("time_ms,neuron\n20,0\n200,0\n");
  });

  it("of a time series to npz", async () => {
    const key = ["--key", "stimulus/presentation/current"];
    const out = await run(
      "convert",
      at("cell.nwb"),
      at("c.npz"),
      ...key,
      "--unit",
      "pA",
      "--time-unit",
      "ms",
      "--json",
    );
    expect(JSON.parse(out)).toMatchObject({ samples: 4000, unit: "pA", timeUnit: "ms", dt: 0.1, start: 500 });
    const { values, dt } = readNpz(readFileSync(at("c.npz")));
    expect([...values!.data].slice(0, 3)).toEqual([-100, -99, -98]);
    expect(dt!.data[0]).toBe(0.1);
    // Which is a time series again, in its own units.
    const { entries, job } = JSON.parse(await run("inspect", at("c.npz"), "--json"));
    expect(entries).toMatchObject([
      { key: "values", what: "time series", size: "4000 samples", unit: "pA", start: 500 },
    ]);
    const { samples } = job.input.current;
    expect(samples).toEqual({ file: at("c.npz"), key: "values", unit: "nA", timeUnit: "ms", origin: 500 });
    await run("convert", at("c.npz"), at("d.npz"), "--key", "values", "--unit", "nA", "--time-unit", "s");
    const again = readNpz(readFileSync(at("d.npz")));
    expect([...again.values!.data].slice(0, 3)).toEqual([-0.1, -0.099, -0.098]);
    expect([again.dt!.data[0], again.start!.data[0]]).toEqual([1e-4, 0.5]);
    expect(await refused("convert", at("cell.nwb"), at("c.csv"), ...key)).toMatch(
      /TO: .*time series are written to npz/,
    );
  });

  it("asks for a unit that is not known, and refuses what it cannot do in one line", async () => {
    const shd = "test/files/data/shd.h5";
    expect(await refused("convert", shd, at("s.csv"))).toMatch(/--file-time-unit: is missing: the file does not say/);
    expect(await run("convert", shd, at("s.csv"), "--file-time-unit", "s")).toMatch(/4 spikes in 3 trials, times in s/);
    expect(readFileSync(at("s.csv"), "utf8")).toMatch(/^time_s,neuron,trial\n.*\n.*\n.*\n,,1\n0\.5,12,2\n$/);
    expect(await refused("convert", shd, at("s.txt"))).toMatch(
      /TO: .* does not end in \.npz, \.parquet, \.csv, \.json or \.nir/,
    );
    expect(await refused("convert", shd, shd)).toMatch(/TO: /);
    expect(await refused("convert", at("cell.nwb"), at("s.csv"), "--neurons", "7,x")).toMatch(
      /--neurons: expected whole/,
    );
    expect(await refused("convert", at("cell.nwb"), at("s.csv"), "--time-unit", "h")).toMatch(
      /--time-unit: expected a unit/,
    );
    expect(await refused("inspect", at("none.nwb"))).toMatch(/FILE: cannot read .*none\.nwb: no such file/);
  });
});
