/**
 * Spike times of the library's neurons, and their derivatives by the current, against an integration by SciPy 1.17:
 * DOP853 at relative and absolute tolerance 1e-12, begun anew at each event, refractory end and arrival, with the
 * equations of the papers in their own form (AdEx in v to its peak; x / (1 − exp(−x)) of Hodgkin & Huxley as it
 * stands); derivatives by fourth-order central differences of that. Two input spikes arrive, at 7.3 and 21.7 ms.
 */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { libraryCell } from "../../src/network/network.js";

/** Cell, current, weights of the input spikes, dt, spike times, and derivatives. */
type Case = [string, number, [number, number], number, number[], number[]];

// biome-ignore format: a table
const cases: Case[] = [
  ["lif", 500, [150, -200], 0.1, [12.40742916, 30.07641445, 45.94491366, 61.80785926], [-0.05201118, -0.1097577, -0.1694646, -0.2294644]],
  ["lif-conductance", 180, [6, -8], 0.1, [9.90949568, 45.1517208, 67.09150819, 88.3901556], [-0.02880222, -0.263138, -0.3907968, -0.5274427]],
  ["adex", 1000, [150, -200], 0.02, [11.06523765, 24.94549927, 41.62460992, 60.20177925], [-0.01501579, -0.06414455, -0.09047112, -0.1391952]],
  ["izhikevich", 12, [2, -3], 0.01, [2.971624902, 9.513651609, 46.08825686, 83.29879498], [-0.198971, -1.605538, -5.792645, -9.162242]],
  ["qif", 1.5, [0.5, -0.4], 0.05, [11.64406034, 36.10860565, 59.79470273, 83.45583119], [-3.899753, -13.75366, -22.23856, -30.78146]],
  ["theta", 1.5, [0.5, -0.4], 0.1, [12.6384518, 39.21529752, 64.87742112, 90.52848342], [-3.903528, -13.28419, -21.80953, -30.3596]],
  ["fitzhugh-nagumo", 0.5, [0.1, -0.1], 0.05, [2.744842541, 43.76455956, 83.23978441], [-4.390298, -22.66836, -43.32573]],
  ["hodgkin-huxley", 10, [5, -5], 0.005, [1.900971952, 17.5955312, 31.74925303], [-0.1149963, -0.7421378, -1.321172]],
  ["mat", 0.8, [0.1, -0.15], 0.1, [3.221785082, 11.52881883, 23.80972485, 36.11176301], [-5.654762, -23.21315, -55.33313, -73.24681]],
];

it.each(cases)("%s", async (name, current, weights, dt, times, derivatives) => {
  const cell = await libraryCell(name);
  const engine = await Engine.create({ backend: "cpu" });
  const network = engine.network({ cell, current, inputSpikes: { times: [7.3, 21.7], neurons: [0, 0], weights } });
  const t1 = 5 * Math.ceil(0.2 * times.at(-1)! + 0.2);
  const { table, derivatives: found } = await network.spikeTimeSensitivities({ paths: 1, t1, dt, with: ["current"] });
  engine.dispose();
  // Of order 4, times are within 1e-6 at these steps, and derivatives to the digits that differences have; those of AdEx,
  // whose upstroke is smooth to order 3 alone at its end, to 2e-6 and less.
  const digits = name === "adex" ? 4e-6 : 1e-6;
  times.forEach((time, n) => {
    expect(Math.abs(table.times[n]! - time), `spike ${n}`).toBeLessThanOrEqual(1e-6);
    expect(Math.abs(found[n]! / derivatives[n]! - 1), `derivative ${n}`).toBeLessThanOrEqual(digits);
  });
});
