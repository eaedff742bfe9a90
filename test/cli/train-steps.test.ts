/** Steps of a training on the command line, of any kind of job: what is kept of one that ends early. */
import { afterEach, expect, it, vi } from "vitest";
import type { Checkpoints } from "../../src/cli/run-checkpoints.js";
import { runSteps } from "../../src/cli/train-steps.js";
import { SaltationError } from "../../src/errors.js";
import type { TrainStep } from "../../src/train/train.js";

afterEach(() => void vi.restoreAllMocks());

const stepOf = (step: number) => ({ step, value: 1 / (1 + step), warnings: [] }) as unknown as TrainStep;

/** Steps 0 and 1, and then an error. */
async function* failing(error: unknown): AsyncGenerator<TrainStep, void, void> {
  yield stepOf(0);
  yield stepOf(1);
  throw error;
}

/** Checkpoints that are not due by themselves. */
function kept() {
  const written: number[] = [];
  const checkpoints = {
    step: undefined as number | undefined,
    due: false,
    write: async ({ step }: TrainStep) => void written.push((checkpoints.step = step + 1)),
    standing: () => `the checkpoint of step ${checkpoints.step} is kept`,
  };
  return { written, checkpoints: checkpoints as unknown as Checkpoints };
}

const run = (error: unknown, checkpoints: Checkpoints | undefined) =>
  runSteps({
    training: failing(error),
    interrupt: new AbortController(),
    steps: 5,
    checkpoints,
    adapter: () => "none",
    take: async () => "",
  });

it.each([
  "device-lost",
  "out-of-memory",
] as const)("%s: the last step is kept, and the error names it", async (code) => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const { written, checkpoints } = kept();
  await expect(run(new SaltationError(code, "it is gone"), checkpoints)).rejects.toMatchObject({
    code,
    message: "it is gone; the checkpoint of step 2 is kept",
  });
  expect(written).toEqual([2]);
  await expect(run(new SaltationError(code, "it is gone"), undefined)).rejects.toThrow(/^it is gone$/);
});

it("another error goes through as it is", async () => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const { written, checkpoints } = kept();
  await expect(run(new SaltationError("not-finite", "the loss"), checkpoints)).rejects.toThrow(/^the loss$/);
  expect(written).toEqual([]);
});
