import { describe, expect, it } from "vitest";
import { writeNpz } from "../../src/files/npz.js";
import { lossOf } from "../../src/job/build.js";
import type { TrialsJob } from "../../src/job/job.js";
import { readTrials } from "../../src/job/recording.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { vanRossum } from "../../src/loss/van-rossum.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { meanFirstTimes } from "../../src/spikes/trials.js";

const noFiles = {
  open: (): never => {
    throw new Error("no files here");
  },
};

describe("observed trials", () => {
  it("are those within the interval", () => {
    const observed = { times: [[9.9, 10, 11, 12, 14], []], neurons: [[0, 1, 0, 1, 0], []] };
    expect(readTrials(observed, noFiles, { t0: 10, t1: 14 })).toEqual([
      { times: [10, 11, 12], neurons: [1, 0, 1] },
      { times: [], neurons: [] },
    ]);
  });

  it("of an npz file end at its padding, neuron -1", () => {
    const bytes = writeNpz({
      spike_times: { data: Float64Array.of(0.2, 0.3, 0.4, 1), shape: [2, 2] },
      spike_neurons: { data: Float64Array.of(0, 1, 1, -1), shape: [2, 2] },
    });
    const files = { open: () => ({ path: "s.npz", bytes }) };
    expect(readTrials({ file: "s.npz" }, files, { t0: 0, t1: 2 }).map((t) => t.neurons)).toEqual([[0, 1], [1]]);
  });

  it.each([-5, -1, 0.5, 2])("are refused where they name neuron %s of two, also outside the interval", (neuron) => {
    for (const t of [0.5, 5]) {
      const read = () => readTrials({ times: [[0.2, t]], neurons: [[0, neuron]] }, noFiles, { t0: 0, t1: 1 }, 2);
      expect(read).toThrow(`observed.neurons[0][1]: expected a whole number from 0 to 1, got ${neuron}`);
    }
    const trials = [{ times: [0.2], neurons: [neuron] }];
    expect(() => meanFirstTimes(trials, 2, 1, 1)).toThrow("the network has neurons 0 to 1");
    const losses = [vanRossum(trials, { tau: 1, unbiased: false }), expectedSignatureLoss(trials, { depth: 2 })];
    for (const loss of losses) {
      const check = () => loss.check?.(defineNetwork({ cell: "slif", neurons: 2 }));
      expect(check).toThrow(`observed[0].neurons[0]: is ${neuron}; the network has neurons 0 to 1`);
    }
  });

  it("give mean first times, t1 where there is none", () => {
    const trials = readTrials([[0.1, 0.3], [0.2]], noFiles, { t0: 0, t1: 1 });
    const [[first, second]] = meanFirstTimes(trials, 1, 2, 1) as [[number, number]];
    expect(first).toBeCloseTo(0.15, 14);
    expect(second).toBeCloseTo(0.65, 14);
  });

  it.each<[TrialsJob, RegExp]>([
    [[], /observed: holds no trial/],
    [{ times: [[0.1], [0.2]], neurons: [[0]] }, /observed\.neurons: has 1 trial, but observed\.times has 2/],
    [[[0.1], [0.5, 0.5, 0.3]], /observed\[1\]\[2\]: time 0\.3 comes after 0\.5 in trial 1; sort its spikes by time/],
    [[[5, 4]], /time 4 comes after 5 in trial 0/],
    [{ times: [[0.1, 0.2]], neurons: [[0]] }, /observed\.neurons\[0\]: has 1 entry for 2 spike times/],
  ])("are refused where they do not fit: %j", (observed, message) => {
    expect(() => readTrials(observed, noFiles, { t0: 0, t1: 1 })).toThrow(message);
  });

  it("of a file end where its counts say, whatever fills the rows up", () => {
    const [times, neurons, counts] = [
      [
        [0.2, 0.3, 0.3],
        [0.4, 0.9, 1],
      ],
      [
        [0, 1, 0],
        [1, 0, 0],
      ],
      [2, 1],
    ];
    const numbers = (rows: number[][]) => ({ data: Float64Array.from(rows.flat()), shape: [2, 3] });
    const spike_counts = { data: Int32Array.from(counts), shape: [2] };
    const npz = writeNpz({ spike_times: numbers(times), spike_neurons: numbers(neurons), spike_counts });
    const json = JSON.stringify({ spike_times: times, spike_neurons: neurons, spike_counts: counts });
    for (const bytes of [npz, new TextEncoder().encode(json)]) {
      const files = { open: () => ({ path: "s", bytes }) };
      expect(readTrials({ file: "s" }, files, { t0: 0, t1: 2 })).toEqual([
        { times: [0.2, 0.3], neurons: [0, 1] },
        { times: [0.4], neurons: [1] },
      ]);
    }
  });

  it("are refused where a file says that it holds more", () => {
    const read = (...counts: number[]) => {
      const spike_times = { data: Float64Array.of(0.2, 0.3, 0.4, 1), shape: [2, 2] };
      const bytes = writeNpz({
        spike_times,
        spike_counts: { data: Float64Array.from(counts), shape: [counts.length] },
      });
      const files = { open: () => ({ path: "s.npz", bytes }) };
      return readTrials({ file: "s.npz" }, files, { t0: 0, t1: 1 }).map((trial) => trial.times);
    };
    expect(read(2, 1)).toEqual([[0.2, 0.3], [0.4]]);
    expect(() => read(2, 9)).toThrow(/observed: s\.npz has 9 as spike_counts\[1\], but spike_times has 2 in a trial/);
    expect(() => read(2)).toThrow(/spike_counts: expected one number per trial \(2\), got a list of 1$/);
  });
});

describe("observed spikes outside the time of a job", () => {
  const ms = [
    [210, 480, 800],
    [250, 500],
  ];
  const span = { t0: 0, t1: 1 };
  const warningsOf = (observed: TrialsJob, kind: "log-likelihood" | "first-spikes", until?: number) => {
    const loss = lossOf({ kind }, observed, noFiles, 1, span, until);
    const plan = planSolve(defineNetwork({ cell: "slif" }), { paths: 1, t1: 1, dt: 0.1 });
    return loss.warnings?.(plan) ?? [];
  };
  const range = "outside t0 = 0 to t1 = 1, from 210 (trial 0, spike 0) to 800 (trial 0, spike 2)";

  it.each(["log-likelihood", "first-spikes"] as const)("are refused where they are all: %s", (kind) => {
    expect(() => warningsOf(ms, kind)).toThrow(`observed: all spikes (5) lie ${range}; give them in the unit of t1`);
    expect(() => warningsOf(ms, kind, Number.POSITIVE_INFINITY)).toThrow("all spikes (5)");
    expect(warningsOf({ times: ms, outside: "drop" }, kind)).toEqual([
      `observed: 5 of 5 spikes are left out, as they lie ${range}`,
    ]);
    expect(warningsOf([[], []], kind)).toEqual([]);
  });

  it("are told where they are some, unless a comparison takes those after t1", () => {
    const some = [
      [-0.5, 0.2, 1],
      [0.3, 7],
    ];
    const all = "outside t0 = 0 to t1 = 1, from -0.5 (trial 0, spike 0) to 7 (trial 1, spike 1)";
    expect(warningsOf(some, "log-likelihood")).toEqual([`observed: 3 of 5 spikes are left out, as they lie ${all}`]);
    expect(
      warningsOf(
        [
          [0.2, 1],
          [0.3, 7],
        ],
        "log-likelihood",
        Number.POSITIVE_INFINITY,
      ),
    ).toEqual([]);
    expect(warningsOf([[0, 0.999]], "log-likelihood")).toEqual([]);
  });
});
