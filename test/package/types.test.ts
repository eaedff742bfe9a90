/** Public types: what compiles, what must not (`npm run typecheck`), and what inference gives. */
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type Checkpoint,
  Engine,
  type EngineNetwork,
  firstSpikes,
  type Loss,
  meanSpikeTime,
  rmsprop,
  type SimulatedSpikes,
  type TrainStep,
  train,
  type ValueAndGradient,
} from "../../src/index.js";

describe("types", () => {
  it("of results", () => {
    expectTypeOf<EngineNetwork["simulate"]>().returns.resolves.toEqualTypeOf<SimulatedSpikes>();
    expectTypeOf<EngineNetwork["valueAndGradient"]>().returns.resolves.toEqualTypeOf<ValueAndGradient>();
    expectTypeOf<SimulatedSpikes["spikeTimes"]>().returns.resolves.toEqualTypeOf<Float64Array>();
    expectTypeOf<ValueAndGradient["flat"]>().toEqualTypeOf<Float64Array>();
    expectTypeOf(firstSpikes([[0.1]])).toExtend<Loss>();
    expectTypeOf<Awaited<ReturnType<TrainStep["checkpoint"]>>>().toEqualTypeOf<Checkpoint>();
    expectTypeOf(train).returns.toExtend<AsyncIterable<TrainStep>>();
  });

  it("of arguments, which are also checked when they run", async () => {
    // @ts-expect-error no such backend
    await expect(Engine.create({ backend: "cuda" })).rejects.toThrow(/backend: expected one of/);
    const engine = await Engine.create({ backend: "cpu" });
    // @ts-expect-error a parameter is a number, or a list of them
    expect(() => engine.network({ parameters: { mu1: "15" } })).toThrow(/network.parameters.mu1/);
    const network = engine.network({ current: 1.5 });
    // @ts-expect-error dt is missing
    expect(() => network.plan({ paths: 1, t1: 1 })).toThrow(/time.dt/);
    // @ts-expect-error no such method
    expect(() => network.plan({ paths: 1, t1: 1, dt: 0.1, method: "milstein" })).toThrow(/method: expected one of/);
    // @ts-expect-error what to differentiate by is missing
    const byNothing = () => network.valueAndGradient(meanSpikeTime(), { paths: 1, t1: 1, dt: 0.1 });
    await expect(byNothing()).rejects.toThrow();
    // @ts-expect-error a learning rate is needed
    expect(() => rmsprop({})).toThrow(/learningRate/);
  });
});
