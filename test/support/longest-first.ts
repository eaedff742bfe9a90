/**
 * Files that take longest begin first, so that both cores are busy to the end: a long one that began last would leave one
 * idle. Where nothing is known of earlier runs, as in a fresh clone, vitest goes by the size of files.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Seconds of a processor, about; what is not here takes less than these. */
const seconds: Readonly<Record<string, number>> = {
  "web/studio.test.ts": 60,
  "solve/gpu-twin.gpu.test.ts": 55,
  "signature/backend.gpu.test.ts": 25,
  "package/install.test.ts": 22,
  "web/pages.test.ts": 30,
  "loss/losses.gpu.test.ts": 17,
  "cells/gpu-twin.gpu.test.ts": 16,
  "twin/gradient.test.ts": 15,
  "experiments/check-gradient.gpu.test.ts": 14,
  "cases/events.gpu.test.ts": 14,
  "cli/train.test.ts": 13,
  "suites/suites.test.ts": 12,
  "suites/verdicts.test.ts": 10,
  "cli/documented.test.ts": 10,
  "solve/tableau.gpu.test.ts": 10,
  "signature/near-zero.gpu.test.ts": 9,
  "cells/gradient.test.ts": 8,
  "solve/exponential.gpu.test.ts": 8,
  "train/train.gpu.test.ts": 7,
  "gradient/prepared.gpu.test.ts": 7,
  "solve/long-flow.gpu.test.ts": 7,
  "solve/small-buffers.gpu.test.ts": 7,
  "signature/near-zero-signatures.gpu.test.ts": 7,
  "examples/embedding.test.ts": 7,
  "loss/mean-verdict.gpu.test.ts": 6,
  "laws/laws.gpu.test.ts": 6,
  "loss/losses.test.ts": 6,
  "signature/properties.gpu.test.ts": 6,
  "cli/cli.test.ts": 6,
  "loss/batch-errors.test.ts": 5,
  "loss/log-likelihood.gpu.test.ts": 5,
  "twin/discretisation.test.ts": 5,
};

const rank = ({ moduleId }: TestSpecification): number => seconds[moduleId.split("/test/").at(-1)!] ?? 0;

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rank(b) - rank(a));
  }
}
