/** Spike times, losses and gradients of the library's cells on the GPU are those of the float64 twin. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { libraryCell } from "../../src/network/network.js";
import { parameterLayout, parameterVector } from "../../src/plan/layout.js";
import { sharedEngine } from "../support/engine.js";
import { libraryNetworks } from "../support/library.js";

const engine = sharedEngine();

it.each(libraryNetworks)("%s", async (name, network, options) => {
  const cell = await libraryCell(name);
  const cpu = await Engine.create({ backend: "cpu" });
  // Without noise or draws paths are alike.
  const random = cell.channels.length > 0 || cell.events.some((e) => e.name === "departure" || e.name === "birth");
  // A cell's text is the same in each solver; by invocations kernels compile in half of the time.
  const distribution = "invocation" as const;
  const solve = { t1: 1, dt: 0.01, seed: 3, paths: random ? 64 : 2, distribution, ...options };
  const [onGpu, onCpu] = [engine().network({ ...network, cell }), cpu.network({ ...network, cell })];
  const spikes = await onGpu.simulate(solve);
  const [a, b] = [await spikes.read(), await (await onCpu.simulate(solve)).read()];
  spikes.dispose();
  // Float32 keeps 1e-7 of a state, and errors of the steps between spikes add up: 1e-5 of the interval, as elsewhere for an
  // interval of 1. A path of noise in which a spike changes its step may differ.
  let bad = 0;
  for (let i = 0; i < a.paths; i++) {
    let good = a.counts[i] === b.counts[i];
    for (let n = 0; good && n < a.counts[i]!; n++) {
      const [x, y] = [a.times[i * a.slots + n]!, b.times[i * b.slots + n]!];
      good = Math.abs(x - y) <= 1e-5 * solve.t1 && a.neurons[i * a.slots + n] === b.neurons[i * b.slots + n];
    }
    if (!good) bad++;
  }
  expect(bad).toBeLessThanOrEqual(random ? 1 : 0);
  expect(a.counts.reduce((x, y) => x + y, 0)).toBeGreaterThanOrEqual((name === "barrier-option" ? 0.3 : 3) * a.paths);

  const plan = onGpu.plan(solve);
  const [layout, vector] = [parameterLayout(plan), parameterVector(plan)];
  const names = [...layout.views.values()]
    .filter((v) => v.length > 0 && v.differentiable && !v.bySample)
    .map((v) => v.name);
  const { t1 } = solve;
  const times = Array.from({ length: onGpu.network.neurons }, (_, k) => [0.2 * t1 + k, 0.5 * t1 + k]);
  const loss = firstSpikes(times);
  const with_ = { ...solve, with: names, requireExact: name !== "barrier-option" };
  const [g, c] = [await onGpu.valueAndGradient(loss, with_), await onCpu.valueAndGradient(loss, with_)];
  cpu.dispose();
  expect(Math.abs(g.value / c.value - 1)).toBeLessThan(1e-3);
  // A derivative that is 0 or nearly so is judged by what its parameter moves: to 1e-6 of what any does.
  const moves = names.flatMap((n) => {
    const { offset, length } = layout.views.get(n)!;
    return Array.from(vector.subarray(offset, offset + length));
  });
  const most = Math.max(...moves.map((v, i) => Math.abs(v * c.flat[i]!)));
  let at = 0;
  for (const parameter of names) {
    const { length } = layout.views.get(parameter)!;
    let [difference, size] = [0, (1e-3 * most) / Math.max(...moves.slice(at, at + length).map(Math.abs))];
    for (let i = 0; i < length; i++, at++) {
      difference = Math.max(difference, Math.abs(g.flat[at]! - c.flat[at]!));
      size = Math.max(size, Math.abs(c.flat[at]!));
    }
    const errors = [c.gradientStandardError[parameter]].flat(3) as number[];
    size = Math.max(size, ...errors.filter(Number.isFinite));
    expect(difference, parameter).toBeLessThanOrEqual(1e-3 * size);
  }
});
