/** The `saltation` command. */
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { checkHelp, gradientHelp, kernelHelp, signatureHelp, simulateHelp, trainHelp } from "./help.js";
import { type CommonOptions, exitBadInput, oneLine, reportError, sayError } from "./output.js";
import { reason } from "./output-files.js";

const packageFile = new URL("../../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };

const backend = new Option(
  "--backend <backend>",
  "where to compute: a GPU (webgpu), the processor (simd), or the float64 twin (cpu); auto takes the first there is",
)
  .choices(["auto", "webgpu", "simd", "cpu"])
  .default("auto");
const threads = new Option("--threads <n>", "threads of simd (default: all processors)");

const program = new Command("saltation")
  .description("Simulates, differentiates and trains stochastic spiking neural networks with WebGPU.")
  .version(version)
  .configureOutput({
    outputError: (text) => sayError(`${oneLine(text.replace(/^error: /, ""))} (see saltation --help)`),
  })
  .addHelpText(
    "after",
    `
Examples:
  $ saltation figure1                                  recover a neuron's current from its spikes
  $ saltation simulate job.json --out spikes.npz       spike trains of many paths
  $ saltation gradient job.json --json                 a loss and its exact gradient
  $ saltation check job.json                           that gradient against finite differences
  $ saltation train node_modules/saltation/examples/synthetic-cell.json

A job file says what to do, here with 1,000 paths of one neuron:
  { "network": { "cell": "slif" }, "input": { "current": 1.5 },
    "time": { "t1": 1, "dt": 0.01 }, "paths": 1000, "seed": 1 }

Exit codes: 0 done; 1 bad input, or a file not written (one line says which); 2 the device failed; 130 stopped by Ctrl-C.`,
  );

/** Of commands that solve on a grid. */
const unmeasured = (): Option =>
  new Option("--no-discretisation", "do not measure the error that spike times owe to the step dt");

// Commands are loaded when they run: start-up stays short.
const jobCommand = <O extends CommonOptions>(
  name: string,
  description: string,
  load: () => Promise<(file: string, options: O) => Promise<void>>,
): Command =>
  program
    .command(name)
    .description(description)
    .argument("<job.json>", "the job file; - is standard input")
    .option("--out <file.npz>", "write arrays to this file")
    .option("--json", "print one JSON object and nothing else")
    .option("--recording <file>", "the file that the job calls @recording")
    .option("--root <folder>", "refuse files that the job names outside this folder")
    .addOption(backend)
    .addOption(threads)
    .action(async (file: string, options: O) => (await load())(file, options));

jobCommand("simulate", "simulate spike trains", async () => (await import("./simulate.js")).simulateCommand)
  .addOption(unmeasured())
  .addHelpText("after", simulateHelp);
jobCommand(
  "gradient",
  "value and exact gradient of a loss, with standard errors",
  async () => (await import("./gradient.js")).gradientCommand,
)
  .addOption(unmeasured())
  .addHelpText("after", gradientHelp);
program
  .command("check")
  .description("measure a job's gradient against finite differences with the same random numbers")
  .argument("<job.json>", "a job of saltation gradient; - is standard input")
  .option("--entries <n>", "entries of a parameter that are checked, at most, evenly spread", "8")
  .option("--json", "print one JSON object and nothing else")
  .option("--recording <file>", "the file that the job calls @recording")
  .option("--root <folder>", "refuse files that the job names outside this folder")
  .addOption(backend)
  .addOption(threads)
  .action(async (file, options) => (await import("./check.js")).checkCommand(file, options))
  .addHelpText("after", checkHelp);
jobCommand("train", "fit parameters to observed spike trains", async () => (await import("./train.js")).trainCommand)
  .addOption(unmeasured())
  .option("--resume", "continue from the job's checkpoint file")
  .option("--save <trained.json>", "write a job for simulate with the fitted parameters")
  .option("--figure <file.svg>", "draw loss and measures by step (default for jobs with a test: out/<job>.svg)")
  .addOption(
    new Option("--history <what>", "what --json has of each step: loss and parameters, the loss, or nothing")
      .choices(["full", "loss", "none"])
      .default("full"),
  )
  .addHelpText("after", trainHelp);
jobCommand(
  "kernel",
  "signature kernels: Gram matrix, MMD² or score",
  async () => (await import("./kernel.js")).kernelCommand,
).addHelpText("after", kernelHelp);
jobCommand(
  "signature",
  "truncated signatures of paths",
  async () => (await import("./kernel.js")).signatureCommand,
).addHelpText("after", signatureHelp);
program
  .command("info")
  .description("print the adapter, its limits and features, and what to do if there is none")
  .option("--json", "print one JSON object and nothing else")
  .action(async (options) => (await import("./info.js")).infoCommand(options));
program
  .command("figure1")
  .description("recover one neuron's input current from its spike times: table and figure")
  .option("--out <folder>", "where the figure goes (default: out)")
  .option("--steps <steps>", "training steps of each run", "1500")
  .option("--seed <seed>", "seed of data and training", "1")
  .option("--json", "print one JSON object and nothing else")
  .addOption(backend)
  .addOption(threads)
  .action(async (options) => (await import("./figure1.js")).figure1Command(options));
program
  .command("bench")
  .description("time the engine beside the floors of the machine: noise, copying and arithmetic alone")
  .argument("[suite...]", "forward, gradient, signature, train, start (default: all)")
  .option("--in <place>", "dawn (WebGPU in Node), chrome (a headless page) or cpu (the float64 twin)", "dawn")
  .option("--out <file.json>", "write the report to this file")
  .option("--compare <old.json>", "list the changes since that report, each within or outside its spread")
  .option("--quick", "smallest sizes, to see whether everything runs and not how fast")
  .option("--software", "use the software adapter even if there is a GPU")
  .option("--json", "print one JSON object and nothing else")
  .action(async (suites, options) => (await import("./bench.js")).benchCommand(suites, options));

program.exitOverride();
// A reader that has seen enough, `head` for example, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  sayError(`cannot write the results to standard output: ${reason(error)}`);
  process.exit(exitBadInput);
});
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Error && "exitCode" in error && "code" in error && String(error.code).startsWith("commander.")) {
    process.exitCode = error.exitCode === 0 ? 0 : exitBadInput;
  } else process.exitCode = reportError(error);
}
