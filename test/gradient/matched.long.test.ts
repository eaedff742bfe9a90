import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { estimateOf } from "../../src/reduce/statistics.js";
import { pathsOf } from "../../src/spikes/table.js";

/**
 * Gradients of matched signatures of one neuron (docs/mathematics.md, "What appears and vanishes at t1"): where the observed train of a pair
 * has more spikes, one more at t1 counts, and so does the observed spike that it is matched with. By estimator "pathwise" that is missing.
 */
it("matched signatures of one neuron have the derivative of their mean", async () => {
  const engine = await Engine.create({ backend: "simd" });
  const cell = { cell: "slif", parameters: { sigma1: 0.25, alpha: 0 } } as const;
  const solve = { t1: 1, dt: 0.02, paths: 4096, standardErrors: false };
  const seen = await (
    await engine.network({ ...cell, current: 1.5 }).simulate({ ...solve, paths: 512, seed: 5 })
  ).read();
  const observed = pathsOf(seen).map(({ times, neurons }) => ({ times, neurons }));
  const loss = expectedSignatureLoss(observed, { depth: 2, matching: true });
  const [paths, term, score, differences]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let seed = 200; seed < 216; seed++) {
    const of = (current: number, names: string[], estimator?: "pathwise" | "score") =>
      engine.network({ ...cell, current }).valueAndGradient(loss, {
        ...solve,
        seed,
        with: names,
        ...(estimator ? { estimator } : {}),
      });
    const alone = await of(1.2, ["current"], "pathwise");
    expect(alone).toMatchObject({ unbiased: false, terms: ["pathwise"], estimator: "pathwise" });
    paths.push(alone.gradient.current as number);
    const whole = await of(1.2, ["current"]);
    expect(whole).toMatchObject({ unbiased: true, terms: ["pathwise", "horizon"], estimator: "horizon" });
    term.push(whole.gradient.current as number);
    score.push((await of(1.2, ["current"], "score")).gradient.current as number);
    differences.push(((await of(1.22, [])).value - (await of(1.18, [])).value) / 0.04);
  }
  engine.dispose();
  const wanted = estimateOf(differences);
  const [offPaths, offTerm, offScore] = [paths, term, score].map((all) =>
    estimateOf(all.map((g, i) => g - differences[i]!)),
  );
  console.log(wanted, offPaths, offTerm, offScore);
  expect(offTerm!.standardError).toBeLessThan(0.02 * Math.abs(offPaths!.mean));
  expect(Math.abs(offTerm!.mean)).toBeLessThan(3 * offTerm!.standardError);
  expect(offScore!.standardError).toBeLessThan(0.05 * Math.abs(offPaths!.mean));
  expect(Math.abs(offScore!.mean)).toBeLessThan(3 * offScore!.standardError);
  // Without it the derivative is another.
  expect(Math.abs(offPaths!.mean)).toBeGreaterThan(6 * offPaths!.standardError);
}, 900_000);
