import { describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { judgeMean } from "../../src/loss/judge-mean.js";
import { checkLikelihood } from "../../src/loss/likelihood.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, parameterVector, replaceParameters } from "../../src/plan/layout.js";
import { methods, planSolve, type SolveOptions, type SolvePlan } from "../../src/plan/plan.js";
import { estimateOf } from "../../src/reduce/statistics.js";
import { planSchedule } from "../../src/spikes/schedule.js";
import type { ObservedSpikes } from "../../src/spikes/spikes.js";
import { compileFor } from "../../src/twin/compile.js";
import { PathSolver } from "../../src/twin/forward.js";
import { laneLikelihood } from "../../src/twin/likelihood.js";
import { counterNoise } from "../../src/twin/noise.js";
import { busy, clamped, dead, givenSpikes, released } from "../support/given-spikes.js";
import { hazardCases } from "../support/inputs.js";

/** Log-likelihood of all lanes, and its gradient [layout.size]. */
function likelihood(plan: SolvePlan, trials: readonly ObservedSpikes[]): { value: number; gradient: Float64Array } {
  const layout = parameterLayout(plan);
  const cell = compileFor(plan, true);
  const schedule = planSchedule(plan, trials);
  const gradient = new Float64Array(layout.size);
  let value = 0;
  for (let lane = 0; lane < schedule.trials * schedule.neurons; lane++) {
    value += laneLikelihood(plan, layout, cell, schedule, lane, { gradient });
  }
  return { value, gradient };
}

const logOf = (plan: SolvePlan, trials: readonly ObservedSpikes[]): number => {
  const layout = parameterLayout(plan);
  const cell = compileFor(plan, true);
  const schedule = planSchedule(plan, trials);
  let value = 0;
  for (let lane = 0; lane < schedule.trials * schedule.neurons; lane++) {
    value += laneLikelihood(plan, layout, cell, schedule, lane);
  }
  return value;
};

/** Trials that the plan's own solver draws. */
function draw(plan: SolvePlan, paths: number): ObservedSpikes[] {
  const solver = new PathSolver(plan, compileFor(plan), counterNoise(plan));
  return Array.from({ length: paths }, (_, path) => {
    const { spikes } = solver.solve(path, false);
    return {
      times: spikes.map((s) => plan.t0 + (s.step + s.fraction) * plan.dt),
      neurons: spikes.map((s) => s.neuron),
    };
  });
}

const quiet = { sigma1: 0, sigma2: 0 };
const one: NetworkDefinition = {
  cell: "slif",
  parameters: { ...quiet, i0: 0.2, v0: 0.1 },
  current: { dt: 0.1, samples: Array.from({ length: 12 }, (_, s) => [1.2 + 0.5 * Math.sin(s)]) },
};
const recurrent: NetworkDefinition = {
  cell: "slif",
  neurons: 4,
  parameters: { ...quiet, mu1: [14, 15, 16, 15], mu2: 9, vReset: 1.3, v0: [0.1, 0, 0.2, 0.3] },
  weights: {
    dense: Array.from({ length: 4 }, (_, k) => Array.from({ length: 4 }, (_, j) => 0.3 * Math.sin(1 + 3 * k + 7 * j))),
  },
  current: [1.5, 1.4, 1.6, 1.2],
  inputSpikes: { times: [0.05, 0.051, 0.3, 0.5], neurons: [0, 1, 3, 2], weights: [0.5, 0.8, -0.4, 1.1] },
};

/** Spike-triggered current, moving threshold, reset to a value, an event function that is not a state. */
const adaptive: CellDefinition = {
  name: "adaptive",
  state: {
    v: "(gain * I - v - eta) / tau",
    eta: "-eta / tauEta",
    gamma: "-gamma / tauGamma",
    z: "-k * exp(beta * (v - 1 - gamma))",
  },
  event: "b - k * z",
  reset: { v: "vReset", eta: "eta + jEta", gamma: "gamma + jGamma", z: "(b - log(u) + 0.002 * gamma ^ 2) / k" },
  start: { z: "(b - log(u)) / k", gamma: "0.3" },
  parameters: {
    gain: 1,
    tau: 0.1,
    tauEta: 0.2,
    tauGamma: 0.4,
    beta: 4,
    b: 0.7,
    k: 1.3,
    vReset: -0.2,
    jEta: 0.3,
    jGamma: 0.2,
  },
};

/** Beside the least number of parameters whose derivatives are not 0. */
type Case = [string, NetworkDefinition, Partial<SolveOptions>, number?];
const cases: Case[] = [
  ["one neuron with a sampled current", one, { t1: 1.2 }],
  ["a recurrent network with input spikes", recurrent, { t1: 0.8 }],
  ["an adaptive cell", { cell: adaptive, current: 1.6 }, { t1: 3 }],
  ...hazardCases.map(([name, network]): Case => [name, network, { t0: 0.1, t1: 1.3 }, 6]),
];

describe.each(methods)("gradient of the log-likelihood, method %s", (method) => {
  it.each([
    ...cases,
    ...givenSpikes,
  ])("agrees with central finite differences: %s", (_, definition, options, least = 9) => {
    const network = defineNetwork(definition);
    const plan = planSolve(network, { paths: 1, t1: 1, dt: 0.02, seed: 3, method, ...options });
    checkLikelihood(plan, []);
    const trials = draw(plan, 3);
    expect(trials.reduce((n, t) => n + t.times.length, 0)).toBeGreaterThan(5);
    const layout = parameterLayout(plan);
    const vector = parameterVector(plan);
    const { gradient, value } = likelihood(plan, trials);
    expect(value).toBe(logOf(plan, trials));
    const scale = Math.max(...gradient.map(Math.abs));
    let nonZero = 0;
    for (const view of layout.views.values()) {
      if (view.name.startsWith("sigma")) continue;
      for (let i = view.offset; i < view.offset + view.length; i++) {
        const h = 1e-5 * Math.max(1, Math.abs(vector[i]!));
        const at = (x: number): number => {
          const moved = vector.slice();
          moved[i] = x;
          return logOf(replaceParameters(plan, layout, moved), trials);
        };
        // Fourth-order differences: truncation below 1e-10 here, rounding about 1e-10.
        const near = (at(vector[i]! + h) - at(vector[i]! - h)) / (2 * h);
        const far = (at(vector[i]! + 2 * h) - at(vector[i]! - 2 * h)) / (4 * h);
        const difference = (4 * near - far) / 3;
        expect(Math.abs(gradient[i]! - difference), `${view.name}[${i - view.offset}]`).toBeLessThan(1e-7 * scale);
        if (gradient[i] !== 0) nonZero++;
      }
    }
    expect(nonZero).toBeGreaterThanOrEqual(least);
  });
});

describe("what happens at one time", () => {
  const cell: CellDefinition = {
    name: "exc",
    state: { g: "-g / tau", s: "rate * exp(g)" },
    event: "s",
    reset: { s: "log(u)" },
    parameters: { rate: 10, tau: 0.1 },
    start: { s: "log(u)" },
    receive: { g: "g + w" },
  };
  const edges: [number, number, number][] = [
    [0, 1, 0.5],
    [1, 0, -0.4],
    [1, 1, -0.8],
  ];
  const planOf = (inputs: number[] = []): SolvePlan =>
    planSolve(
      defineNetwork({
        cell,
        neurons: 2,
        weights: { edges },
        inputSpikes: { times: inputs, neurons: inputs.map(() => 0), weights: inputs.map(() => 0.7) },
      }),
      { paths: 1, t1: 1, dt: 0.01 },
    );
  const times = [0.3, 0.3, 0.7];

  it("finds every hazard before it, in whatever order it is listed", () => {
    const plan = planOf();
    const [a, b] = [[0, 1, 1] as const, [1, 0, 1] as const].map((neurons) => likelihood(plan, [{ times, neurons }]));
    expect(b).toEqual(a);
    // All spikes before 0.7 are at 0.3, so log λ = log 10 there; the rest by quadrature of Λ.
    const g = (at: number, after: number): number => after * Math.exp(-at / 0.1);
    let second = 0; // neuron 1 from 0.3 on, with another spike at 0.7
    const at07 = g(0.4, -0.3);
    for (let c = 0; c < 40_000; c++) second += Math.exp(g((c + 0.5) / 1e5, -0.3)) / 1e5;
    for (let c = 0; c < 30_000; c++) second += Math.exp(g((c + 0.5) / 1e5, at07 - 0.8)) / 1e5;
    let first = 0; // neuron 0 receives -0.4 at 0.3 and again at 0.7
    for (let c = 0; c < 40_000; c++) first += Math.exp(g((c + 0.5) / 1e5, -0.4)) / 1e5;
    for (let c = 0; c < 30_000; c++) first += Math.exp(g((c + 0.5) / 1e5, g(0.4, -0.4) - 0.4)) / 1e5;
    const exact = 3 * Math.log(10) + at07 - 10 * (0.6 + first + second);
    // Runge-Kutta 4 at dt / τ = 0.1, and midpoint sums of 1e-5: below 1e-6 together.
    expect(Math.abs(a!.value - exact)).toBeLessThan(1e-6);
  });

  it("has the gradient of finite differences", () => {
    const plan = planOf([0.3]);
    const trials = [{ times, neurons: [1, 0, 1] }];
    const layout = parameterLayout(plan);
    const vector = parameterVector(plan);
    const { gradient } = likelihood(plan, trials);
    for (const name of ["rate", "tau", "weights"]) {
      const { offset, length } = layout.views.get(name)!;
      for (let i = offset; i < offset + length; i++) {
        const at = (h: number): number => {
          const moved = vector.slice();
          moved[i]! += h;
          return logOf(replaceParameters(plan, layout, moved), trials);
        };
        const h = 1e-5 * Math.abs(vector[i]!);
        // Central differences: h² = 1e-10 of the third derivative, and rounding of 1e-14 / h.
        expect(Math.abs((at(h) - at(-h)) / (2 * h) - gradient[i]!), `${name}[${i - offset}]`).toBeLessThan(1e-6);
      }
    }
  });

  it("leaves an input spike out of the hazard at its own time", () => {
    const trials = [{ times, neurons: [0, 1, 1] }];
    const [at, behind] = [0.3, 0.3 + 1e-9].map((t) => likelihood(planOf([t]), trials));
    // An arrival 1e-9 later changes Λ by 1e-9 of the hazard; before the spike it would add 0.7.
    expect(Math.abs(at!.value - behind!.value)).toBeLessThan(1e-7);
    // A place within a step that no float32 holds: that of the input spike must not be a rounded one.
    const [odd, later] = [0.2912345, 0.2912345 + 1e-9].map((t) =>
      likelihood(planOf([t]), [{ times: [0.2912345], neurons: [0] }]),
    );
    expect(Math.abs(odd!.value - later!.value)).toBeLessThan(1e-7);
  });
});

describe("closed forms", () => {
  it("a constant hazard with refractoriness: n log λ − λT + nα", () => {
    const tauS = 0.3;
    const alpha = 0.2;
    const network = defineNetwork({ cell: "slif", parameters: { ...quiet, beta: 0, tauS, alpha } });
    const plan = planSolve(network, { paths: 1, t1: 2, dt: 0.05 });
    const times = [0.31, 0.75, 1.2];
    const { value, gradient } = likelihood(plan, [{ times }]);
    // Every interval, the open one too, lasts beyond α: 0.31 > 0.06, and so on.
    expect(value).toBeCloseTo(-3 * Math.log(tauS) - 2 / tauS + 4 * alpha, 12);
    const layout = parameterLayout(plan);
    expect(gradient[layout.views.get("tauS")!.offset]).toBeCloseTo(-3 / tauS + 2 / tauS ** 2, 10);
    expect(gradient[layout.views.get("alpha")!.offset]).toBeCloseTo(4, 12);
  });

  it("an open interval shorter than α costs nothing", () => {
    const network = defineNetwork({ cell: "slif", parameters: { ...quiet, beta: 0, tauS: 1, alpha: 0.2 } });
    const plan = planSolve(network, { paths: 1, t1: 1, dt: 0.05 });
    const { value, gradient } = likelihood(plan, [{ times: [0.9] }]);
    expect(value).toBeCloseTo(-0.7, 12);
    expect(gradient[parameterLayout(plan).views.get("alpha")!.offset]).toBeCloseTo(1, 12);
  });

  it("a constant hazard that is 0 for tref after a spike: n log λ − λ (T − Σ dead time)", () => {
    const cell: CellDefinition = {
      name: "poisson",
      state: { s: "c < 0 ? 0 : rate", c: "1" },
      event: "s",
      reset: { s: "log(u)", c: "-tref" },
      start: { s: "log(u)", c: "1" },
      parameters: { rate: 3, tref: 0.0437 },
    };
    const plan = planSolve(defineNetwork({ cell }), { paths: 1, t1: 2, dt: 0.05 });
    const of = (times: number[]) => likelihood(plan, [{ times }]);
    const { value, gradient } = of([0.31, 0.75, 1.98]);
    // The last dead time reaches beyond t1.
    const lost = 2 * 0.0437 + 0.02;
    expect(value).toBeCloseTo(3 * Math.log(3) - 3 * (2 - lost), 12);
    const { views } = parameterLayout(plan);
    expect(gradient[views.get("rate")!.offset]).toBeCloseTo(3 / 3 - (2 - lost), 12);
    expect(gradient[views.get("tref")!.offset]).toBeCloseTo(2 * 3, 12);
    expect(() => of([0.31, 0.75, 0.79])).toThrow(
      /^observed: the spike at 0\.79 of trial 0, neuron 0, has likelihood 0: the hazard is 0 there/,
    );
  });

  it("a decaying hazard λ = k v0 e^{−μt}: value and derivatives by k and μ", () => {
    const cell = defineCell({
      name: "decay",
      state: { v: "-mu * v", s: "k * v" },
      event: "s",
      reset: { s: "log(u)" },
      start: { v: "1", s: "log(u)" },
      parameters: { mu: 2, k: 3 },
    });
    const [mu, k, T] = [2, 3, 1.5];
    const times = [0.1234, 0.5, 0.77];
    const plan = planSolve(defineNetwork({ cell }), { paths: 1, t1: T, dt: 0.005 });
    const { value, gradient } = likelihood(plan, [{ times }]);
    const gone = 1 - Math.exp(-mu * T);
    const sum = times.reduce((s, t) => s + t, 0);
    // Runge-Kutta 4 at μ dt = 0.01: a global error of some (μ dt)^4 / 10 = 1e-9.
    expect(value).toBeCloseTo(3 * Math.log(k) - mu * sum - (k * gone) / mu, 8);
    const layout = parameterLayout(plan);
    expect(gradient[layout.views.get("k")!.offset]).toBeCloseTo(3 / k - gone / mu, 8);
    expect(gradient[layout.views.get("mu")!.offset]).toBeCloseTo(
      -sum + (k * gone) / mu ** 2 - (k * T * Math.exp(-mu * T)) / mu,
      8,
    );
  });
});

describe("the law", () => {
  it("at the true parameters the gradient of trains that the solver draws vanishes in the mean", () => {
    // With α > 0 the time before which no spike can come moves with every parameter, and scores have means of their own.
    const parameters = { ...recurrent.parameters, alpha: 0 };
    const plan = planSolve(defineNetwork({ ...recurrent, parameters }), {
      paths: 1,
      t1: 0.8,
      dt: 0.01,
      seed: 11,
    });
    const layout = parameterLayout(plan);
    const names = ["mu1", "mu2", "beta", "vTh", "tauS", "vReset", "weights", "current"];
    const rows = draw(plan, 250).map((trial) => likelihood(plan, [trial]).gradient);
    let checked = 0;
    for (const name of names) {
      const view = layout.views.get(name)!;
      for (let i = view.offset; i < view.offset + view.length; i++) {
        const e = estimateOf(rows.map((r) => r[i]!));
        // 29 numbers: 4.5 standard errors for a chance of 2e-4 in all.
        expect(Math.abs(e.mean), `${name}[${i - view.offset}]`).toBeLessThan(4.5 * e.standardError);
        checked++;
      }
    }
    expect(checked).toBe(29);
  });
});

describe("the law of refractory cells", () => {
  it.each([
    ["a clamp", clamped],
    ["an event", released],
  ])("with %s: at the true parameters the gradient vanishes in the mean", (_, cell) => {
    const plan = planSolve(defineNetwork({ cell, current: 1.5 }), { paths: 1, t1: 1, dt: 0.01, seed: 5 });
    const { views } = parameterLayout(plan);
    const rows = draw(plan, 300).map((trial) => likelihood(plan, [trial]).gradient);
    // As the hazard is continuous where the refractory period ends: else log L jumps as that time passes a spike.
    const names = [...Object.keys(cell.parameters), "current"];
    for (const name of names) {
      const e = estimateOf(rows.map((r) => r[views.get(name)!.offset]!));
      expect(e.standardError, name).toBeGreaterThan(0);
      // 10 numbers: 4.5 standard errors for a chance of 1e-4 in all.
      expect(Math.abs(e.mean), name).toBeLessThan(4.5 * e.standardError);
    }
  });
});

describe("whether log L has jumps, at which the mean of its gradient is not the derivative of its mean", () => {
  const judged = (cell: CellDefinition, names: string[], more: Partial<NetworkDefinition> = {}) => {
    const plan = planSolve(defineNetwork({ cell, current: 1.5, ...more }), { paths: 1, t1: 1, dt: 0.01, seed: 5 });
    return { plan, ...judgeMean(plan, logLikelihood([{ times: [0.3] }]), names) };
  };

  it("is told of the graph", () => {
    const all = Object.keys(clamped.parameters);
    expect(judged(clamped, all)).toMatchObject({ unbiased: true, because: [] });
    expect(judged(released, all)).toMatchObject({ unbiased: true, because: [] });
    expect(judged(dead, ["mu", "beta", "vReset"])).toMatchObject({ unbiased: true, because: [] });
    expect(judged(dead, all).because).toEqual([
      expect.stringMatching(
        /^continuous likelihood is violated: the hazard jumps where a condition in it changes; to mend it, let the hazard be/,
      ),
    ]);
    expect(judged(busy, ["beta"]).because).toEqual([]);
    expect(judged(busy, ["kick"]).because).toEqual([
      expect.stringMatching(/the state after a spike and the event kick/),
    ]);
    // A weight on a potential that is held, or set free, at the time of its arrival.
    const kicked = {
      ...released,
      events: { release: { when: "c - tref", jump: { free: "1", c: "-1000", v: "vReset" } } },
    };
    const inputSpikes = { times: [0.4], neurons: [0], weights: [0.2] };
    expect(judged(kicked, all).because).toEqual([expect.stringMatching(/the hazard jumps at the event release/)]);
    expect(judged(kicked, all, { inputSpikes }).because[0]).toMatch(
      /after an arrival and the event release at one time/,
    );
    expect(judged(kicked, ["mu"], { inputSpikes }).because).toEqual([]);
  });

  it("and is so: by the length of a dead time the mean of the gradient is not 0 at the true parameters", () => {
    const { plan } = judged(dead, []);
    const { views } = parameterLayout(plan);
    const rows = draw(plan, 200).map((trial) => likelihood(plan, [trial]).gradient);
    const of = (name: string) => estimateOf(rows.map((r) => r[views.get(name)!.offset]!));
    // 4.5 standard errors, as above.
    for (const name of ["mu", "beta", "vReset", "current"])
      expect(Math.abs(of(name).mean), name).toBeLessThan(4.5 * of(name).standardError);
    expect(of("tref").mean).toBeGreaterThan(4.5 * of("tref").standardError);
  });
});

describe("what is refused", () => {
  const plan = (definition: NetworkDefinition): SolvePlan =>
    planSolve(defineNetwork(definition), { paths: 1, t1: 1, dt: 0.1 });
  const check =
    (definition: NetworkDefinition, names: string[] = []) =>
    () =>
      checkLikelihood(plan(definition), names);

  it("noise on what the hazard depends on, also where it is only trained", () => {
    expect(check({ cell: "slif" })).toThrow('noise on "v", which its hazard depends on');
    expect(check({ cell: "slif", parameters: { sigma1: 0, sigma2: 0.1 } })).toThrow('noise on "i"');
    expect(check({ cell: "slif", parameters: quiet }, ["sigma1"])).toThrow("set sigma1 to 0 and do not train it");
    expect(check({ cell: "slif", parameters: quiet }, ["mu1"])).not.toThrow();
  });

  it("cells without escape noise, or whose hazard is not determined by the past", () => {
    const base: CellDefinition = {
      name: "x",
      state: { v: "I - v", s: "exp(v)" },
      event: "s",
      reset: { s: "log(u)" },
      start: { s: "log(u)" },
      parameters: {},
    };
    expect(check({ cell: base })).not.toThrow();
    expect(check({ cell: { ...base, event: "v - 1" } })).toThrow("needs escape noise");
    expect(check({ cell: { ...base, reset: { s: "u - 1" } } })).toThrow("its reset must set the event function");
    expect(check({ cell: { ...base, start: { s: "-1" } } })).toThrow("its start must set");
    expect(check({ cell: { ...base, reset: { s: "s + log(u)" } } })).toThrow('its reset adds to "s"');
    expect(check({ cell: { ...base, reset: { s: "log(u)", v: "u" } } })).toThrow('its hazard depends on "v", which');
    expect(check({ cell: { ...base, receive: { s: "s + w" } } })).toThrow("an arriving spike moves the event function");
  });

  it("cells with several events or conditions that do not say what a likelihood needs", () => {
    const spike = { when: "s", jump: { v: "-0.4", s: "log(u)", c: "-tref" }, emits: true };
    const { event: _, reset: __, ...rest } = clamped;
    const several = (more: NonNullable<CellDefinition["events"]>): CellDefinition => ({
      ...rest,
      events: { spike, ...more },
    });
    expect(check({ cell: several({ other: { when: "v - 2" } }) })).not.toThrow();
    expect(check({ cell: several({ other: { when: "v - 2", emits: true } }) })).toThrow(
      'loss: log-likelihood of cell "clamped": "spike" and "other" are spikes, and one that is observed does not say which; let one alone emit',
    );
    expect(check({ cell: several({ stop: { when: "v - 2", terminal: true } }) })).toThrow('event "stop" ends a path');
    expect(check({ cell: several({ stop: { when: "v - 2", jump: { s: "s + 1" } } }) })).toThrow(
      'its event "stop" moves the event function itself',
    );
    expect(check({ cell: several({ other: { when: "v - 2", jump: { v: "u" } } }) })).toThrow(
      'its hazard depends on "v", which the uniform',
    );
    expect(check({ cell: { ...clamped, event: "c < 0 ? s - 1 : s" } })).toThrow("a condition in it moves the event");
    expect(check({ cell: { ...clamped, state: { ...clamped.state, v: "s < -1 ? 0 : I - v" } } })).toThrow(
      "which the uniform u sets",
    );
    expect(check({ cell: { ...clamped, reset: { ...clamped.reset, c: "-tref * u" } } })).toThrow('depends on "c"');
    expect(check({ cell: { ...clamped, noise: { c: "0.1" } } })).toThrow('noise on "c", which its hazard depends on');
    expect(check({ cell: { ...clamped, reset: { ...clamped.reset, s: "log(u) + 1" } } })).toThrow(
      "may leave the event function above 0",
    );
    // What does not reach the hazard may be random, and be where it likes.
    const beside = { ...clamped.state, z: "z > 0.3 ? -1 : 1" };
    expect(check({ cell: { ...clamped, state: beside, noise: { z: "0.2" } } })).not.toThrow();
  });

  it("spikes that the parameters rule out", () => {
    const p = plan({ cell: "slif", parameters: { ...quiet, beta: 0, tauS: 1, alpha: 0.2 } });
    expect(() => likelihood(p, [{ times: [0.5] }, { times: [0.3, 0.4] }])).toThrow(
      /the spike at 0\.4\d* of trial 1, neuron 0, has likelihood 0/,
    );
    expect(() => planSchedule(p, [])).toThrow("observed: holds no trial");
    expect(() => planSchedule(p, [{ times: [0.5], neurons: [1] }])).toThrow("observed.neurons[0][0]");
  });

  it("spikes outside the time of the solve are left out", () => {
    const p = planSolve(defineNetwork({ cell: "slif", parameters: quiet }), { paths: 1, t0: 1, t1: 2, dt: 0.1 });
    expect([...planSchedule(p, [{ times: [0.5, 1, 1.55, 2, 3] }]).steps]).toEqual([0, 5]);
  });
});
