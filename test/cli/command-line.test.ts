/** What may be typed on a command line: one line that says what to mend, before any work. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { coloured } from "../../src/cli/colours.js";
import { wholeOption } from "../../src/cli/options.js";
import { writeNpz } from "../../src/files/npz.js";
import { commandLine } from "../support/command-line.js";
import { readNpz } from "../support/npz.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-line-"));
const place = (name: string): string => join(folder, name);

function write(name: string, content: unknown): string {
  const bytes = typeof content === "string" || content instanceof Uint8Array;
  writeFileSync(place(name), bytes ? (content as string) : JSON.stringify(content));
  return place(name);
}

function saltation(args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}) {
  const { status, stdout, stderr } = spawnSync("node", ["bin/saltation.js", ...args], {
    encoding: "utf8",
    timeout: 60_000,
    input: options.input ?? "",
    env: { ...process.env, ...options.env },
  });
  return { code: status, out: stdout, error: stderr };
}

const base = { network: {}, input: { current: 1.5 }, time: { t1: 1, dt: 0.01 }, paths: 4, seed: 1 };
const train = {
  ...base,
  observed: [[0.2], [0.25]],
  loss: { kind: "first-spikes", spikes: 1 },
  trainable: ["current"],
  optimiser: { kind: "sgd", learningRate: 0.01 },
  steps: 2,
};
const gradient = { ...base, loss: { kind: "mean-spike-time" }, with: ["current"] };
const x = [
  [
    [0, 0],
    [1, 1],
  ],
];
const simulateFile = write("simulate.json", base);
const trainFile = write("train.json", train);
write("cut.npz", writeNpz({ spike_times: { data: new Float64Array(9), shape: [3, 3] } }).subarray(0, 100));

describe("a command line that is wrong", () => {
  const report = { ...train, metrics: { kind: "spike-trains", t0: 0, t1: 1, window: 0.1, bin: 0.1 } };
  const cases: [string[], RegExp][] = [
    [["fly"], /unknown command 'fly'/],
    [["simulat", "x"], /unknown command 'simulat' \(Did you mean simulate\?\)/],
    [["simulate"], /missing required argument 'job\.json'/],
    [["simulate", simulateFile, "--in", "cpu"], /unknown option '--in'/],
    [
      ["simulate", simulateFile, "--backend", "gpu"],
      /'--backend <backend>' argument 'gpu' is invalid.*auto, webgpu, simd, cpu/,
    ],
    [["worker", "--threads", "0"], /--threads: expected a whole number from 1 to 256, got "0"/],
    [["simulate", place("none.json")], /job file: cannot read .*none\.json: no such file or directory/],
    [["simulate", folder], /job file: cannot read .*: illegal operation on a directory/],
    [["simulate", write("empty.json", "")], /job file: .*empty\.json is empty; a job is one JSON object/],
    [["simulate", write("lines.json", '{\n"paths": a\n}\n')], /job file: .*lines\.json is not JSON/],
    [["simulate", write("list.json", "[]")], /job: expected a JSON object, got \[\]/],
    [
      ["simulate", write("deep.json", `{"network":${"[".repeat(1e5)}${"]".repeat(1e5)}}`)],
      /job file: .*deep\.json is nested more than 100 deep at line 1, column 111/,
    ],
    [["simulate", simulateFile, "--recording", "cell.json"], /--recording: is given, but the job has no "file": "@rec/],
    [["simulate", ""], /job file: is named ""; name a file/],
    [
      ["train", write("cut.json", { ...train, observed: { file: "cut.npz" } })],
      /observed: .*cut\.npz: not an npz file/,
    ],
    [
      ["train", write("many.json", { ...train, observed: { simulate: { paths: 1e9 } } })],
      /observed\.simulate\.paths: /,
    ],
    [
      ["kernel", write("inf.json", { x: [[[0], [1e300]]] }), "--backend=cpu"],
      /the signature kernel of x\[0\] .* exceeds float64: scale the paths down/,
    ],
    [
      ["signature", write("too-deep.json", { x: [[Array(12).fill(0), Array(12).fill(1)]], depth: 8 })],
      /depth: 1 signatures of 12 channels to depth 8 take .* GiB; take a smaller depth or fewer paths at a time/,
    ],
    [
      ["kernel", write("huge.json", { x: Array(16400).fill([[0], [1]]) })],
      /x: a Gram matrix of 16400 × 16400 paths takes 2.00 GiB; .*: split the batch/,
    ],
    [["kernel", write("t1.json", { x, t1: 1 })], /t1: is for spike trains, and the paths are given as points/],
    [["signature", write("neurons.json", { x, depth: 2, neurons: 1 })], /neurons: is for spike trains/],
    [["signature", write("no-depth.json", { x })], /depth: is missing; expected a whole number from 1 to 8/],
    [
      ["kernel", write("solver.json", { x, solver: { kind: "truncated" } })],
      /solver\.depth: is missing; expected a whole number from 1 to 8/,
    ],
    [["kernel", write("one.json", { x: [[[0, 0], [1]]] })], /x\[0\]\[1\]: has 1 channel, the first point has 2/],
    [
      [
        "train",
        write("level.json", { ...train, loss: { kind: "expected-signature", depth: 2, levelWeights: [0, 0] } }),
      ],
      /loss\.levelWeights: are all 0, and so is the loss; give one above 0/,
    ],
    [["bench", "--compare", "none.json"], /--compare: cannot read none\.json: no such file or directory/],
    [["figure1", "--steps", "abc"], /--steps: expected a whole number from 1 to 2147483648, got "abc"/],
    [["figure1", "--seed", "-1"], /--seed: expected a whole number from 0 to 4294967295, got "-1"/],
    [["figure1", "--out", "/proc/foo"], /--out: cannot write \/proc\/foo\/figure1\.svg: .*; name a place/],
    [["figure1", "--out="], /--out: is empty; name a folder/],
    [["figure1", "--out", simulateFile], /--out: cannot write .*figure1\.svg: not a directory/],
    [["bench", "--out", "/proc/a/b.json"], /--out: cannot write \/proc\/a\/b\.json/],
    [["simulate", simulateFile, "--out="], /--out: is empty; name a file/],
    [["simulate", simulateFile, "--out", folder], /--out: .* is a folder; name a file/],
    [["simulate", simulateFile, "--out", "/proc/a/b"], /--out: cannot write \/proc\/a\/b: .*; name a place/],
    [["simulate", simulateFile, "--out", join(simulateFile, "x")], /--out: cannot write .*: not a directory/],
    [["simulate", simulateFile, "--out", simulateFile], /--out: .* is a file that the command reads/],
    [["gradient", write("gradient.json", gradient), "--out", folder], /--out: .* is a folder/],
    [["kernel", write("gram.json", { x }), "--out", folder], /--out: .* is a folder/],
    [["signature", write("signature.json", { x, depth: 2 }), "--out", folder], /--out: .* is a folder/],
    [["train", trainFile, "--out", folder], /--out: .* is a folder/],
    [["train", trainFile, "--save", folder], /--save: .* is a folder/],
    [["train", trainFile, "--figure", folder], /--figure: .* is a folder/],
    [["train", trainFile, "--save", place("s"), "--figure", place("s")], /--figure: .* is written by --save too/],
    [["train", write("report.json", report), "--figure", "/proc/a/b.svg"], /--figure: cannot write \/proc\/a\/b\.svg/],
    [["train", write("c1.json", { ...train, checkpoint: "." })], /checkpoint: .* is a folder/],
    [["train", write("c2.json", { ...train, checkpoint: "/proc/a/b" })], /checkpoint: cannot write \/proc\/a\/b/],
    [
      ["train", write("c3.json", { ...train, checkpoint: "c3.json" })],
      /checkpoint: .* is a file that the command reads/,
    ],
    [
      ["train", write("c4.json", { ...train, checkpoint: "/dev/null" })],
      /checkpoint: \/dev\/null is a device or a pipe/,
    ],
    [
      ["train", write("c5.json", { ...train, checkpoint: "/x/\0a" })],
      /checkpoint: expected the name of a file, got "\/x\/\\u0000a", which holds a NUL character/,
    ],
    [["train", write("nul.json", { ...train, observed: { file: "\0.npz" } })], /observed: expected the name of a file/],
  ];
  it.each(cases)("%j", async (args, message) => {
    const before = readdirSync(folder);
    const { code, out, error } = await commandLine(args);
    expect(error).toMatch(message);
    expect(error).toMatch(/^saltation: [^\n]*\n$/);
    expect(out).toBe("");
    expect(code).toBe(1);
    expect(readdirSync(folder)).toEqual(before);
  });

  // What waits for a device is not said where there is none.
  const noAdapter = { VK_ICD_FILENAMES: "/none.json", VK_DRIVER_FILES: "/none.json" };
  const spikes = [[0.2, 0.5]];
  const hard = {
    name: "h",
    state: { v: "5*(I-v)" },
    noise: { v: "0.3" },
    event: "v-1",
    reset: { v: "0" },
    parameters: {},
  };
  const inexact = /network\.cell: the pathwise gradient of "h" is not exact: .*Set requireExact to false/;
  const loud = /loss: log-likelihood of cell "slif": there is noise on "v".*set sigma1 to 0/;
  const at = (field: string): RegExp => new RegExp(`saltation: ${field}: \\S+( in "\\S+")? exceeds 32-bit floats`);
  const early: [string, object, RegExp][] = [
    ["gradient", { ...gradient, loss: { kind: "log-likelihood" }, observed: spikes }, loud],
    ["train", { ...train, loss: { kind: "log-likelihood" }, observed: spikes }, loud],
    ["gradient", { ...gradient, network: { cell: hard } }, inexact],
    ["train", { ...train, network: { cell: hard } }, inexact],
    ["simulate", { ...base, input: { current: 1e39 } }, at("input\\.current")],
    [
      "simulate",
      { ...base, input: { current: { dt: 0.1, samples: Array(10).fill(-1e39) } } },
      at("input\\.current\\.samples\\[0\\]"),
    ],
    ["simulate", { ...base, network: { parameters: { mu1: 1e300 } } }, at("network\\.parameters\\.mu1")],
    [
      "simulate",
      { ...base, network: { neurons: 2, weights: { edges: [[0, 1, 1e39]] } } },
      at("network\\.weights\\.edges\\[0\\]\\[2\\]"),
    ],
    ["simulate", { ...base, network: { cell: { ...hard, start: { v: "1e39" } } } }, at("cell\\.start\\.v")],
  ];
  it.each(early)("needs no device to be told: %s %j", async (command, job, message) => {
    const { code, error } = await commandLine([command, write("early.json", job), "--backend", "webgpu"], noAdapter);
    expect(error).toMatch(message);
    expect(error).toMatch(/^saltation: [^\n]*\n$/);
    expect(code).toBe(1);
  });
});

it.each(["abc", "-1", "0", "1.5", "", " ", "NaN", "Infinity", "1e99", "2,5"])("a whole number is not %j", (typed) => {
  expect(() => wholeOption("--steps", typed, 1, 10)).toThrow(
    `--steps: expected a whole number from 1 to 10, got "${typed}"`,
  );
});

describe("a command line that is right", () => {
  it.each(["simulate", "gradient", "kernel", "signature", "train"])("%s --help teaches", async (command) => {
    const { code, out } = await commandLine([command, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      command === "train" ? /"trainable": \[/ : `\n  $ saltation ${command} job.json --backend cpu\n`,
    );
  });

  it("makes the folders that its files are to lie in", async () => {
    const files = ["o/a/l.npz", "s/a/f.json", "f/a/f.svg", "c/a/c.json"].map(place) as [string, string, string, string];
    const job = write("folders.json", { ...train, checkpoint: "c/a/c.json" });
    const { code, error } = await commandLine([
      "train",
      job,
      "--backend=cpu",
      "--history=none",
      "--json",
      "--out",
      files[0],
      "--save",
      files[1],
      "--figure",
      files[2],
    ]);
    expect(error).toBe("");
    expect(code).toBe(0);
    for (const file of files) expect(existsSync(file), file).toBe(true);
    // The losses of every step, whatever --json tells of them.
    expect(readNpz(readFileSync(files[0])).loss!.shape).toEqual([2]);
  });

  it("writes arrays of whatever a command computes", async () => {
    const arrays = async (command: string, job: object): Promise<Record<string, unknown>> => {
      const file = place(`${command}.npz`);
      const { code, out, error } = await commandLine([
        command,
        write("job.json", job),
        "--backend=cpu",
        "--json",
        "--out",
        file,
      ]);
      expect(error).toBe("");
      expect(code).toBe(0);
      const npz = readNpz(readFileSync(file));
      const told = Object.fromEntries(Object.entries(npz).map(([k, a]) => [k, { shape: a.shape, data: [...a.data] }]));
      return { ...told, json: JSON.parse(out) };
    };
    const g = (await arrays("gradient", gradient)) as Record<string, { shape: number[]; data: number[] }>;
    const { json } = g as unknown as { json: { value: number; gradient: { current: number } } };
    expect(g.value).toEqual({ shape: [1], data: [json.value] });
    expect(g.gradient_current).toEqual({ shape: [1], data: [json.gradient.current] });
    expect(Object.keys(g)).toContain("gradient_standard_error_current");
    const k = (await arrays("kernel", { x: [...x, ...x], y: x, statistic: "score", gradient: true })) as typeof g;
    const mmd = (k as unknown as { json: { value: number; gradientX: number[][][] } }).json;
    expect(k.value).toEqual({ shape: [1], data: [mmd.value] });
    expect(k.gradient_x!.data).toEqual(mmd.gradientX.flat(2));
    expect(k.gradient_y!.shape).toEqual([x.flat().length, x[0]![0]!.length]);
  });

  it("reads a job from standard input, and with a byte order mark", () => {
    const args = ["simulate", "-", "--backend=cpu", "--json"];
    for (const input of [JSON.stringify(base), `\ufeff${JSON.stringify(base)}`]) {
      const { code, out, error } = saltation(args, { input });
      expect(error).toBe("");
      expect(code).toBe(0);
      expect(JSON.parse(out).paths).toBe(4);
    }
    const utf16 = write("utf16.json", Buffer.from(`\ufeff${JSON.stringify(base)}`, "utf16le"));
    expect(saltation(["simulate", utf16, "--backend=cpu"]).code).toBe(0);
  });

  it("prints plain text into a pipe, also in CI", () => {
    const env = { CI: "true", NO_COLOR: "", TERM: "xterm-256color" };
    const job = write("plain.json", {
      ...train,
      metrics: { kind: "spike-trains", t0: 0, t1: 1, window: 0.1, bin: 0.1 },
    });
    for (const args of [
      ["train", job, "--backend=cpu", "--figure", place("plain.svg")],
      ["figure1", "--backend=cpu", "--steps=1", "--out", folder],
      ["info"],
    ]) {
      const { code, out } = saltation(args, { env });
      expect(code).toBe(0);
      expect(out).not.toContain("\x1b");
    }
    expect(saltation(["fly"], { env }).error).not.toContain("\x1b");
  });

  it("says in one line that its results went nowhere", (test) => {
    test.skip(!existsSync("/dev/full"), "needs /dev/full");
    for (const args of [["--help"], ["simulate", simulateFile, "--backend=cpu"]]) {
      const line = `node bin/saltation.js ${args.join(" ")}`;
      const full = spawnSync("sh", ["-c", `${line} >/dev/full`], { encoding: "utf8" });
      expect(full.stderr).toBe("saltation: cannot write the results to standard output: no space left on device\n");
      expect(full.status).toBe(1);
      expect(spawnSync("sh", ["-c", `${line} | true`], { encoding: "utf8" }).stderr).toBe("");
    }
  });

  it("is coloured on a terminal, or where FORCE_COLOR asks for it", () => {
    const [pipe, terminal] = [{}, { isTTY: true }];
    expect(coloured(terminal, {})).toBe(true);
    expect(coloured(terminal, { NO_COLOR: "1" })).toBe(false);
    expect(coloured(terminal, { TERM: "dumb" })).toBe(false);
    expect(coloured(pipe, { CI: "true" })).toBe(false);
    expect(coloured(pipe, { FORCE_COLOR: "1" })).toBe(true);
    expect(coloured(terminal, { FORCE_COLOR: "0" })).toBe(false);
  });
});
