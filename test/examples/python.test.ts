/** The client for Python, and the example that fits a cell to an NWB file, as a user would run them. */
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { pythonWith } from "../support/python.js";

const folder = fileURLToPath(new URL("../../examples/python", import.meta.url));
const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" };
const python = async (which: string, args: readonly string[], cwd: string): Promise<string> =>
  (await promisify(execFile)(which, args, { cwd, env })).stdout;

describe("from Python", () => {
  it("jobs with arrays, results as arrays, errors as the command's line", async (context) => {
    const which = pythonWith("numpy");
    if (!which) return context.skip("needs a Python with numpy (Debian's python3-numpy)");
    const place = mkdtempSync(join(tmpdir(), "saltation-python-"));
    const program = `
import json
import numpy as np
import saltation
job = {"network": {"neurons": 2}, "input": {"current": np.array([1.5, 1.0])}, "time": {"t1": 1, "dt": 0.01}, "paths": np.int64(8)}
spikes = saltation.run("simulate", job, backend="cpu", out="spikes.npz")
loss = {"kind": "mean-spike-time", "neuron": 0}
gradient = saltation.run("gradient", {**job, "loss": loss, "with": ["current"]}, backend="cpu")
converted = saltation.convert("spikes.npz", "spikes.parquet")
saltation.convert("spikes.parquet", "back.npz")
back = saltation.load("back.npz")
said = []
for wrong in ({**job, "paths": 0}, {**job, "observed": 1}):
    try:
        saltation.run("simulate", wrong)
    except saltation.SaltationError as error:
        said.append([error.code, str(error)])
try:
    saltation.run("simulate", {**job, "paths": 100000, "time": {"t1": 1000, "dt": 0.001}}, backend="cpu", timeout=0.5)
except saltation.SaltationError as error:
    said.append([error.code, str(error)])
print(json.dumps({
    "same": all(np.array_equal(back[name], spikes.arrays[name]) for name in spikes.arrays),
    "shape": spikes.arrays["spike_times"].shape, "count": float(spikes.arrays["spike_counts"].mean()),
    "mean": spikes["meanSpikeCount"], "value": [gradient["value"], float(gradient.arrays["value"][0])],
    "converted": converted, "said": said, "entries": [e["what"] for e in saltation.inspect("spikes.parquet")["entries"]],
}))`;
    writeFileSync(join(place, "program.py"), program);
    const found = JSON.parse(await python(which, ["program.py"], place));
    expect(found.same).toBe(true);
    expect(found.shape[0]).toBe(8);
    expect(found.count).toBe(found.mean);
    expect(found.value[0]).toBe(found.value[1]);
    expect(found.converted).toMatchObject({ spikes: 8 * found.mean, trials: 8, timeUnit: null });
    expect(found.entries).toEqual(["spike trains"]);
    expect(found.said).toEqual([
      [1, "paths: expected a whole number from 1 to 1073741824, got 0"],
      [1, expect.stringMatching(/^observed: unknown field, which belongs to "gradient" and "train"/)],
      [1, "timeout: simulate took more than 0.5 s, and was ended; give it more, or less to do"],
    ]);
  });

  it("a cell fitted to an NWB file", async (context) => {
    const which = pythonWith("numpy", "h5py");
    if (!which) return context.skip("needs a Python with numpy and h5py (Debian's python3-h5py)");
    const out = await python(which, ["fit_nwb.py"], folder);
    const [, before, after] = /minus log-likelihood ([\d.]+) → ([\d.]+) in 100 steps/.exec(out)!.map(Number);
    // The same data and steps in the command line end at 327.4.
    expect(after).toBeLessThan(330);
    expect(before).toBeGreaterThan(500);
    // One trial of 170 spikes: within a quarter of what it was drawn with.
    expect(Math.abs(Number(/ tau ([\d.]+)/.exec(out)![1]) / 12 - 1)).toBeLessThan(0.25);
    expect(Math.abs(Number(/ gain ([\d.]+)/.exec(out)![1]) / 60 - 1)).toBeLessThan(0.25);
  });
});
