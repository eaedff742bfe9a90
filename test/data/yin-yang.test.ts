/** Yin-Yang: areas of its classes, balance, and the spikes of a point. */
import { expect, it } from "vitest";
import { sampleSpikes } from "../../src/data/spike-data.js";
import { yinYang, yinYangClass, yinYangPoints, yinYangSpikes } from "../../src/data/yin-yang.js";

it("has classes of the published areas", () => {
  const areas = [0, 0, 0];
  const n = 1000;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const found = yinYangClass((i + 0.5) / n, (j + 0.5) / n);
      if (found !== undefined) areas[found]! += 1 / n ** 2;
    }
  }
  // A dot has 0.1² π, half of the disc 0.5² π / 2; the grid is off by at most its width along each border.
  expect(areas[2]).toBeCloseTo(2 * 0.01 * Math.PI, 3);
  expect(areas[0]).toBeCloseTo((0.25 * Math.PI) / 2 - 0.01 * Math.PI, 3);
  expect(areas[1]).toBeCloseTo((0.25 * Math.PI) / 2 - 0.01 * Math.PI, 3);
});

it("has the classes where they are drawn", () => {
  expect([
    yinYangClass(0.25, 0.5), // the dots
    yinYangClass(0.75, 0.55),
    yinYangClass(0.25, 0.3), // the left disc reaches below the middle
    yinYangClass(0.75, 0.7), // the right one above it
    yinYangClass(0.5, 0.9),
    yinYangClass(0.5, 0.1),
    yinYangClass(0.05, 0.05), // outside
  ]).toEqual([2, 2, 0, 1, 0, 1, undefined]);
});

it("draws points of each class alike, each by its number alone", () => {
  const { values, labels, count } = yinYangPoints({ samples: 3000, seed: 5 });
  for (let s = 0; s < count; s++) expect(yinYangClass(values[2 * s]!, values[2 * s + 1]!)).toBe(labels[s]);
  for (const c of [0, 1, 2]) {
    // Four standard deviations of a binomial number.
    const of = labels.filter((label) => label === c).length;
    expect(Math.abs(of - 1000)).toBeLessThan(4 * Math.sqrt((3000 * 2) / 9));
  }
  const alone = yinYangPoints({ samples: 1, seed: 5, first: 2999 });
  expect([...alone.values]).toEqual([...values.slice(-2)]);
  expect(() => yinYangPoints({ samples: 0, seed: 5 })).toThrow("samples: expected a whole number from 1");
});

it("becomes spikes of x, y, 1 - x and 1 - y, and of a bias", () => {
  const { values } = yinYangPoints({ samples: 2, seed: 3 });
  const data = yinYang({ samples: 2, seed: 3 });
  const [x, y] = [values[2]!, values[3]!];
  const { times, sources } = sampleSpikes(data, 1);
  const bySource = Object.fromEntries(Array.from(sources, (s, n) => [s, times[n]]));
  [x, y, 1 - x, 1 - y].forEach((v, i) => {
    expect(bySource[i]).toBeCloseTo(0.15 + 1.85 * v, 14);
  });
  expect(bySource[4]).toBe(0.9);
  expect(data.sourceCount).toBe(5);
  const scaled = yinYang({ samples: 2, seed: 3, from: 1.5, to: 20, bias: false });
  expect(scaled.sourceCount).toBe(4);
  const at = sampleSpikes(scaled, 1);
  expect(at.times[at.sources.indexOf(0)]).toBeCloseTo(10 * bySource[0]!, 13);
});

it("makes the same spikes of points that are given, and refuses others", () => {
  const how = { from: 2, to: 22, bias: 12 };
  const drawn = yinYangPoints({ samples: 3, seed: 4 });
  expect(yinYangSpikes(drawn, how)).toEqual(yinYang({ samples: 3, seed: 4, ...how }));
  const { times } = yinYangSpikes([[0.25, 1]], how);
  // x, the bias, 1 - x, y and 1 - y: 2 + 20 v.
  expect([...times]).toEqual([2, 7, 12, 17, 22]);
  expect(() =>
    yinYangSpikes([
      [0.5, 0.5],
      [0.5, 1.5],
    ]),
  ).toThrow("points[1]: is (0.5, 1.5); give a point of the unit square");
  expect(() => yinYangSpikes([[0.5]])).toThrow("points: hold 1 number each; give x and y");
});
