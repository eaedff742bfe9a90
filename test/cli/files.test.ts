/** Files of the command line: read within limits, written whole or not at all, in the terminal as text. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { filesBeside, readJobFile } from "../../src/cli/job-file.js";
import { kernelCommand } from "../../src/cli/kernel.js";
import { lockFile } from "../../src/cli/lock.js";
import { print, printJson, reportError, sayError, sayWarnings } from "../../src/cli/output.js";
import { checkOutputs, writeOutput } from "../../src/cli/output-files.js";
import { simulateCommand } from "../../src/cli/simulate.js";
import { trainCommand } from "../../src/cli/train.js";
import { type Disk, disk, targetOf, writeWhole } from "../../src/cli/write-file.js";
import { Engine } from "../../src/engine.js";
import { SaltationError } from "../../src/errors.js";
import { writeNpz } from "../../src/files/npz.js";
import { checkJob } from "../../src/job/check-job.js";
import { simulateSchema } from "../../src/job/job.js";
import { quoted } from "../../src/quoted.js";

let folder: string;
const place = (name: string): string => join(folder, name);
const write = (name: string, content: unknown): string => {
  writeFileSync(place(name), typeof content === "string" ? content : JSON.stringify(content));
  return place(name);
};
/** What is printed on stdout and stderr meanwhile. */
let out = "";
let error = "";

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "saltation-files-")));
  [out, error] = ["", ""];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    error += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

const simulate = { network: {}, input: { current: 1.5 }, time: { t1: 1, dt: 0.1 }, paths: 4, seed: 1 };
const train = {
  ...simulate,
  observed: [[0.2], [0.25]],
  loss: { kind: "first-spikes", spikes: 1 },
  trainable: ["current", { name: "vTh", bounds: [0.5, 2] }],
  optimiser: { kind: "sgd", learningRate: 0.01 },
  steps: 4,
};
const cpu = { backend: "cpu", history: "none" } as const;
const sampled = (file: string) => ({
  ...simulate,
  input: { current: { dt: 0.1, samples: { file, key: "a" } } },
});
/** The line that a command is refused with. */
const refusal = async (run: Promise<unknown>): Promise<string> => {
  const caught: unknown = await run.then(
    () => "accepted",
    (e: unknown) => e,
  );
  expect(caught).toBeInstanceOf(SaltationError);
  expect((caught as SaltationError).code).toBe("invalid-input");
  expect((caught as SaltationError).message).not.toContain("\n");
  return (caught as SaltationError).message;
};
const full = (): never => {
  throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
};

describe("files that a job names", () => {
  const made: [string, () => string | undefined, RegExp][] = [
    ["a device", () => (existsSync("/dev/zero") ? "/dev/zero" : undefined), /is no regular file \(a device, a pipe/],
    [
      "a link to a device",
      () => {
        if (!existsSync("/dev/zero")) return undefined;
        symlinkSync("/dev/zero", place("link.json"));
        return "link.json";
      },
      /link\.json is no regular file/,
    ],
    [
      "what the system makes up",
      () => (existsSync("/proc/self/environ") ? "/proc/self/environ" : undefined),
      /environ is no regular file/,
    ],
    [
      "a pipe",
      () => {
        const made = spawnSync("mkfifo", [place("pipe")]);
        return made.status === 0 ? "pipe" : undefined;
      },
      /pipe is no regular file/,
    ],
    ["a folder", () => ".", /is a folder; name a file$/],
    [
      "a huge file",
      () => {
        writeFileSync(place("huge.json"), "{");
        truncateSync(place("huge.json"), 2 ** 40);
        return "huge.json";
      },
      /huge\.json has more than the 256 MiB that are read at most/,
    ],
    [
      "a huge npz",
      () => {
        writeFileSync(place("huge.npz"), "PK\x03\x04");
        truncateSync(place("huge.npz"), 2 ** 40);
        return "huge.npz";
      },
      /huge\.npz has more than the 1\.02e\+3 MiB that are read at most/,
    ],
    ["nothing", () => "none.json", /cannot read .*none\.json: no such file or directory$/],
  ];
  it.each(made)("are refused: %s", async (_, make, message) => {
    const file = make();
    if (file === undefined) return;
    const said = await refusal(simulateCommand(write("job.json", sampled(file)), cpu));
    expect(said).toMatch(message);
    expect(said).toMatch(/^input\.current\.samples: /);
  });

  it("never tell what else they hold", async () => {
    const secret = (content: unknown) => write("secret.json", content);
    const said = () => refusal(simulateCommand(write("job.json", sampled("secret.json")), cpu));
    for (const content of [
      "hunter2\n",
      { a: "hunter2" },
      { a: ["hunter2"] },
      { a: [["hunter2"]] },
      { a: { b: "hunter2" } },
    ]) {
      secret(content);
      expect(await said()).not.toMatch(/hunter|unter2/);
    }
    secret({ a: ["hunter2"] });
    expect(await said()).toBe("input.current.samples[0]: expected a number, got text");
    secret(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${i}\u001b${"k".repeat(1e4)}`, 1])));
    expect((await said()).length).toBeLessThan(1000);
  });

  it("may be called as they like", async () => {
    const a = Float64Array.from({ length: 10 }, () => 1.5);
    writeFileSync(place("CURRENT.NPZ"), writeNpz({ a: { data: a, shape: [10] } }));
    await simulateCommand(write("job.json", sampled("CURRENT.NPZ")), { backend: "cpu", json: true });
    expect(JSON.parse(out).paths).toBe(4);
  });

  it("are not overwritten by results", async () => {
    const data = write("data.json", { a: Array(10).fill(1) });
    symlinkSync(data, place("alias.npz"));
    for (const file of [data, place("alias.npz")]) {
      const said = await refusal(simulateCommand(write("job.json", sampled("data.json")), { ...cpu, out: file }));
      expect(said).toMatch(/--out: .* is a file that the command reads; name another file/);
    }
  });

  it("lie in --root, links followed", async () => {
    const [inside, outside] = [place("in"), place("out")];
    for (const f of [inside, outside]) {
      mkdirSync(f);
      writeFileSync(join(f, "data.json"), JSON.stringify({ a: Array(10).fill(1.5) }));
    }
    symlinkSync(join(outside, "data.json"), join(inside, "link.json"));
    symlinkSync(outside, join(inside, "folder"));
    symlinkSync(join(outside, "new.json"), join(inside, "dangling.json"));
    const open = (file: string) => filesBeside(join(inside, "job.json"), { root: inside }).open("observed", file);
    for (const file of ["data.json", "../in/data.json", join(inside, "data.json")]) {
      expect(open(file).bytes.length).toBeGreaterThan(10);
    }
    const leads = /^observed: .* leads out of .*in, which --root confines the job's files to$/;
    for (const file of ["../out/data.json", join(outside, "data.json"), "link.json", "folder/data.json", "/etc/none"]) {
      expect(() => open(file), file).toThrow(leads);
    }
    // A file whose name begins as the folder's does, and a folder that begins with dots.
    mkdirSync(place("inner"));
    writeFileSync(place("inner/data.json"), "{}");
    expect(() => open("../inner/data.json")).toThrow(leads);
    mkdirSync(join(inside, "..x"));
    writeFileSync(join(inside, "..x/data.json"), "{}");
    expect(open("..x/data.json").bytes.length).toBe(2);
    for (const checkpoint of ["../c.json", "folder/c.json", "dangling.json"]) {
      writeFileSync(join(inside, "train.json"), JSON.stringify({ ...train, checkpoint }));
      const said = await refusal(trainCommand(join(inside, "train.json"), { ...cpu, root: inside }));
      expect(said).toMatch(/^checkpoint: .* leads out of/);
    }
    expect(readdirSync(outside)).toEqual(["data.json"]);
    const none = refusal(simulateCommand(write("job.json", simulate), { ...cpu, root: place("none") }));
    expect(await none).toMatch(/^--root: cannot read .*none: no such file/);
    const file = refusal(kernelCommand(place("job.json"), { ...cpu, root: place("job.json") }));
    expect(await file).toMatch(/^--root: .*job\.json is no folder/);
  });
});

describe("a job file", () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ["npz", writeNpz({}), /^job file: .* is an npz file, where JSON is wanted$/],
    ["gz", "\x1f\u008b", /^job file: .*job\.json is/],
    ["twice", '{"paths": 1, "paths": 2}', /has the key "paths" twice; the second stands at line 1, column 14$/],
    ["__proto__", '{"network": {"parameters": {"__proto__": 1}}}', /has the key "__proto__"/],
    ["half a character", '{"network": {"cell": "\\ud83d"}}', /has a string with half a character/],
  ])("is refused in one line: %s", (_, content, message) => {
    writeFileSync(place("job.json"), content);
    expect(() => readJobFile(place("job.json"))).toThrow(message);
  });

  it("is refused by its fields, whatever they are called", () => {
    const refused = (job: object): string => {
      try {
        checkJob(simulateSchema, job);
      } catch (e) {
        return (e as Error).message;
      }
      return "accepted";
    };
    expect(refused({ ...simulate, "\u001b[2J": 1 })).toMatch(/^"\\u001b\[2J": unknown field; known: network/);
    expect(refused({ ...simulate, ["x".repeat(1e5)]: 1 }).length).toBeLessThan(250);
    expect(refused({ ...simulate, network: { parameters: { ["\u202ey".repeat(1e5)]: "x" } } }).length).toBeLessThan(
      250,
    );
    expect(refused({ ...simulate, method: "\u009b2J".repeat(1e5) })).toMatch(/got "\\u009b2J.*…"$/);
    expect(refused({ ...simulate, input: { current: { I: 1 } } })).toMatch(/^input\.current\.I: unknown field; .*dt/);
    expect(refused({ ...simulate, input: { current: { dt: 1, samples: [1], interpolate: "linear" } } })).toMatch(
      /^input\.current\.interpolate: unknown field; perhaps interpolation; known: dt, samples, interpolation/,
    );
  });
});

describe("a file that is written", () => {
  const failing = (part: keyof Disk): Disk => ({ ...disk, [part]: full });
  const old = "what was there";

  it.each([
    "openSync",
    "writeFileSync",
    "fsyncSync",
    "renameSync",
  ] as const)("leaves what was there where %s fails, and nothing beside it", (part) => {
    const file = write("a.txt", old);
    expect(() => writeWhole(file, "new", failing(part))).toThrow(/no space left/);
    expect(readFileSync(file, "utf8")).toBe(old);
    expect(readdirSync(folder)).toEqual(["a.txt"]);
    expect(() => writeWhole(place("b.txt"), "new", failing(part))).toThrow(/no space left/);
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });

  it("is whole at every moment", () => {
    const file = write("a.txt", old);
    const seen: string[] = [];
    const watched = {
      ...disk,
      fsyncSync: (handle: number) => {
        seen.push(readFileSync(file, "utf8"));
        disk.fsyncSync(handle);
      },
    };
    writeWhole(file, "new", watched);
    expect(seen).toEqual([old]);
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });

  it("keeps its mode, and links that lead to it", () => {
    const file = write("a.txt", old);
    chmodSync(file, 0o640);
    symlinkSync("a.txt", place("link"));
    symlinkSync(place("new.txt"), place("dangling"));
    writeWhole(place("link"), "through");
    writeWhole(place("dangling"), "made");
    expect(readFileSync(file, "utf8")).toBe("through");
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(place("new.txt"), "utf8")).toBe("made");
    expect(readdirSync(folder).sort()).toEqual(["a.txt", "dangling", "link", "new.txt"]);
    symlinkSync("loop", place("loop"));
    expect(() => writeWhole(place("loop"), "x")).toThrow(/ELOOP/);
    expect(targetOf(place("none/there/x"))).toBe(place("none/there/x"));
  });

  it("may be a device", () => {
    if (!existsSync("/dev/null")) return;
    writeWhole("/dev/null", "x");
    expect(statSync("/dev/null").isFile()).toBe(false);
    checkOutputs({ "--out": "/dev/null" }, []);
    if (!existsSync("/dev/full")) return;
    expect(writeOutput("--out", "/dev/full", "x")).toBe(false);
    expect(error).toBe(
      "saltation: --out: cannot write /dev/full: no space left on device; name a place where files can be written\n",
    );
    expect(process.exitCode).toBe(1);
  });

  it("is left whole by a signal that comes meanwhile", () => {
    const file = write("a.txt", old);
    const module = JSON.stringify(join(process.cwd(), "dist/src/cli/write-file.js"));
    const script = `import { disk, writeWhole } from ${module};
      const on = { ...disk, fsyncSync: () => process.kill(process.pid, "SIGINT") };
      writeWhole(${JSON.stringify(file)}, "new", on);
      setTimeout(() => console.log("went on"), 5000);`;
    const { status, stdout } = spawnSync("node", ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(130);
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });
});

describe("results that cannot be written", () => {
  it("are printed all the same", async () => {
    const file = write("spikes.npz", "old");
    vi.spyOn(disk, "fsyncSync").mockImplementation(full);
    await simulateCommand(write("job.json", { ...simulate, discretisation: false }), { ...cpu, json: true, out: file });
    expect(JSON.parse(out).paths).toBe(4);
    expect(error).toMatch(/^saltation: --out: cannot write .*spikes\.npz: no space left on device; [^\n]*\n$/);
    expect(process.exitCode).toBe(1);
    expect(readFileSync(file, "utf8")).toBe("old");
  });

  it("do not end a training: not its checkpoints, and not its files", async () => {
    const job = write("job.json", { ...train, discretisation: false, checkpoint: { file: "run.json", every: 0 } });
    const all = { ...cpu, save: place("fitted.json"), figure: place("curves.svg"), out: place("loss.npz") };
    const sync = vi.spyOn(disk, "fsyncSync");
    sync.mockImplementation(full);
    await trainCommand(job, { ...all, json: true });
    const { parameters, files, figure } = JSON.parse(out);
    expect(parameters.current).not.toBe(1.5);
    expect([files, figure]).toEqual([undefined, undefined]);
    const lines = error.trim().split("\n");
    expect(lines[0]).toMatch(
      /cannot write the checkpoint of step 1 to .*run\.json: no space left on device; training goes on/,
    );
    expect(lines[0]).toMatch(/it is tried again; nothing is kept so far$/);
    expect(lines.slice(1, 4).join()).toMatch(/--save: .*--figure: .*--out: /);
    expect(lines[4]).toMatch(/checkpoint: the checkpoint of the last step could not be written to .*; nothing is kept/);
    expect(lines).toHaveLength(5);
    expect(process.exitCode).toBe(1);
    expect(readdirSync(folder)).toEqual(["job.json"]);

    // What a killed process left is removed by the next that has the lock; what else lies there is not.
    for (const name of [".run.json.7-0123abcd.tmp", ".run.json.x.tmp", ".other.json.7-0123abcd.tmp"]) write(name, "");
    // Where there is room again, the next one is written, and the run can be gone on with.
    [out, error, process.exitCode] = ["", "", 0];
    let calls = 0;
    sync.mockImplementation(() => (calls++ === 1 ? full() : undefined));
    await trainCommand(job, { ...cpu, json: true });
    expect(error).toMatch(
      /step 2 to .*run\.json: .*; the checkpoint of step 1 is in .*run\.json; go on with: saltation [^\n]* --resume\n/,
    );
    expect(error).toMatch(/the checkpoint of step 3 is written again to .*run\.json\n$/);
    expect(process.exitCode).toBe(0);
    expect(JSON.parse(readFileSync(place("run.json"), "utf8")).step).toBe(4);
    expect(readdirSync(folder).sort()).toEqual([
      ".other.json.7-0123abcd.tmp",
      ".run.json.x.tmp",
      "job.json",
      "run.json",
    ]);
  });
});

describe("a checkpoint", () => {
  const job = () => write("job.json", { ...train, checkpoint: { file: "run.json", every: 0 } });

  it("is one process's: its lock names it, and that of a process that is gone is taken over", async () => {
    const release = lockFile("checkpoint", place("run.json"));
    const said = await refusal(trainCommand(job(), cpu));
    expect(said).toMatch(new RegExp(`^checkpoint: .*run\\.json is written by process ${process.pid} on .* since 20`));
    expect(said).toMatch(/; wait for its end, or name another file$/);
    release();
    expect(readdirSync(folder)).toEqual(["job.json"]);
    const lock = place("run.json.lock");
    const holder = { pid: process.pid, host: hostname(), since: "2020-01-01T00:00:00.000Z" };
    // A process that has ended, and one whose number another process has now.
    const { pid } = spawnSync("true");
    for (const stale of [{ ...holder, pid }, ...(existsSync("/proc/self/stat") ? [{ ...holder, began: "1" }] : [])]) {
      writeFileSync(lock, JSON.stringify(stale));
      lockFile("checkpoint", place("run.json"))();
      expect(existsSync(lock)).toBe(false);
    }
    writeFileSync(lock, JSON.stringify({ ...holder, host: "elsewhere" }));
    expect(() => lockFile("checkpoint", place("run.json"))).toThrow(
      /on elsewhere since .* remove .*run\.json\.lock\)$/,
    );
    writeFileSync(lock, "");
    expect(() => lockFile("checkpoint", place("run.json"))).toThrow(/is written by another process; .*remove .*\.lock/);
    // One file by two names.
    writeFileSync(lock, JSON.stringify(holder));
    symlinkSync(place("run.json"), place("alias.json"));
    expect(() => lockFile("checkpoint", place("alias.json"))).toThrow(/is written by process/);
  });

  it("is given back where a run fails, and where its process exits", async () => {
    vi.spyOn(Engine, "create").mockRejectedValue(new Error("no engine"));
    await expect(trainCommand(job(), cpu)).rejects.toThrow("no engine");
    expect(readdirSync(folder)).toEqual(["job.json"]);
    const release = lockFile("checkpoint", place("run.json"));
    const before = process.listeners("exit");
    (before[before.length - 1] as () => void)();
    expect(existsSync(place("run.json.lock"))).toBe(false);
    release();
  });

  it("is refused where it was edited: by its checksum, and by what its values must fit", async () => {
    await trainCommand(job(), cpu);
    const { checksum: _, ...whole } = JSON.parse(readFileSync(place("run.json"), "utf8"));
    const { sealed } = await import("../../src/files/seal.js");
    const resume = async (change: (update: { values: number[]; unconstrained: number[] }) => void, seal = true) => {
      const edited = structuredClone(whole);
      edited.step = edited.update.step = 3;
      change(edited.update);
      writeFileSync(place("run.json"), JSON.stringify(seal ? sealed(edited) : { ...edited, checksum: _ }));
      return refusal(trainCommand(job(), { ...cpu, resume: true }));
    };
    expect(await resume((u) => (u.values[0]! += 1e-12), false)).toMatch(/was edited: its checksum does not fit/);
    expect(await resume((u) => (u.values[0]! += 0.01))).toMatch(
      /^checkpoint: gives current as 1\.\d+, but its coordinate/,
    );
    expect(await resume((u) => (u.values[1] = 3))).toMatch(/^checkpoint: gives vTh as 3, but its coordinate says/);
    expect(await resume((u) => (u.unconstrained[1] = 50))).toMatch(
      /^checkpoint: gives vTh as .*, but its coordinate says 2;/,
    );
    // What nobody edited is gone on with.
    writeFileSync(place("run.json"), JSON.stringify(sealed(whole)));
    [error, process.exitCode] = ["", 0];
    await trainCommand(job(), { ...cpu, resume: true, json: true });
    expect(error).toBe("");
  });
});

describe("text in the terminal", () => {
  const evil = "a\u001b]0;owned\u0007\u009b2J\u202eb\u2066\u2028c\u007f";

  it("is quoted", () => {
    expect(quoted('a"\\b')).toBe('"a\\"\\\\b"');
    expect(quoted(evil)).toBe('"a\\u001b]0;owned\\u0007\\u009b2J\\u202eb\\u2066\\u2028c\\u007f"');
    expect(quoted("\n\t\ud800é😀")).toBe('"\\u000a\\u0009\\ud800é😀"');
    expect(quoted("x".repeat(1e5))).toBe(`"${"x".repeat(59)}…"`);
    expect(quoted("abcdef", 4)).toBe('"abc…"');
  });

  it("has no control characters, whatever is said", () => {
    sayError(evil.repeat(1000));
    sayWarnings([evil]);
    reportError(new SaltationError("device-lost", `${evil}\n${evil}`));
    print(`${evil}\nnext`);
    printJson({ [evil]: evil });
    expect(reportError(new RangeError("Array buffer allocation failed"))).toBe(1);
    for (const text of [out, error]) expect(text.replace(/\n/g, "")).not.toMatch(/[\p{Cc}\u2028\u202e\u2066]/u);
    expect(error.split("\n")[0]!.length).toBeLessThan(1300);
    expect(out.split("\n")[1]).toBe("next");
    // The JSON says the same as before.
    expect(JSON.parse(out.split("\n")[2]!)).toEqual({ [evil]: evil });
  });
});

it("what a shell has opened is written as it is", (test) => {
  test.skip(process.platform === "win32", "needs sh");
  const job = write("job.json", simulate);
  const line = `node ${join(process.cwd(), "bin/saltation.js")} simulate ${job} --backend cpu --out /dev/stdout >${place("both")}`;
  execFileSync("sh", ["-c", line]);
  const both = readFileSync(place("both"), "latin1");
  expect(both).toContain("NUMPY");
  expect(both).toContain("spike trains in /dev/stdout");
});
