import { describe, expect, it } from "vitest";
import { planCurrent } from "../../src/driver/current.js";

describe("input currents on the grid", () => {
  it("one number, or one per neuron", () => {
    expect(planCurrent(1.5, 3, 0, 0.01, 100)).toMatchObject({ samples: 1, stepsPerSample: 100, perNeuron: false });
    const each = planCurrent([1, 2, 3], 3, 0, 0.01, 100);
    expect(each).toMatchObject({ samples: 1, perNeuron: true });
    expect([...each.values]).toEqual([1, 2, 3]);
  });

  it("a sampled trace, held for a whole number of steps, neuron innermost", () => {
    const shared = planCurrent({ dt: 0.03, samples: [[1], [2], [3], [4]] }, 2, 0, 0.01, 10);
    expect(shared).toMatchObject({ samples: 4, stepsPerSample: 3, perNeuron: false });
    expect([...shared.values]).toEqual([1, 2, 3, 4]);
    const trace = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    const each = planCurrent({ dt: 0.1, samples: trace }, 2, 1, 0.1, 2);
    // The third sample begins at t1 and is not needed.
    expect(each).toMatchObject({ samples: 2, stepsPerSample: 1, perNeuron: true });
    expect([...each.values]).toEqual([1, 2, 3, 4]);
  });

  it("a trace of numbers, for all neurons alike", () => {
    for (const samples of [[1, 2, 3, 4], Float64Array.of(1, 2, 3, 4), Float32Array.of(1, 2, 3, 4)]) {
      const shared = planCurrent({ dt: 0.03, samples }, 2, 0, 0.01, 10);
      expect(shared).toEqual(planCurrent({ dt: 0.03, samples: [[1], [2], [3], [4]] }, 2, 0, 0.01, 10));
    }
  });

  it("takes sample times that are multiples of dt up to rounding", () => {
    // 0.3 / 0.1 is 2.9999999999999996.
    expect(planCurrent({ dt: 0.3, samples: [[1], [2]] }, 1, 0, 0.1, 6).stepsPerSample).toBe(3);
  });

  it.each([
    [Number.NaN, /input\.current: .*NaN/],
    [[1, 2], /input\.current: .*3 \(one per neuron\), got 2/],
    [[1, 2, Number.POSITIVE_INFINITY], /input\.current\[2\]: .*Infinity/],
    [{ dt: -1, samples: [[1]] }, /input\.current\.dt: .*-1/],
    [
      { dt: 0.025, samples: [[1]] },
      /input\.current\.dt: 0\.025 is not a whole number of time\.dt = 0\.01; set time\.dt/,
    ],
    [
      { dt: 0.005, samples: [[1]] },
      /input\.current\.dt: 0\.005 is not a whole number of time\.dt = 0\.01; set time\.dt/,
    ],
    [{ dt: 0.5, samples: [[1]] }, /input\.current\.samples: 1 samples end at time 0\.5, before t1 = 1; 2 are needed/],
    [{ dt: 0.5, samples: [] }, /input\.current\.samples: expected a list/],
    [
      { dt: 0.5, samples: [[1, 2], [1]] },
      /input\.current\.samples\[0\]: expected a number, or a list of one or 3 \(one per neuron\), got/,
    ],
    [{ dt: 0.5, samples: [[1], [1, 2]] }, /input\.current\.samples\[1\]: expected 1/],
    [{ dt: 0.5, samples: [1, "x"] }, /input\.current\.samples\[1\]: .*"x"/],
    [{ dt: 0.5, samples: [1, [2]] }, /input\.current\.samples\[1\]: .*\[2\]/],
    [{ dt: 0.5, samples: new Float32Array([1, Number.NaN]) }, /input\.current\.samples\[1\]: .*NaN/],
    [{ dt: 0.5, samples: "1,2" }, /input\.current\.samples: expected a list of samples/],
    [{ dt: 0.5, samples: [[1], ["x"]] }, /input\.current\.samples\[1\]\[0\]: .*"x"/],
    [null, /input\.current: .*null/],
  ])("refuses %j in one line", (current, message) => {
    expect(() => planCurrent(current as number, 3, 0, 0.01, 100)).toThrow(message);
  });
});
