import { counted } from "../checks.js";
import { Engine } from "../engine.js";
import { type NpyArray, writeNpz } from "../files/npz.js";
import { planSimulation, runSimulation, type Simulation, simulationObject } from "../job/simulate-run.js";
import type { StateTable } from "../spikes/state-table.js";
import type { SpikeTable } from "../spikes/table.js";
import { askedOf, discretisationLine } from "./discretisation.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { engineOptions } from "./options.js";
import { type CommonOptions, print, printJson, printStiff, progressBar, readable, sayWarnings } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";

/** `saltation simulate job.json`. */
export async function simulateCommand(file: string, options: CommonOptions): Promise<void> {
  const given = readJobFile(file, options);
  const context = filesBeside(file, options);
  // Everything is checked before a device is opened.
  const planned = await planSimulation(given, context);
  const { job, plan } = planned;
  checkOutputs({ "--out": options.out }, [file, options.recording, ...context.opened]);
  const engine = await Engine.create(engineOptions(options));
  try {
    const began = performance.now();
    const bar = progressBar("simulate", job.paths, "paths");
    let result: Simulation;
    let written = false;
    try {
      result = await runSimulation(engine, planned, askedOf(options, job), (done) => bar.update(done));
      if (options.out)
        written = writeOutput("--out", options.out, spikesNpz(await result.spikes.read(), result.states));
    } finally {
      bar.stop();
    }
    sayWarnings(result.warnings);
    const seconds = (performance.now() - began) / 1000;
    if (options.json) printJson(simulationObject(engine.adapterName, planned, result, seconds));
    else {
      print(`${job.paths} paths on ${engine.adapterName} in ${readable(seconds)} s`);
      print(`mean spike count ${readable(result.meanSpikeCount)}`);
      printStiff(plan);
      if (result.saturatedPaths > 0) print(`${result.saturatedPaths} paths stopped at maxSpikes = ${job.maxSpikes}`);
      if (result.discretisation) print(discretisationLine(result.discretisation, job.time.t1));
      if (result.states) print(statesLine(result.states, written));
      if (written) print(`spike trains in ${options.out}`);
    }
  } finally {
    engine.dispose();
  }
}

function statesLine({ states, neurons, times }: StateTable, written: boolean): string {
  const where = written ? "beside them" : "--out writes them, and --json has their means";
  return `states ${states.join(", ")} of ${counted(neurons.length, "neuron")} at ${counted(times.length, "time")}: ${where}`;
}

/** States by name, [paths, times, neurons], with their times and neurons. */
function stateArrays({ paths, times, neurons, states, values }: StateTable): Record<string, NpyArray> {
  const shape = [paths, times.length, neurons.length];
  const of = (s: number): Float64Array =>
    Float64Array.from({ length: values.length / states.length }, (_, i) => values[i * states.length + s]!);
  return {
    observed_times: { data: times, shape: [times.length] },
    observed_neurons: { data: neurons, shape: [neurons.length] },
    ...Object.fromEntries(states.map((name, s) => [`state_${name}`, { data: of(s), shape }])),
  };
}

/** The file that `--out` writes. */
export const spikesNpz = (t: SpikeTable, states?: StateTable): Uint8Array =>
  writeNpz({
    ...(states ? stateArrays(states) : {}),
    spike_times: { data: t.times, shape: [t.paths, t.slots] },
    spike_neurons: { data: t.neurons, shape: [t.paths, t.slots] },
    spike_counts: { data: t.counts, shape: [t.paths] },
  });
