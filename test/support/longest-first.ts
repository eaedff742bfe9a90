/**
 * Files that take longest begin first, so that both cores are busy to the end: a long one that began last would leave one
 * idle. A process that runs one file after the other is kept for those of its project, so that these come together. Where nothing is known of earlier runs, as in a fresh clone, vitest goes by the size of files.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Seconds, about; what is not here takes less than these. What mostly waits comes first, beside the others. */
const seconds: Readonly<Record<string, number>> = {
  "shards/clusters.long.test.ts": 200,
  "solve/gpu-twin.gpu.long.test.ts": 130,
  "solve/neurons.gpu.long.test.ts": 80,
  "suites/suites.long.test.ts": 55,
  "loss/estimator-errors.long.test.ts": 48,
  "experiments/check-gradient.long.test.ts": 28,
  "solve/wide.gpu.long.test.ts": 26,
  "loss/batch-errors.long.test.ts": 22,
  "docs/tutorial.long.test.ts": 20,
  "web/studio.test.ts": 70,
  "solve/gpu-twin.gpu.test.ts": 45,
  "experiments/check-gradient.gpu.test.ts": 28,
  "twin/gradient.test.ts": 23,
  "loss/losses.gpu.test.ts": 22,
  "package/install.test.ts": 22,
  "web/pages.long.test.ts": 30,
  "signature/backend.gpu.test.ts": 19,
  "shards/shards.test.ts": 14,
  "cli/documented.test.ts": 14,
  "cli/train.test.ts": 12,
  "suites/verdicts.long.test.ts": 12,
  "solve/inputs.gpu.test.ts": 11,
  "cells/gpu-twin.gpu.test.ts": 10,
  "loss/mean-verdict.gpu.test.ts": 9,
  "solve/samples.gpu.test.ts": 9,
  "cells/gradient.test.ts": 9,
  "loss/log-likelihood.gpu.test.ts": 9,
  "gradient/prepared.gpu.test.ts": 8,
  "solve/small-buffers.gpu.test.ts": 8,
  "cli/command-line.test.ts": 8,
  "loss/score.test.ts": 8,
  "twin/likelihood.test.ts": 8,
  "solve/populations-by-workgroups.gpu.test.ts": 7,
  "gradient/horizon-losses.gpu.test.ts": 7,
  "train/train.gpu.test.ts": 7,
  "twin/horizon.test.ts": 7,
  "suites/suites.test.ts": 7,
  "cli/cli.test.ts": 6,
  "solve/high-rates.gpu.test.ts": 6,
  "loss/losses.test.ts": 6,
  "examples/embedding.test.ts": 6,
  "examples/python.test.ts": 6,
  "cases/events.gpu.test.ts": 5,
  "twin/discretisation.test.ts": 5,
  "signature/near-zero.gpu.test.ts": 5,
  "loss/sample-losses.gpu.test.ts": 5,
  "solve/populations.gpu.test.ts": 5,
  "loss/batch-errors.test.ts": 5,
  "solve/tableau.gpu.test.ts": 5,
  "web/run.test.ts": 5,
  "solve/states.gpu.test.ts": 4,
  "loss/state-losses.gpu.test.ts": 4,
  "solve/carried.gpu.test.ts": 4,
  "laws/laws.gpu.test.ts": 4,
  "gpu/process.test.ts": 4,
};

const rank = ({ moduleId }: TestSpecification): number => seconds[moduleId.split("/test/").at(-1)!] ?? 0;

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ project }: TestSpecification): number => Number(project.name !== "simd");
    return sorted.sort((a, b) => place(a) - place(b) || rank(b) - rank(a));
  }
}
