import { describe, expect, it } from "vitest";
import { adam, adamw, type Optimiser, rmsprop, sgd } from "../../src/train/optimisers.js";

const gradients = [0.5, -1.25, 2, 0.1, -0.3];

function updates(optimiser: Optimiser): number[] {
  const state = optimiser.init(1);
  return gradients.map((g) => optimiser.update([g], state)[0]!);
}

const close = (a: readonly number[], b: readonly number[]): void => {
  a.forEach((x, i) => {
    expect(x).toBeCloseTo(b[i]!, 14);
  });
};

describe("optimisers follow optax", () => {
  it("sgd with momentum", () => {
    let m = 0;
    close(
      updates(sgd({ learningRate: 0.1, momentum: 0.9 })),
      gradients.map((g) => -0.1 * (m = g + 0.9 * m)),
    );
  });

  it("sgd with Nesterov momentum", () => {
    let m = 0;
    close(
      updates(sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true })),
      gradients.map((g) => {
        m = g + 0.9 * m;
        return -0.1 * (g + 0.9 * m);
      }),
    );
  });

  it("rmsprop: eps inside the root, momentum after the learning rate", () => {
    let [nu, trace] = [0, 0];
    close(
      updates(rmsprop({ learningRate: 1e-3, decay: 0.7, momentum: 0.3 })),
      gradients.map((g) => {
        nu = 0.7 * nu + 0.3 * g ** 2;
        trace = (-1e-3 * g) / Math.sqrt(nu + 1e-8) + 0.3 * trace;
        return trace;
      }),
    );
  });

  it("centred rmsprop", () => {
    let [nu, mu] = [0, 0];
    close(
      updates(rmsprop({ learningRate: 1e-3, centered: true, eps: 1e-4 })),
      gradients.map((g) => {
        nu = 0.9 * nu + 0.1 * g ** 2;
        mu = 0.9 * mu + 0.1 * g;
        return (-1e-3 * g) / Math.sqrt(nu - mu ** 2 + 1e-4);
      }),
    );
  });

  it("adam with bias correction", () => {
    let [m, v] = [0, 0];
    close(
      updates(adam({ learningRate: 0.01 })),
      gradients.map((g, i) => {
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g ** 2;
        return (-0.01 * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
      }),
    );
  });

  it("rmsprop with a first second moment and Nesterov momentum; adam with eps inside the root", () => {
    let [nu, trace] = [1, 0];
    close(
      updates(rmsprop({ learningRate: 1e-3, momentum: 0.5, nesterov: true, eps: 1e-3, initialScale: 1 })),
      gradients.map((g) => {
        nu = 0.9 * nu + 0.1 * g ** 2;
        const scaled = (-1e-3 * g) / Math.sqrt(nu + 1e-3);
        trace = scaled + 0.5 * trace;
        return scaled + 0.5 * trace;
      }),
    );
    let [m, v] = [0, 0];
    close(
      updates(adam({ learningRate: 0.01, b1: 0.8, b2: 0.99, eps: 1e-3, epsRoot: 1e-4 })),
      gradients.map((g, i) => {
        m = 0.8 * m + 0.2 * g;
        v = 0.99 * v + 0.01 * g ** 2;
        const root = Math.sqrt(v / (1 - 0.99 ** (i + 1)) + 1e-4);
        return (-0.01 * (m / (1 - 0.8 ** (i + 1)))) / (root + 1e-3);
      }),
    );
  });

  it("adamw: a part of the values beside Adam, times the learning rate too", () => {
    const settings = { learningRate: 0.01, b1: 0.8, b2: 0.99 };
    const [plain, decaying] = [adam(settings), adamw({ ...settings, weightDecay: 0.3 })];
    const [a, b] = [plain.init(1), decaying.init(1)];
    let value = 0.7;
    for (const g of gradients) {
      const wanted = plain.update([g], a)[0]! - 0.01 * 0.3 * value;
      const change = decaying.update([g], b, [value])[0]!;
      expect(change).toBeCloseTo(wanted, 14);
      value += change;
    }
    expect(() => decaying.update([1], b)).toThrow(/optimiser: adamw takes a part of the values/);
    expect(() => adamw({ learningRate: 1, weightDecay: -1 })).toThrow(/optimiser\.weightDecay: .*-1/);
  });

  it("goes on from a stored state as if it had not stopped", () => {
    const optimiser = adam({ learningRate: (step) => 0.1 / (1 + step) });
    const state = optimiser.init(1);
    const all = gradients.map((g) => optimiser.update([g], state)[0]!);
    let stored = JSON.stringify(optimiser.init(1));
    const each = gradients.map((g) => {
      const copy = JSON.parse(stored);
      const change = optimiser.update([g], copy)[0]!;
      stored = JSON.stringify(copy);
      return change;
    });
    expect(each).toEqual(all);
  });

  it("takes a schedule", () => {
    const state = sgd({ learningRate: 1 }).init(1);
    const halving = sgd({ learningRate: (step) => 2 ** -step });
    expect([1, 1, 1].map((g) => halving.update([g], state)[0])).toEqual([-1, -0.5, -0.25]);
  });

  it.each([
    [() => sgd({ learningRate: -1 }), /optimiser\.learningRate: expected a number above 0, got -1/],
    [() => rmsprop({ learningRate: 1, decay: 1.5 }), /optimiser\.decay: .*got 1\.5/],
    [() => adam({ learningRate: Number.NaN }), /optimiser\.learningRate: expected a finite number, got NaN/],
  ])("refuses bad settings %#", (make, message) => {
    expect(make).toThrow(message);
  });
});
