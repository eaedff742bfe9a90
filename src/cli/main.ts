/** The `saltation` command. */
import { Command, Option } from "commander";
import {
  checkHelp,
  convertHelp,
  gradientHelp,
  inspectHelp,
  kernelHelp,
  mergeHelp,
  signatureHelp,
  simulateHelp,
  splitHelp,
  submitHelp,
  trainHelp,
  workerHelp,
} from "./help.js";
import { defaultQueue } from "./options.js";
import { type CommonOptions, exitBadInput, oneLine, reportError, sayError } from "./output.js";
import { reason } from "./output-files.js";
import { version } from "./version.js";

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
jobCommand(
  "train",
  "fit parameters to observed spike trains, or train a classifier on data",
  async () => (await import("./train.js")).trainCommand,
)
  .addOption(unmeasured())
  .option("--resume", "continue from the job's checkpoint file")
  .option("--save <trained.json>", "write a job for simulate with the fitted parameters")
  .option("--figure <file.svg>", "draw loss and measures by step (default for jobs with a test: out/<job>.svg)")
  .addOption(
    new Option("--history <what>", "what --json has of each step: loss and parameters, the loss, or nothing")
      .choices(["full", "loss", "none"])
      .default("full"),
  )
  .option("--confidence", "say how well the data determine what was fitted by log-likelihood (docs/confidence.md)")
  .option("--workers <redis://host:port>", "have the workers of this queue evaluate each step together")
  .option("--queue <name>", "the queue of the workers", defaultQueue)
  .option("--pieces <n>", "into how many pieces they cut a step (default: as many as there are workers)")
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
/** What the commands that cut jobs into shards have in common. */
const cutting = (command: Command): Command =>
  command
    .argument("<job.json>", "a job of simulate, gradient or kernel; - is standard input")
    .requiredOption("--shards <n>", "into how many pieces to cut it")
    .option("--grid <sweep.json>", "values by field, or a list of points: a job at each of them")
    .option("--spikes", "keep the spikes of every path, for merge --out")
    .option("--recording <file>", "the file that the job calls @recording")
    .option("--root <folder>", "refuse files that the job names outside this folder")
    .addOption(backend)
    .addOption(unmeasured());
cutting(program.command("split").description("cut a job, or a sweep, into shards that run anywhere"))
  .requiredOption("--out <folder>", "where the shards go")
  .addOption(
    new Option("--engine <engine>", "also write what this engine runs them by").choices(["slurm", "snakemake"]),
  )
  .option("--per-task <n>", "shards of a task of Slurm, in one process (default: 1, from 64 shards on 4)")
  .option("--json", "print one JSON object and nothing else")
  .action(async (file, options) => (await import("./split.js")).splitCommand(file, options))
  .addHelpText("after", splitHelp);
program
  .command("run")
  .description("run shards: each writes its result beside it")
  .argument("<shard.json...>", "files that split wrote")
  .option("--missing", "only those that have no result yet")
  .option("--json", "print one JSON object a shard and nothing else")
  .addOption(
    new Option("--backend <backend>", "where to compute (default: as split was told)").choices([
      "auto",
      "webgpu",
      "simd",
      "cpu",
    ]),
  )
  .addOption(threads)
  .action(async (files, options) => (await import("./run.js")).runCommand(files, options));
program
  .command("merge")
  .description("put results of shards together: what the job itself would have printed, bit by bit")
  .argument("<folder>", "where split put the shards")
  .option("--out <file.npz>", "write the arrays that the job's command would write")
  .option("--json", "print one JSON object (of a sweep, a list) and nothing else")
  .option("--mixed-adapters", "take results of different adapters, and say how they differ")
  .action(async (folder, options) => (await import("./merge.js")).mergeCommand(folder, options))
  .addHelpText("after", mergeHelp);
/** Of commands that talk to a queue. */
const queued = (command: Command): Command =>
  command
    .addOption(
      new Option("--redis <redis://host:port>", "where the queue is")
        .env("SALTATION_REDIS")
        .default("redis://127.0.0.1:6379"),
    )
    .option("--queue <name>", "the name of the queue", defaultQueue);
queued(
  cutting(program.command("submit").description("run the shards of a job by the workers of a queue, and merge them")),
)
  .option("--tries <n>", "how often a shard is tried whose worker or device fails", "5")
  .option("--threads <n>", "threads of simd for each shard (default: as its worker was told, else all processors)")
  .option("--out <file.npz>", "write the arrays that the job's command would write")
  .option("--json", "print what the job itself would have printed, and nothing else")
  .option("--mixed-adapters", "take results of different adapters, and say how they differ")
  .action(async (file, options) => (await import("./queue/submit.js")).submitCommand(file, options))
  .addHelpText("after", submitHelp);
queued(program.command("worker").description("take shards and training steps from a queue, until told to stop"))
  .option("--concurrency <n>", "how many at a time, each in a process of its own", "1")
  .option("--lock <seconds>", "after how long without a sign of life another worker takes over", "15")
  .addOption(threads)
  .action(async (options) => (await import("./queue/worker.js")).workerCommand(options))
  .addHelpText("after", workerHelp);
queued(program.command("queue").description("what waits in a queue, what is under way, and its dead letters"))
  .option("--retry", "try dead letters again")
  .option("--clear", "take dead letters away")
  .option("--json", "print one JSON object and nothing else")
  .action(async (options) => (await import("./queue/queue.js")).queueCommand(options));
program
  .command("inspect")
  .description("show what a file of a recording holds, and the lines of a job that use it")
  .argument("<file>", "HDF5 (NWB, SONATA, SHD), Parquet, npz, npy, JSON or CSV; - is standard input")
  .option("--json", "print one JSON object and nothing else")
  .action(async (file, options) => (await import("./inspect.js")).inspectCommand(file, options))
  .addHelpText("after", inspectHelp);
program
  .command("convert")
  .description("convert spike trains and time series between kinds of files, networks between jobs and NIR")
  .argument("<from>", "a file that saltation inspect shows, or a job; - is standard input")
  .argument("<to>", "the file to write: .npz, .parquet or .csv; of NIR a job (.json), of a job .nir")
  .option("--key <key>", "which spike trains or time series of the file")
  .option("--time-unit <unit>", "unit of the times that are written: s, ms, us (default: the file's)")
  .option("--file-time-unit <unit>", "unit of the file's times, where it names none")
  .option("--unit <unit>", "unit of the values of a time series: A, nA, mV (default: the file's)")
  .option("--file-unit <unit>", "unit of the file's values, where it names none")
  .option("--origin <time>", "the file's time, in --time-unit, that becomes 0")
  .option("--neurons <list>", "neurons of the file that become 0, 1, …, with commas between them")
  .option("--trials <list>", "trials of the file, counted from 0, with commas between them")
  .option(
    "--spike-area <seconds>",
    "of NIR: area of a spike, dt where the network was trained in steps of dt (default: 1)",
  )
  .option("--json", "print one JSON object and nothing else")
  .action(async (from, to, options) => (await import("./convert.js")).convertCommand(from, to, options))
  .addHelpText("after", convertHelp);
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
  .option(
    "--in <place>",
    "dawn (WebGPU in Node), simd (the processor), chrome (a headless page) or cpu (the float64 twin)",
    "dawn",
  )
  .option("--out <file.json>", "write the report to this file")
  .option("--compare <old.json>", "list the changes since that report, each within or outside its spread")
  .option("--quick", "smallest sizes, to see whether everything runs and not how fast")
  .option("--software", "use the software adapter even if there is a GPU")
  .addOption(threads)
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
