/** Files that a job names (npz, JSON, Parquet, HDF5, checkpoints) or is, made wrong by chance: refused in one line, or read as what they were. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { writeNpz } from "../../src/files/npz.js";
import { type Fault, judge, type Outcome, type Verdict } from "./faults.js";
import type { Runner } from "./kinds.js";
import { Random } from "./random.js";
import { type CommandName, type CommandOptions, runCommand } from "./run-command.js";
import { trainingJob } from "./training.js";

/** What must become of a file: refused; or if not, with the results of the whole file, or with any. */
type Expected = "refused" | "same" | "any";

interface Malformed {
  readonly what: string;
  readonly expected: Expected;
  /** Contents; without, `make` puts something else in the file's place. */
  readonly bytes?: Uint8Array;
  readonly make?: (path: string) => void;
}

const truncated = (random: Random, whole: Uint8Array): Malformed => {
  const length = random.below(whole.length);
  return { what: `cut after ${length} bytes`, expected: "refused", bytes: whole.slice(0, length) };
};

const flipped = (random: Random, whole: Uint8Array, expected: Expected): Malformed => {
  const bytes = whole.slice();
  const at = Array.from({ length: 1 + random.below(3) }, () => random.below(bytes.length));
  for (const i of at) bytes[i]! ^= 1 << random.below(8);
  return { what: `bits flipped in bytes ${at.join(", ")}`, expected, bytes };
};

const garbled = (random: Random, whole: Uint8Array): Malformed => {
  const bytes = whole.slice();
  const from = random.below(bytes.length);
  const to = Math.min(bytes.length, from + 1 + random.below(64));
  for (let i = from; i < to; i++) bytes[i] = random.below(256);
  return { what: `bytes ${from} to ${to} overwritten`, expected: "same", bytes };
};

/** An array in NumPy's format, with any header. */
function npy(header: string, data: Uint8Array): Uint8Array {
  const text = strToU8(`${header.padEnd(117)}\n`);
  const bytes = new Uint8Array(10 + text.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  bytes.set(text, 10);
  bytes.set(data, 10 + text.length);
  return bytes;
}

const headers = [
  "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 0), }",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 1000000000), }",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (9007199254740993,), }",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (1.5,), }",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2, 2, 2), }",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 100), }",
  "{'descr': '>f8', 'fortran_order': False, 'shape': (3, 2), }",
  "{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }",
  "{'descr': '<U9', 'fortran_order': False, 'shape': (3, 2), }",
  "{'descr': '<c16', 'fortran_order': False, 'shape': (3, 2), }",
  "{'descr': '<f2', 'fortran_order': False, 'shape': (3, 2), }",
  "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3, 2), }",
  "{'descr': '<f8', 'fortran_order': False, 'shape': 6, }",
  "{'descr': '<f8'}",
  "__import__('os').system('id')",
  "",
];

const zeros = (megabytes: number): Uint8Array => new Uint8Array(megabytes * 2 ** 20);
/** An array that says the truth and unpacks to a thousand times its size. */
const bomb = (megabytes: number): Uint8Array =>
  zipSync(
    {
      "spike_times.npy": npy(
        `{'descr': '|u1', 'fortran_order': False, 'shape': (${megabytes}, ${2 ** 20}), }`,
        zeros(megabytes),
      ),
    },
    { level: 9 },
  );

function malformedNpz(random: Random, whole: Uint8Array): Malformed {
  const pick = random.below(13);
  if (pick < 2) return truncated(random, whole);
  if (pick < 5) return flipped(random, whole, "same");
  if (pick < 6) return garbled(random, whole);
  if (pick < 9) {
    const header = random.pick(headers);
    const data = new Uint8Array(48);
    const compressed = random.chance(0.5) ? 6 : 0;
    return {
      what: `header ${header}`,
      expected: "refused",
      bytes: zipSync({ "spike_times.npy": npy(header, data) }, { level: compressed }),
    };
  }
  if (pick < 10) {
    // Sizes in the local header (18, 22) and in the central directory (20, 24).
    const bytes = whole.slice();
    const view = new DataView(bytes.buffer);
    const at = random.pick([18, 22, ...signatures(bytes, 0x02014b50).flatMap((p) => [p + 20, p + 24, p + 42])]);
    const size = random.pick([0, 1, 2 ** 31, 2 ** 32 - 1, view.getUint32(at, true) + 1, random.bits()]);
    view.setUint32(at, size, true);
    return { what: `size or place at ${at} of ${size}`, expected: "same", bytes };
  }
  if (pick < 11) return { what: "a bomb of 1 GB", expected: "refused", bytes: bombOf(1024) };
  if (pick < 12) {
    const many = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, i) => [`${"../".repeat(i % 3)}a${i}.npy`, new Uint8Array(0)]),
    );
    return { what: "20,000 arrays of no bytes", expected: "refused", bytes: zipSync(many, { level: 0 }) };
  }
  return { what: "not a zip", expected: "refused", bytes: strToU8("PK\u0003\u0004 and nothing more") };
}

let made: Uint8Array | undefined;
const bombOf = (megabytes: number): Uint8Array => (made ??= bomb(megabytes));

const signatures = (bytes: Uint8Array, signature: number): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: Math.max(0, bytes.length - 46) }, (_, i) => i).filter(
    (i) => view.getUint32(i, true) === signature,
  );
};

function malformedJson(random: Random, whole: Uint8Array): Malformed {
  const pick = random.below(10);
  if (pick < 3) return truncated(random, whole);
  // A digit changed is another file, and as good as the first.
  if (pick < 6) return flipped(random, whole, "any");
  const text = new TextDecoder().decode(whole);
  const others: readonly (readonly [string, Expected, Uint8Array])[] = [
    [
      "UTF-16",
      "any",
      Uint8Array.from([0xff, 0xfe, ...new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer)]),
    ],
    [
      "UTF-16, big endian",
      "any",
      Uint8Array.from([0xfe, 0xff, ...[...text].flatMap((c) => [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255])]),
    ],
    ["100,000 brackets", "refused", strToU8("[".repeat(100_000))],
    ["100,000 lists in each other", "refused", strToU8(`{"times":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)],
    ["a number that is not finite", "refused", strToU8(text.replace(/\d\.\d+/g, "1e999"))],
    ["control characters", "refused", strToU8(`${text.slice(0, 20)}\u0000\u001b[31m${text.slice(20)}`)],
    ["null", "refused", strToU8("null")],
    ["a text", "refused", strToU8('"times"')],
    ["nothing", "refused", new Uint8Array(0)],
  ];
  const [what, expected, bytes] = random.pick(others);
  return { what, expected, bytes };
}

/** What is no file, or no end of one. A job itself may come through a pipe or from a terminal, which are waited for. */
function special(random: Random, job = false): Malformed {
  const makers: readonly (readonly [string, (path: string) => void])[] = [
    ["a pipe", (path) => void execFileSync("mkfifo", [path])],
    ["/dev/tty", (path) => symlinkSync("/dev/tty", path)],
    ["/dev/zero", (path) => symlinkSync("/dev/zero", path)],
    ["/proc/self/mem", (path) => symlinkSync("/proc/self/mem", path)],
    ["a folder", (path) => mkdirSync(path)],
    ["a link to itself", (path) => symlinkSync(path, path)],
    ["a link to nothing", (path) => symlinkSync(`${path}.gone`, path)],
    ["a socket", (path) => void createServer().listen(path).unref()],
    [
      "6 GB of nothing",
      (path) => {
        writeFileSync(path, "");
        truncateSync(path, 6 * 2 ** 30);
      },
    ],
  ];
  const [what, make] = random.pick(job ? makers.slice(2) : makers);
  return { what, expected: "refused", make };
}

/** A checkpoint that was edited: another number, a part left out, or of another kind. */
function editedCheckpoint(random: Random, whole: Uint8Array): Malformed {
  if (random.chance(0.3)) return flipped(random, whole, "same");
  if (random.chance(0.2)) return truncated(random, whole);
  const data = JSON.parse(new TextDecoder().decode(whole)) as {
    step: number;
    checksum?: unknown;
    update: {
      values: number[];
      unconstrained: number[];
      low: number[];
      groups: { slots: Record<string, number[]> }[];
    };
  };
  const { update } = data;
  const edits: readonly (readonly [string, () => void])[] = [
    ["another value", () => (update.values[0]! += 0.1)],
    ["a value outside its bounds", () => (update.values[2] = 7)],
    ["a coordinate at odds with its value", () => (update.unconstrained[1]! += 1)],
    ["another step", () => Object.assign(data, { step: data.step - 1 })],
    ["a step of 10¹⁵", () => Object.assign(data, { step: 1e15 })],
    ["fewer values", () => update.values.pop()],
    ["no groups", () => update.groups.splice(0)],
    ["another moment", () => (Object.values(update.groups[0]!.slots)[0]![0]! += 1)],
    ["another seed", () => Object.assign(data, { seed: 9 })],
    ["another adapter", () => Object.assign(data, { adapter: "\u001b[31mred" })],
    ["another parameter", () => Object.assign(data, { trainable: ["__proto__"] })],
    ["no checksum", () => delete data.checksum],
    ["version 1", () => Object.assign(data, { version: 1 })],
  ];
  const [what, edit] = random.pick(edits);
  edit();
  return { what, expected: "refused", bytes: strToU8(JSON.stringify(data)) };
}

const observed = [
  [0.1, 0.4],
  [0.2, 0.5],
  [0.15, 0.7],
];
const gradientJob = (named: object): object => ({
  network: { cell: "slif" },
  input: { current: 1.5 },
  time: { t1: 1, dt: 0.05 },
  paths: 2,
  loss: { kind: "van-rossum", tau: 0.2 },
  with: ["current"],
  ...named,
});

const npzOf = (): Uint8Array =>
  writeNpz({
    spike_times: { data: Float64Array.from(observed.flat()), shape: [3, 2] },
    spike_neurons: { data: new Int32Array(6), shape: [3, 2] },
    spike_counts: { data: Int32Array.of(2, 2, 2), shape: [3] },
    samples: { data: Float64Array.of(1.5, 1.2, 1.8, 1.5), shape: [4] },
  });
const jsonOf = (): Uint8Array => strToU8(JSON.stringify({ times: observed, samples: [1.5, 1.2, 1.8, 1.5] }));

/** Ways in which a file comes into a job. */
interface Way {
  readonly name: string;
  readonly file: string;
  readonly command: CommandName;
  job(file: string): object;
  whole(): Uint8Array | Promise<Uint8Array>;
  malformed(random: Random, whole: Uint8Array): Malformed;
}

const sampled = (file: string) => ({ input: { current: { dt: 0.25, samples: { file, key: "samples" } } }, observed });
const ways: readonly Way[] = [
  {
    name: "observed npz",
    file: "f.npz",
    command: "gradient",
    job: (file) => gradientJob({ observed: { file } }),
    whole: npzOf,
    malformed: malformedNpz,
  },
  {
    name: "sampled npz",
    file: "f.npz",
    command: "gradient",
    job: (file) => gradientJob(sampled(file)),
    whole: npzOf,
    malformed: malformedNpz,
  },
  {
    name: "observed JSON",
    file: "f.json",
    command: "gradient",
    job: (file) => gradientJob({ observed: { file, key: "times" } }),
    whole: jsonOf,
    malformed: malformedJson,
  },
  {
    name: "sampled JSON",
    file: "f.json",
    command: "gradient",
    job: (file) => gradientJob(sampled(file)),
    whole: jsonOf,
    malformed: malformedJson,
  },
  {
    name: "observed Parquet",
    file: "f.parquet",
    command: "gradient",
    job: (file) => gradientJob({ observed: { file } }),
    whole: parquetOf,
    malformed: malformedBinary,
  },
  {
    name: "sampled HDF5",
    file: "f.h5",
    command: "gradient",
    job: (file) => gradientJob(sampled(file)),
    whole: hdf5Of,
    malformed: malformedBinary,
  },
];

const steps = 4;

/** Of files without a checksum over all of them, a changed byte may be another number, and no more. */
function malformedBinary(random: Random, whole: Uint8Array): Malformed {
  if (random.chance(0.3)) return truncated(random, whole);
  if (random.chance(0.5)) return flipped(random, whole, "any");
  return { ...garbled(random, whole), expected: "any" };
}

async function parquetOf(): Promise<Uint8Array> {
  const { writeSpikeParquet } = await import("../../src/files/spike-parquet.js");
  const times = Float64Array.from(observed.flat());
  const neurons = new Int32Array(times.length);
  return writeSpikeParquet({ times, neurons, starts: Int32Array.of(0, 2, 4, 6), timeUnit: undefined });
}

/** An array of samples, as the HDF5 library writes it. */
async function hdf5Of(): Promise<Uint8Array> {
  const library = await import("h5wasm");
  const { FS } = (await library.ready) as unknown as { FS: { readFile(name: string): Uint8Array } };
  const file = new library.File("/campaign", "w");
  const data = Float64Array.of(1.5, 1.2, 1.8, 1.5);
  file.create_dataset({ name: "samples", data, chunks: [2], compression: "gzip" });
  file.close();
  return FS.readFile("/campaign").slice();
}

class Files implements Runner {
  private readonly wholes = new Map<string, string>();
  private checkpoint: { bytes: Uint8Array; out: string } | undefined;

  constructor(private readonly folder: string) {}

  async run(seed: number, item: number): Promise<Verdict> {
    const random = new Random(seed, item);
    const folder = mkdtempSync(join(this.folder, "files-"));
    try {
      const at = random.unit();
      if (at < 0.3) return await this.edited(random, folder);
      if (at < 0.4) return await this.brokenJob(random, folder);
      if (at < 0.5) return await this.outside(random, folder);
      return await this.named(random, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A file that a job names. */
  private async named(random: Random, folder: string): Promise<Verdict> {
    const way = random.pick(ways);
    const job = join(folder, "job.json");
    const file = join(folder, way.file);
    writeFileSync(job, JSON.stringify(way.job(way.file)));
    let right = this.wholes.get(way.name);
    if (right === undefined) {
      writeFileSync(file, await way.whole());
      right = told((await runCommand(way.command, job, { backend: "cpu" })).out);
      rmSync(file);
      this.wholes.set(way.name, right);
    }
    const malformed = random.chance(0.25) ? special(random) : way.malformed(random, await way.whole());
    put(malformed, file);
    const outcome = await runCommand(way.command, job, { backend: "cpu" });
    return verdictOf(`${way.name}, ${malformed.what}`, malformed.expected, outcome, told(outcome.out) === right);
  }

  /** A checkpoint that is not what was written. */
  private async edited(random: Random, folder: string): Promise<Verdict> {
    const [job, file] = [join(folder, "job.json"), join(folder, "c.json")];
    const write = (n: number): void =>
      writeFileSync(job, JSON.stringify(trainingJob({ steps: n, checkpoint: { file: "c.json", every: 0 } })));
    const run = (options: Partial<CommandOptions> = {}): Promise<Outcome> =>
      runCommand("train", job, { backend: "cpu", ...options });
    if (!this.checkpoint) {
      write(steps);
      await run();
      const bytes = new Uint8Array(readFileSync(file));
      write(steps + 2);
      this.checkpoint = { bytes, out: told((await run({ resume: true })).out) };
    }
    write(steps + 2);
    const malformed = random.chance(0.2) ? special(random) : editedCheckpoint(random, this.checkpoint.bytes);
    rmSync(file, { force: true });
    put(malformed, file);
    const outcome = await run({ resume: true });
    return verdictOf(
      `checkpoint, ${malformed.what}`,
      malformed.expected,
      outcome,
      told(outcome.out) === this.checkpoint.out,
    );
  }

  /** A job file that is none. */
  private async brokenJob(random: Random, folder: string): Promise<Verdict> {
    const file = join(folder, "job.json");
    const malformed = random.chance(0.3)
      ? special(random, true)
      : malformedJson(random, strToU8(JSON.stringify(gradientJob({ observed }))));
    put(malformed, file);
    const expected = malformed.expected === "refused" ? "refused" : "any";
    return verdictOf(`job, ${malformed.what}`, expected, await runCommand("gradient", file, { backend: "cpu" }), true);
  }

  /** A file outside the folder that --root names, by any way that leads there. */
  private async outside(random: Random, folder: string): Promise<Verdict> {
    const root = join(folder, "root");
    mkdirSync(root);
    const secret = join(folder, "secret.json");
    writeFileSync(secret, jsonOf());
    symlinkSync(secret, join(root, "link.json"));
    symlinkSync(folder, join(root, "up"));
    const name = random.pick([
      "../secret.json",
      secret,
      "link.json",
      "up/secret.json",
      "./././../secret.json",
      "//etc/passwd",
      "/etc/passwd",
    ]);
    const job = join(root, "job.json");
    const checkpoint = random.chance(0.3);
    writeFileSync(
      job,
      JSON.stringify(
        checkpoint
          ? trainingJob({ steps: 1, checkpoint: name })
          : gradientJob({ observed: { file: name, key: "times" } }),
      ),
    );
    const outcome = await runCommand(checkpoint ? "train" : "gradient", job, { backend: "cpu", root });
    const verdict = verdictOf(`${name} outside the root`, "refused", outcome, false);
    const said = readFileSync(secret, "utf8") !== new TextDecoder().decode(jsonOf()) ? "was overwritten" : undefined;
    return said
      ? { ...verdict, faults: [...verdict.faults, { kind: "lost work", what: `the file outside the root ${said}` }] }
      : verdict;
  }
}

const told = (out: string): string => out.replace(/"\w*[sS]econds":[^,}]+/g, "");

function put({ bytes, make }: Malformed, path: string): void {
  if (bytes) writeFileSync(path, bytes);
  else make!(path);
}

function verdictOf(what: string, expected: Expected, outcome: Outcome, same: boolean): Verdict {
  const faults: Fault[] = judge(outcome).map((f) => ({ ...f, what: `${what}: ${f.what}` }));
  if (outcome.code === 0 && (expected === "refused" || (expected === "same" && !same)))
    faults.push({
      kind: "integrity",
      what: `${what}: taken for ${expected === "same" ? "whole, with other results" : "good"}`,
    });
  return { counts: { tried: 1, [outcome.code === 0 ? "accepted" : "refused"]: 1 }, faults };
}

export const openFiles = async (folder: string): Promise<Runner> => new Files(folder);
