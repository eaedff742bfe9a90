import { describe, expect, it } from "vitest";
import { accuracy, confusion, predictedClasses } from "../../src/loss/classification.js";

describe("classification", () => {
  it("counts what is right, and what is taken for what", () => {
    const [predicted, labels] = [
      [0, 1, 1, -1, 2],
      [0, 1, 2, 2, 2],
    ];
    expect(accuracy(predicted!, labels!)).toBe(0.6);
    expect(confusion(predicted!, labels!, 3)).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 1, 1, 1],
    ]);
  });

  it("takes the class that trials find most probable on the mean; of two none", () => {
    const p = [
      [0.6, 0.4],
      [0.1, 0.9],
      [0.5, 0.5],
      [0.5, 0.5],
    ];
    expect(Array.from(predictedClasses(p, 2))).toEqual([1, -1]);
    expect(Array.from(predictedClasses(p))).toEqual([0, 1, -1, -1]);
  });

  it.each<[() => unknown, string]>([
    [() => accuracy([], []), "labels: are none"],
    [() => accuracy([[0.2, 0.8]] as never, [1]), "predicted[0]: expected a whole number from -1 to"],
    [() => accuracy([1], [1, 2]), "predicted: has 1 classes for 2 labels"],
    [() => confusion([0], [3], 3), "labels[0]: expected a whole number from 0 to 2, got 3"],
    [() => confusion([-2], [0], 3), "predicted[0]: expected a whole number from -1 to 2, got -2"],
    [() => predictedClasses([0.2, 0.8] as never), "probabilities[0]: expected a list of probabilities, got 0.2"],
    [() => predictedClasses([[1], [0.5, 0.5]]), "probabilities[1]: has 2 classes, and those before 1"],
    [() => predictedClasses([[1], [1], [1]], 2), "trials: is 2, which does not divide 3 paths"],
  ])("refuses: %#", (make, message) => {
    expect(make).toThrow(message);
  });
});
