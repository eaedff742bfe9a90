import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail, wholeNumber } from "../checks.js";
import { Engine } from "../engine.js";
import { lossOf, networkOf, optimiserOf, solveOptionsOf } from "../io/build.js";
import { checkJob, trainSchema } from "../io/job.js";
import { writeNpz } from "../io/npz.js";
import { defineNetwork } from "../network/network.js";
import { parameterLayout, requestedViews } from "../solve/layout.js";
import { planSolve } from "../solve/plan.js";
import { type Checkpoint, train } from "../train/train.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { type CommonOptions, print, printJson, progressBar, readable, readableShape } from "./output.js";

/** Written beside the file and renamed: whatever happens, a whole checkpoint is there. */
function writeCheckpoint(file: string, checkpoint: Checkpoint): void {
  writeFileSync(`${file}.new`, JSON.stringify(checkpoint));
  renameSync(`${file}.new`, file);
}

function readCheckpoint(file: string): Checkpoint {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Checkpoint;
  } catch (error) {
    return fail("checkpoint", `cannot resume from ${file}: ${(error as Error).message}`);
  }
}

/** `saltation train job.json`. */
export async function trainCommand(file: string, options: CommonOptions & { resume?: boolean }): Promise<void> {
  const job = checkJob(trainSchema, readJobFile(file));
  const context = filesBeside(file, options.recording);
  const definition = networkOf(job, context);
  const solve = solveOptionsOf(job);
  const network = defineNetwork(definition);
  const plan = planSolve(network, solve);
  requestedViews(network, parameterLayout(plan), job.trainable);
  const loss = lossOf(job.loss, job.observed, context, network.neurons, plan.t1);
  loss.check(network);
  const optimiser = optimiserOf(job.optimiser);
  const steps = wholeNumber("steps", job.steps, 1, 2 ** 31);
  const checkpointFile = job.checkpoint === undefined ? undefined : resolve(dirname(file), job.checkpoint);
  if (options.resume && !checkpointFile) fail("checkpoint", "is missing; --resume goes on from the file that it names");
  const resume = options.resume ? readCheckpoint(checkpointFile!) : undefined;
  if (resume && resume.step >= steps)
    fail("steps", `is ${steps}, but the checkpoint has ${resume.step} steps already; ask for more`);

  const engine = await Engine.create({ backend: options.backend as "auto" });
  try {
    const began = performance.now();
    const bar = progressBar("train", steps, "steps");
    const history: { loss: number; standardError: number; parameters: Record<string, unknown> }[] = [];
    let parameters: Record<string, unknown> = {};
    let firstStepSeconds = 0;
    let saved = performance.now();
    try {
      const run = train(engine.network(definition), {
        ...solve,
        loss,
        optimiser,
        steps,
        trainable: job.trainable,
        ...(resume ? { resume } : {}),
        ...(job.commonNoise === undefined ? {} : { commonNoise: job.commonNoise }),
        ...(job.requireExact === undefined ? {} : { requireExact: job.requireExact }),
      });
      for await (const step of run) {
        if (history.length === 0) firstStepSeconds = performance.now() / 1000;
        history.push({ loss: step.value, standardError: step.standardError, parameters: step.parameters });
        parameters = step.updated;
        if (checkpointFile && (performance.now() - saved > 2000 || step.step === steps - 1)) {
          writeCheckpoint(checkpointFile, step.checkpoint());
          saved = performance.now();
        }
        bar.update(step.step + 1, `| loss ${readable(step.value)}`);
      }
    } finally {
      bar.stop();
    }
    const seconds = (performance.now() - began) / 1000;
    if (options.out) {
      writeFileSync(
        options.out,
        writeNpz({ loss: { data: Float64Array.from(history, (h) => h.loss), shape: [history.length] } }),
      );
    }
    if (options.json) {
      printJson({ adapter: engine.adapterName, steps, seconds, firstStepSeconds, history, parameters });
    } else {
      print(`${steps} steps of ${job.paths} paths on ${engine.adapterName} in ${readable(seconds)} s`);
      print(`loss ${readable(history[0]!.loss)} at first, ${readable(history[history.length - 1]!.loss)} at last`);
      for (const [name, value] of Object.entries(parameters)) {
        print(`${name} ${readableShape(history[0]!.parameters[name])} → ${readableShape(value)}`);
      }
    }
  } finally {
    engine.dispose();
  }
}
