/** Backends are an interface: a third one, which has the twin do its work, serves all that an engine offers. */
import { expect, it } from "vitest";
import type { SolverBackend } from "../../src/backend/backend.js";
import { Engine } from "../../src/engine.js";
import { SaltationError } from "../../src/errors.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { TrainingBackend } from "../../src/train/backend.js";
import { rmsprop } from "../../src/train/optimisers.js";
import { type TrainOptions, train } from "../../src/train/train.js";
import { twin } from "../../src/twin/backend.js";
import { type AskedStep, askedSteps } from "../support/steps.js";

/** Writes down what it is asked for. */
function third(asked: string[]): SolverBackend {
  const noted =
    <A extends unknown[], R>(name: string, act: (...args: A) => R) =>
    (...args: A): R => {
      asked.push(name);
      return act(...args);
    };
  return {
    name: "third",
    description: "a machine of the test's",
    simulate: noted("simulate", twin.simulate),
    evaluator: noted("evaluator", twin.evaluator),
    likelihood: noted("likelihood", twin.likelihood),
    sensitivities: noted("sensitivities", twin.sensitivities),
    check: () => {},
    dispose: noted("dispose", () => {}),
  };
}

const definition = { cell: "slif", current: 1.5 };
const options = { paths: 4, t1: 1, dt: 0.05, seed: 3 };
const loss = meanSpikeTime(0, 0);
const training: TrainOptions = {
  ...options,
  loss,
  steps: 3,
  trainable: ["current"],
  optimiser: rmsprop({ learningRate: 1e-2 }),
};

const stepsOf = (engine: Engine, asked: TrainOptions = training): Promise<AskedStep[]> =>
  askedSteps(train(engine.network(definition), asked));

it("a third backend simulates, differentiates and trains", async () => {
  const asked: string[] = [];
  const engine = Engine.on(third(asked));
  const cpu = await Engine.create({ backend: "cpu" });
  const [mine, its] = [engine.network(definition), cpu.network(definition)];

  const spikes = await mine.simulate(options);
  expect(await spikes.read()).toEqual(await (await its.simulate(options)).read());
  const differentiated = { ...options, with: ["current", "mu1"] };
  expect(await mine.valueAndGradient(loss, differentiated)).toEqual(await its.valueAndGradient(loss, differentiated));
  expect(await mine.spikeTimeSensitivities(differentiated)).toEqual(await its.spikeTimeSensitivities(differentiated));
  const observed = logLikelihood([{ times: [0.3, 0.7] }]);
  const quiet = { ...options, with: ["current"], paths: 1 };
  const still = { cell: "slif", current: 1.5, parameters: { sigma1: 0, sigma2: 0, alpha: 0 } };
  expect(await engine.network(still).valueAndGradient(observed, quiet)).toEqual(
    await cpu.network(still).valueAndGradient(observed, quiet),
  );
  const numbers = (steps: AskedStep[]) => steps.map((s) => [s.step, s.value, s.gradient, s.updated]);
  expect(numbers(await stepsOf(engine))).toEqual(numbers(await stepsOf(cpu)));

  engine.dispose();
  expect(asked).toEqual(["simulate", "evaluator", "sensitivities", "likelihood", "evaluator", "dispose"]);
  expect(engine.gpu).toBeUndefined();
  expect(engine.backend).toBe("third");
  expect(engine.adapterName).toBe("a machine of the test's");
});

it("a backend may train by itself, and may leave a loss to the host", async () => {
  const asked: string[] = [];
  const state = { step: 1, values: [2], unconstrained: [2], low: [0], groups: [] };
  const own: TrainingBackend = {
    ...third(asked),
    async training({ plan, views, loss: { kind } }) {
      if (kind !== loss.kind) return undefined;
      const evaluator = await twin.evaluator(plan, loss, views);
      return {
        async *run() {
          const result = await evaluator.evaluate(plan);
          yield { step: 0, result, evaluated: async () => result, state: async () => state };
        },
        dispose: () => asked.push("training over"),
      };
    },
  };
  const engine = Engine.on(own);
  const steps = await stepsOf(engine);
  expect(steps.map((s) => s.updated)).toEqual([{ current: 2 }]);
  expect(asked).toEqual(["training over"]);
  const other = { kind: "other", evaluate: loss.evaluate!.bind(loss) };
  expect(await stepsOf(engine, { ...training, loss: other })).toHaveLength(3);
  expect(asked).toEqual(["training over", "evaluator"]);
});

it("what a backend cannot do any more is said before it is asked", async () => {
  const gone: SolverBackend = {
    ...third([]),
    check() {
      throw new SaltationError("device-lost", "it is gone");
    },
  };
  const network = Engine.on(gone).network.bind(Engine.on(gone));
  expect(() => network(definition)).toThrow("it is gone");
});
