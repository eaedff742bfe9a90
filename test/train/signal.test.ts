/** A training run that a signal ends within a step. */
import { describe, expect, it } from "vitest";
import { Engine, type EngineNetwork } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { rmsprop } from "../../src/train/optimisers.js";
import { type TrainOptions, train } from "../../src/train/train.js";

const options: TrainOptions = {
  paths: 4,
  t1: 0.5,
  dt: 0.05,
  loss: firstSpikes([[0.2]]),
  optimiser: rmsprop({ learningRate: 1e-2 }),
  trainable: ["current"],
  steps: 5,
};

type Evaluate = Awaited<ReturnType<EngineNetwork["evaluator"]>>["evaluate"];

/** A network on the CPU, of which something happens at each evaluation. */
async function network(each: (step: number, evaluate: Evaluate, how: Parameters<Evaluate>) => ReturnType<Evaluate>) {
  const on = (await Engine.create({ backend: "cpu" })).network({ current: 1.5 });
  const evaluator = on.evaluator.bind(on);
  let step = 0;
  let disposed = 0;
  on.evaluator = async (...given) => {
    const made = await evaluator(...given);
    const evaluate: Evaluate = (...how) => each(step++, made.evaluate.bind(made), how);
    const dispose = (): void => {
      disposed++;
      made.dispose();
    };
    return { ...made, evaluate, dispose };
  };
  return { on, disposed: () => disposed };
}

async function steps(on: EngineNetwork, signal: AbortSignal): Promise<{ losses: number[]; error: unknown }> {
  const losses: number[] = [];
  try {
    for await (const step of train(on, { ...options, signal })) losses.push(step.value);
  } catch (error) {
    return { losses, error };
  }
  return { losses, error: undefined };
}

describe("a signal", () => {
  it("ends a run in a step that does not end by itself", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { on } = await network((step, evaluate, how) => {
      if (step < 2) return evaluate(...how);
      setImmediate(() => controller.abort(reason));
      return new Promise(() => {});
    });
    const { losses, error } = await steps(on, controller.signal);
    expect(error).toBe(reason);
    expect(losses).toHaveLength(2);
  });

  it("keeps the step under way from doing more paths, and frees what the run holds", async () => {
    const controller = new AbortController();
    const told: unknown[] = [];
    const { on, disposed } = await network(async (step, evaluate, [plan, how]) => {
      if (step < 1) return evaluate(plan, how);
      controller.abort();
      const result = evaluate(plan, how);
      await result.catch((error) => told.push(error));
      return result;
    });
    const { losses, error } = await steps(on, controller.signal);
    expect(error).toBe(controller.signal.reason);
    expect(losses).toHaveLength(1);
    await expect.poll(() => [told, disposed()]).toEqual([[controller.signal.reason], 1]);
  });

  it("that came before, or never, changes nothing else", async () => {
    const { on } = await network((_, evaluate, how) => evaluate(...how));
    expect((await steps(on, AbortSignal.abort("early"))).losses).toEqual([]);
    const { losses, error } = await steps(on, new AbortController().signal);
    expect([losses.length, error]).toEqual([5, undefined]);
    const alone: number[] = [];
    for await (const step of train(on, options)) alone.push(step.value);
    expect(alone).toEqual(losses);
  });

  it("is an AbortSignal", async () => {
    const { on } = await network((_, evaluate, how) => evaluate(...how));
    const error = await steps(on, "SIGTERM" as never).then((run) => run.error);
    expect(error).toMatchObject({ code: "invalid-input", message: 'signal: expected an AbortSignal, got "SIGTERM"' });
  });
});
