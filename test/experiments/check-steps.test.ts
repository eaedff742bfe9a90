/** What differences at several steps say of a gradient. */
import { describe, expect, it } from "vitest";
import { checkGradient, judgeSteps } from "../../src/experiments/check-gradient.js";
import { Engine, meanSpikeTime, spikeCount } from "../../src/index.js";

describe("what steps say", () => {
  /** Deviations with standard errors, at steps of 0.1, 0.03, 0.01 and 0.003. */
  const judged = (
    steps: [deviation: number, standardError: number, makers?: number][],
    { makers = 1e4, difference = 10, paths = 1e4, unseen = 0 } = {},
  ) =>
    judgeSteps(
      steps.map(([deviation, standardError, own = makers], i) => ({
        step: [0.1, 0.03, 0.01, 0.003][i]!,
        difference,
        deviation,
        standardError,
        rounding: 1e-9,
        makers: own,
      })),
      { paths, unseen },
    );
  const said = (steps: [deviation: number, standardError: number][], makers = 1e4, difference = 10) =>
    judged(steps, { makers, difference }).verdict;

  it("a deviation that stays is one; a curvature shrinks", () => {
    expect(
      said([
        [2, 0.1],
        [2, 0.2],
        [1.8, 0.3],
        [2.5, 0.6],
      ]),
    ).toBe("differs");
    expect(
      said([
        [2, 0.1],
        [0.2, 0.1],
        [0.02, 0.1],
        [0.001, 0.1],
      ]),
    ).toBe("agrees");
    expect(
      said([
        [0.9, 0],
        [0.08, 0],
        [0.009, 0],
        [0.0008, 0],
      ]),
    ).toBe("agrees");
    expect(
      said([
        [0.9, 0],
        [0.9, 0],
      ]),
    ).toBe("differs");
    // Mean counts of a train that is nearly regular are stairs, smoothed: only the third step is within one.
    const stairs: [number, number, number][] = [
      [5.2, 0.15, 2000],
      [2.8, 0.15, 500],
      [0.15, 0.15, 400],
      [-0.2, 0.2, 300],
    ];
    expect(judged(stairs).verdict).toBe("agrees");
    // Of 20 paths that made up the second deviation 7 would jump within the third step: it may have missed them.
    expect(judged(stairs.map(([d, e], i) => (i === 1 ? [d, e, 20] : [d, e, 400]))).verdict).toBe("differs");
    // A third step that cannot see as much says nothing.
    expect(judged(stairs.map(([d, e]) => [d, e > 0.15 || Math.abs(d) < 1 ? 1 : e, 400])).verdict).toBe("differs");
  });

  it("what could not have been seen is not told", () => {
    expect(
      said([
        [0.5, 1],
        [-2, 2],
      ]),
    ).toBe("cannot tell");
    expect(said([])).toBe("cannot tell");
    // Ten paths make up what the largest step saw: three of them would jump within the next.
    expect(
      said(
        [
          [4, 0.5],
          [0, 0.01],
        ],
        10,
      ),
    ).toBe("cannot tell");
    expect(
      said(
        [
          [4, 0.5],
          [0, 0.01],
        ],
        100,
      ),
    ).toBe("agrees");
    // Of a derivative of 0 nothing can be said relative to it.
    expect(said([[0, 0]], 1e4, 0)).toBe("cannot tell");
  });

  it("nor what few paths show, with how many would", () => {
    // A small step that no path jumps within, beyond a larger one that is not significant: by 5 of 60 paths.
    const blind = judged(
      [
        [3, 1, 5],
        [0, 0.001, 60],
      ],
      { paths: 60 },
    );
    expect([blind.verdict, blind.within]).toEqual(["cannot tell", 7 + 1e-9]);
    // Eight of the paths that jump within 0.1 would within 0.03: 8 / (5 · 0.3) as many.
    expect(blind.pathsNeeded).toBe(400);
    // Nothing was seen: 3 in 60 paths may jump.
    const missed = judged([[0, 0.001]], { paths: 60, unseen: 2.5 });
    expect([missed.verdict, missed.within, missed.pathsNeeded]).toEqual(["cannot tell", 2.5, 200]);
    expect(judged([[0, 0.001]], { paths: 200, unseen: 0.75 }).verdict).toBe("agrees");
    // Errors fall with the root: five of them are to be a tenth of 10.
    expect(judged([[0, 1]], { paths: 60 }).pathsNeeded).toBe(2000);
    expect(judged([[0, 0.2]], { paths: 1500 }).verdict).toBe("agrees");
    // One path tells nothing.
    expect(judged([[0, Number.POSITIVE_INFINITY]], { paths: 1 }).verdict).toBe("cannot tell");
  });
});

it("moves a delay or a Poisson rate of 0 to the side above alone", async () => {
  const engine = await Engine.create({ backend: "cpu" });
  const silent = engine.network({ populations: { a: { poisson: 0 } } });
  const [rate] = await checkGradient(silent, spikeCount(), { t1: 1, dt: 0.1, paths: 1000, seed: 1, with: ["a.rate"] });
  // Of a rate of 0.2 the mean count is the rate: half of that either way, with no spikes below 0.
  const { difference, deviation, standardError } = rate!.steps[0]!;
  expect(Math.abs(difference - 1)).toBeLessThan(4 * standardError);
  expect(deviation).toBe(difference);
  expect(rate!.oneSided).toBe(true);
  const network = engine.network({
    cell: "slif",
    neurons: 2,
    weights: { edges: [[0, 1, 0.7]], delays: 0 },
    current: [1.5, 1.1],
  });
  const solve = { t1: 1, dt: 0.05, paths: 16, seed: 1, with: ["delays"] };
  const [entry] = await checkGradient(network, meanSpikeTime(1, 0), solve);
  engine.dispose();
  expect(entry!.value).toBe(0);
  expect(entry!.verdict).not.toBe("differs");
  // Of the smallest step; below 0 the spike would be lost, and the difference some ten times as large, of another sign.
  expect(entry!.steps.at(-1)!.difference / entry!.gradient).toBeCloseTo(1, 1);
});
