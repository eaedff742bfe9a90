import { expect, it } from "vitest";
import { threefry2x32 } from "../../src/driver/threefry.js";
import { Engine } from "../../src/engine.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import type { Loss } from "../../src/loss/loss.js";
import { estimateOf } from "../../src/reduce/statistics.js";
import { spikeAtEnd, spikeSignature } from "../../src/signature/host/spike-signature.js";
import type { Spikes, TypedSpikes } from "../../src/spikes/spikes.js";
import { pathsOf } from "../../src/spikes/table.js";

/**
 * What gradients of matched signatures leave out (docs/mathematics.md, "What appears and vanishes at t1"), of one neuron: where the observed
 * train of a pair has more spikes, one more at t1 counts, S ⊗ exp(e) − S, and so does the observed spike that it is matched with.
 */
const [depth, t1] = [2, 1];

/** The loss with that term, taken on the host. */
function withTerm(observed: readonly Spikes[]): Loss {
  const loss = expectedSignatureLoss(observed, { depth, matching: true });
  const { leavesOut: _, gpu: __, ...rest } = loss;
  const of = (times: ArrayLike<number>): Float64Array =>
    spikeSignature(times, new Int32Array(times.length), { neurons: 1, t0: 0, t1, depth });
  return {
    ...rest,
    horizon: true,
    evaluate: async (spikes: readonly TypedSpikes[], plan) => {
      const start = threefry2x32(plan.seed, 0xfffffffe, 0, 0)[0] % observed.length;
      const pairs = spikes.map(({ times }, i) => {
        const theirs = Float64Array.from(observed[(start + i) % observed.length]!.times);
        const kept = Math.min(times.length, theirs.length);
        return { more: theirs.length > times.length, kept, theirs, own: of(times.slice(0, kept)) };
      });
      const difference = new Float64Array(pairs[0]!.own.length);
      for (const { own, theirs, kept } of pairs) {
        const other = of(theirs.slice(0, kept));
        difference.forEach((_, w) => {
          difference[w]! += (own[w]! - other[w]!) / spikes.length;
        });
      }
      const slope = difference.map((d, w) => (w === 0 ? 0 : (2 * d) / (difference.length - 1)));
      const along = (s: Float64Array): number => s.reduce((sum, v, w) => sum + slope[w]! * v, 0);
      const horizon = pairs.map(({ more, own, theirs, kept }) => {
        if (!more) return [0];
        const matched = along(of(theirs.slice(0, kept + 1))) - along(of(theirs.slice(0, kept)));
        return [(spikeAtEnd(own, slope, 1, depth)[0]! - matched) / spikes.length];
      });
      return { ...(await loss.evaluate!(spikes, plan)), horizon };
    },
  };
}

it("matched signatures of one neuron have the derivative of their mean with the term that they lack", async () => {
  const engine = await Engine.create({ backend: "simd" });
  const cell = { cell: "slif", parameters: { sigma1: 0.25, alpha: 0 } } as const;
  const solve = { t1, dt: 0.02, paths: 4096, standardErrors: false };
  const seen = await (
    await engine.network({ ...cell, current: 1.5 }).simulate({ ...solve, paths: 512, seed: 5 })
  ).read();
  const observed = pathsOf(seen).map(({ times, neurons }) => ({ times, neurons }));
  const [lacking, whole] = [expectedSignatureLoss(observed, { depth, matching: true }), withTerm(observed)];
  const [paths, term, differences]: [number[], number[], number[]] = [[], [], []];
  for (let seed = 200; seed < 216; seed++) {
    const of = (current: number, loss: Loss, names: string[]) =>
      engine.network({ ...cell, current }).valueAndGradient(loss, { ...solve, seed, with: names });
    const alone = await of(1.2, lacking, ["current"]);
    expect(alone.unbiased).toBe(false);
    paths.push(alone.gradient.current as number);
    term.push((await of(1.2, whole, ["current"])).gradient.current as number);
    differences.push(((await of(1.22, lacking, [])).value - (await of(1.18, lacking, [])).value) / 0.04);
  }
  engine.dispose();
  const wanted = estimateOf(differences);
  const [offPaths, offTerm] = [paths, term].map((all) => estimateOf(all.map((g, i) => g - differences[i]!)));
  console.log(wanted, offPaths, offTerm);
  expect(offTerm!.standardError).toBeLessThan(0.02 * Math.abs(offPaths!.mean));
  expect(Math.abs(offTerm!.mean)).toBeLessThan(3 * offTerm!.standardError);
  // Without it the derivative is another.
  expect(Math.abs(offPaths!.mean)).toBeGreaterThan(6 * offPaths!.standardError);
}, 900_000);
