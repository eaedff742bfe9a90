/** Pictures of long runs: traces over the whole of them, with few points and all of their extremes. */
import { expect, it } from "vitest";
import { Engine, type SolveOptions } from "../../src/index.js";
import { takeSnapshot } from "../../web/src/worker/snapshot.js";

const picture = async (definition: object, solve: SolveOptions & { paths: number }) => {
  const engine = await Engine.create({ backend: "cpu" });
  const shot = await takeSnapshot(engine, definition, solve, [{ times: [0.2], neurons: [0] }], 0, 0);
  return { shot, full: (paths: number) => engine.network(definition).stateTraces({ ...solve, paths, neurons: [0] }) };
};

it("traces cover the run, and keep its extremes in few points", async () => {
  const { shot, full } = await picture({ current: 1.5 }, { paths: 4, t1: 60, dt: 0.01 });
  expect([shot.tracedTo, shot.traces.length]).toEqual([60, 3]);
  (await full(3)).forEach((whole, path) => {
    const { times, states, eventRate } = shot.traces[path]!;
    expect(whole.times.length).toBeGreaterThan(6000);
    // Two extremes of three states and a rate in each of 250 stretches, and the ends.
    expect(times.length).toBeLessThanOrEqual(2002);
    expect([times[0], times.at(-1)]).toEqual([0, whole.times.at(-1)]);
    for (let n = 1; n < times.length; n++) expect(times[n]!).toBeGreaterThanOrEqual(times[n - 1]!);
    expect(Math.max(...states.v!)).toBe(Math.max(...whole.states.v!));
    expect(Math.min(...states.v!)).toBe(Math.min(...whole.states.v!));
    expect(Math.max(...eventRate)).toBe(Math.max(...whole.eventRate));
  });
});

it("traces of many neurons cover what they have time for, antithetic ones in pairs", async () => {
  const inputSpikes = { times: [0.01, 0.9], neurons: [0, 0], weights: [1, 1] };
  const many = await picture({ neurons: 1000, current: 0.2, inputSpikes }, { paths: 2, t1: 1, dt: 0.002 });
  expect([many.shot.tracedTo, many.shot.traces.length]).toEqual([0.4, 1]);
  const pairs = await picture({ current: 1.5 }, { paths: 4, t1: 1, dt: 0.1, antithetic: true });
  expect(pairs.shot.traces.map((t) => t.path)).toEqual([0, 1]);
});
