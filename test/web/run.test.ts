/** A run of the studio, told several things at once: the last that was said holds. */
import { expect, it } from "vitest";
import { Engine } from "../../src/index.js";
import type { StudioDocument } from "../../web/src/model/document.js";
import { newDocument } from "../../web/src/model/experiments.js";
import { Files } from "../../web/src/worker/files.js";
import { buildProblem, planOf } from "../../web/src/worker/problem.js";
import type { StudioEvent } from "../../web/src/worker/protocol.js";
import { Run } from "../../web/src/worker/run.js";

type Of<K extends StudioEvent["kind"]> = Extract<StudioEvent, { kind: K }>;

async function ready(changes: Partial<StudioDocument["job"]> = {}) {
  const engine = await Engine.create({ backend: "cpu" });
  const document = newDocument("figure1");
  // More steps than a fast machine makes while it is measured.
  Object.assign(document.job, { paths: 4, time: { t1: 1, dt: 0.05 }, steps: 100_000, ...changes });
  // The score function knows no likelihood of paths that stop.
  if (changes.estimator === "mix") delete document.job.maxSpikes;
  const files = new Files();
  const problem = await buildProblem(engine, document, planOf(document, files), files);
  const events: StudioEvent[] = [];
  let told = (): void => {};
  /** What the clock and the run's counter showed when it told a speed that it had not told before. */
  const speeds: { rate: number; at: number; step: number }[] = [];
  const host = {
    use: <T>(act: (e: Engine) => Promise<T>) => act(engine),
    live: async () => engine,
    bytes: () => undefined,
    emit: (event: StudioEvent) => {
      events.push(event);
      if (event.kind === "progress" && event.rate !== (speeds.at(-1)?.rate ?? 0)) {
        speeds.push({ rate: event.rate, at: performance.now(), step: run.standing.step });
      }
      told();
    },
  };
  const run = new Run(problem, host, 0);
  await run.show();
  const all = <K extends StudioEvent["kind"]>(kind: K) => events.filter((e): e is Of<K> => e.kind === kind);
  return {
    run,
    state: () => all("state").at(-1)!.state,
    rates: () => all("progress").map((e) => e.rate),
    speeds,
    picture: () => all("snapshot").at(-1)!,
    facts: () => all("progress").at(-1)!.facts,
    /** Waits until something was told, by what was told since the call. */
    until: (wanted: (event: StudioEvent) => boolean): Promise<void> =>
      new Promise((resolve) => {
        const from = events.length;
        told = () => {
          if (events.slice(from).some(wanted)) resolve();
        };
      }),
  };
}

const running = (e: StudioEvent): boolean => e.kind === "state" && e.state === "running";
const steps = (e: StudioEvent): boolean => e.kind === "progress";
/** A run that goes takes ten steps and more meanwhile. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 150));

it("rests when it is paused just after its paths were changed", async () => {
  const { run, state, picture, until } = await ready();
  run.run();
  await until(steps);
  run.setPaths(8);
  await run.pause();
  const at = run.standing.step;
  await aWhile();
  expect([state(), run.standing.step, run.standing.paths]).toEqual(["paused", at, 8]);
  expect(picture().generated.trials).toBe(8);
  await run.stop();
});

it("goes on with other paths", async () => {
  const { run, state, picture, until } = await ready();
  run.run();
  await until(steps);
  run.setPaths(8);
  await until((e) => e.kind === "snapshot" && e.generated.trials === 8);
  const at = run.standing.step;
  await until(steps);
  expect(state()).toBe("running");
  expect(run.standing.step).toBeGreaterThan(at);
  await run.pause();
  // At rest, the last of several.
  run.setPaths(6);
  run.setPaths(5);
  run.setNeuron(0);
  await run.pause();
  await aWhile();
  expect(picture().generated.trials).toBe(5);
  await run.stop();
});

it("rests when it is paused just after it was to go on", async () => {
  const { run, state, until } = await ready();
  run.step();
  await until((e) => e.kind === "state" && e.state === "paused");
  // Its last picture is being taken.
  run.run();
  await run.pause();
  await aWhile();
  expect([state(), run.standing.step]).toEqual(["paused", 1]);
  await run.stop();
});

it("goes on when it is to run while it takes a single step, and steps again while its picture is taken", async () => {
  const { run, state, until } = await ready();
  const stepping = until(running);
  run.step();
  await stepping;
  run.run();
  await until(steps);
  await aWhile();
  expect(state()).toBe("running");
  expect(run.standing.step).toBeGreaterThan(1);
  const resting = until((e) => e.kind === "state" && e.state === "paused");
  const paused = run.pause();
  await resting;
  const at = run.standing.step;
  run.step();
  await paused;
  await run.pause();
  expect([state(), run.standing.step]).toEqual(["paused", at + 1]);
  await run.stop();
});

it("tells its speed by the clock, once it went for a second, and none of single steps", async () => {
  const { run, state, rates, speeds, until } = await ready();
  const rest = async () => {
    while (state() !== "paused") await new Promise((resolve) => setTimeout(resolve, 5));
  };
  for (let n = 0; n < 4; n++) {
    run.step();
    await aWhile();
    await rest();
  }
  expect(new Set(rates())).toEqual(new Set([0]));
  run.run();
  while (speeds.length < 2) await until(steps);
  await run.pause();
  // 4 paths of 20 grid steps each, over the second or more since the speed was told before. Told and seen within one turn
  // of the event loop: a tenth covers a thread that is kept waiting between them.
  const [before, last] = speeds as [(typeof speeds)[0], (typeof speeds)[0]];
  const seen = ((last.step - before.step) * 4 * 20) / ((last.at - before.at) / 1000);
  expect(last.rate / seen).toBeGreaterThan(0.9);
  expect(last.rate / seen).toBeLessThan(1.1);
  await run.stop();
});

it("tells how gradients are estimated and spread, and what the first step warns of until another begins the run anew", async () => {
  const loss = { kind: "mean-spike-time", neuron: 0, index: 40 } as const;
  const { run, facts, until } = await ready({
    loss,
    estimator: "mix",
    method: "levy",
    paths: 32,
    network: { parameters: { alpha: 0 } },
  });
  const resting = (): Promise<void> => until((e) => e.kind === "state" && e.state === "paused");
  let rests = resting();
  run.step();
  await rests;
  // No path has so many spikes in a unit of time, and one that is not there does not move.
  expect(facts().warnings[0]).toMatch(/^loss: none of 32 paths had spike 40 of neuron 0/);
  const { estimator, terms, spread } = facts().estimated!;
  expect(estimator).toBe("mix");
  expect(terms).toContain("score");
  expect(Object.keys(spread!).sort()).toEqual(["mix", "pathwise", "score"]);
  expect(Object.keys(spread!.mix!)).toEqual(["current"]);
  rests = resting();
  run.step();
  await rests;
  expect(facts().warnings[0]).toMatch(/^loss: none of 32 paths/);
  await run.stop();
});

it("tells no estimator of a likelihood", async () => {
  const parameters = { sigma1: 0, alpha: 0 };
  const { run, facts, until } = await ready({ loss: { kind: "log-likelihood", parameters } });
  const rests = until((e) => e.kind === "state" && e.state === "paused");
  run.step();
  await rests;
  expect(facts().estimated).toBeUndefined();
  await run.stop();
});
