import { Engine } from "../engine.js";
import { writeNpz } from "../files/npz.js";
import { networkOf, solveOptionsOf } from "../job/build.js";
import { checkJob } from "../job/check-job.js";
import { simulateSchema } from "../job/job.js";
import { loadNamedCell } from "../job/named-cell.js";
import { defineNetwork } from "../network/network.js";
import { type Discretisation, toleranceOf } from "../plan/discretisation.js";
import { planSolve } from "../plan/plan.js";
import { withWarning } from "../twin/measured.js";
import { askedOf, discretisationLine } from "./discretisation.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { engineOptions } from "./options.js";
import {
  type CommonOptions,
  print,
  printJson,
  printStiff,
  progressBar,
  readable,
  sayWarnings,
  stiffField,
} from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";

/** `saltation simulate job.json`. */
export async function simulateCommand(file: string, options: CommonOptions): Promise<void> {
  const job = checkJob(simulateSchema, readJobFile(file, options));
  await loadNamedCell(job);
  const context = filesBeside(file, options);
  const definition = networkOf(job, context);
  const solve = solveOptionsOf(job);
  // Everything is checked before a device is opened.
  const plan = planSolve(defineNetwork(definition), solve);
  const asked = askedOf(options, job);
  if (typeof asked === "object") toleranceOf(asked);
  checkOutputs({ "--out": options.out }, [file, options.recording, ...context.opened]);
  const engine = await Engine.create(engineOptions(options));
  try {
    const began = performance.now();
    const bar = progressBar("simulate", job.paths, "paths");
    let result: {
      meanSpikeCount: number;
      saturatedPaths: number;
      warnings?: readonly string[];
      discretisation?: Discretisation;
    };
    let written = false;
    try {
      const spikes = await engine.network(definition).simulate({ ...solve, progress: (done) => bar.update(done) });
      const discretisation = asked ? await spikes.discretisation(asked === true ? {} : asked) : undefined;
      const { warnings, saturatedPaths } = withWarning(
        { warnings: spikes.warnings, saturatedPaths: spikes.saturatedPaths },
        discretisation,
      );
      result = {
        meanSpikeCount: await spikes.meanCount(),
        saturatedPaths,
        ...(warnings ? { warnings } : {}),
        ...(discretisation ? { discretisation } : {}),
      };
      if (options.out) {
        const t = await spikes.read();
        written = writeOutput(
          "--out",
          options.out,
          writeNpz({
            spike_times: { data: t.times, shape: [t.paths, t.slots] },
            spike_neurons: { data: t.neurons, shape: [t.paths, t.slots] },
            spike_counts: { data: t.counts, shape: [t.paths] },
          }),
        );
      }
    } finally {
      bar.stop();
    }
    sayWarnings(result.warnings);
    const seconds = (performance.now() - began) / 1000;
    if (options.json)
      printJson({ adapter: engine.adapterName, paths: job.paths, ...result, ...stiffField(plan), seconds });
    else {
      print(`${job.paths} paths on ${engine.adapterName} in ${readable(seconds)} s`);
      print(`mean spike count ${readable(result.meanSpikeCount)}`);
      printStiff(plan);
      if (result.saturatedPaths > 0) print(`${result.saturatedPaths} paths stopped at maxSpikes = ${job.maxSpikes}`);
      if (result.discretisation) print(discretisationLine(result.discretisation, job.time.t1));
      if (written) print(`spike trains in ${options.out}`);
    }
  } finally {
    engine.dispose();
  }
}
