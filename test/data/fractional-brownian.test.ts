import { describe, expect, it } from "vitest";
import { fractionalBrownian } from "../../src/data/index.js";

describe.each([0.3, 0.5, 0.75])("fractional Brownian motion, H = %s", (hurst) => {
  it("has the covariance of its formula", () => {
    const [count, steps, dt] = [20_000, 6, 0.1];
    const { samples } = fractionalBrownian({ hurst, samples: count, steps, dt, seed: 1 });
    const paths = samples as Float64Array[];
    const exact = (s: number, t: number): number =>
      0.5 * ((s * dt) ** (2 * hurst) + (t * dt) ** (2 * hurst) - (Math.abs(t - s) * dt) ** (2 * hurst));
    for (let s = 1; s <= steps; s++) {
      for (let t = s; t <= steps; t++) {
        const mean = paths.reduce((sum, w) => sum + w[s]! * w[t]!, 0) / count;
        // The variance of a product of normals is C_ss C_tt + C_st²; 4.5 standard errors, of 21 entries of three H.
        const error = Math.sqrt((exact(s, s) * exact(t, t) + exact(s, t) ** 2) / count);
        expect(Math.abs(mean - exact(s, t)), `${s} ${t}`).toBeLessThan(4.5 * error);
      }
    }
    // Real and imaginary part of one transform are independent.
    const between =
      paths.reduce((sum, w, s) => (s % 2 ? sum + w[steps]! * paths[s - 1]![steps]! : sum), 0) / (count / 2);
    expect(Math.abs(between)).toBeLessThan((4.5 * exact(steps, steps)) / Math.sqrt(count / 2));
  });

  it("is the same for a sample, whatever others are drawn with it", () => {
    const options = { hurst, steps: 5, dt: 0.1, neurons: 3, seed: 7 };
    const { dt, samples } = fractionalBrownian({ ...options, samples: 9 });
    expect([dt, samples.length, samples[0]!.length]).toEqual([0.1, 9, 6]);
    expect(samples[0]![0]).toEqual(Float64Array.of(0, 0, 0));
    expect(fractionalBrownian({ ...options, samples: 4, first: 3 }).samples).toEqual(samples.slice(3, 7));
  });
});

it.each([
  [{ hurst: 0.25 }, /^hurst: is 0.25; take one above 1\/4/],
  [{ hurst: 1 }, /^hurst: is 1; /],
  [{ steps: 0 }, /^steps: expected a whole number from 1/],
  [{ length: 3 }, /^length: is unknown/],
])("refuses %o", (more, message) => {
  const options = { hurst: 0.3, samples: 2, steps: 4, dt: 0.1, seed: 1, ...more };
  expect(() => fractionalBrownian(options)).toThrow(message);
});
