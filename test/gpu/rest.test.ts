import { describe, expect, it } from "vitest";
import { Rest } from "../../src/gpu/rest.js";

const settles = (ms: number): Promise<string> => new Promise((resolve) => setTimeout(() => resolve("done"), ms));

describe("rest between looks at the device", () => {
  it("hands on values and errors", async () => {
    const rest = new Rest();
    expect(await rest.during(settles(5))).toBe("done");
    await expect(rest.during(Promise.reject(new Error("lost")))).rejects.toThrow("lost");
  });

  it("lets timers fire while it rests, and turns seldom", async () => {
    const rest = new Rest();
    let fired = 0;
    let turns = 0;
    let waiting = true;
    const timer = setInterval(() => (fired += 1), 10);
    const count = (): void => {
      turns += 1;
      if (waiting) setImmediate(count);
    };
    setImmediate(count);
    const began = performance.now();
    // Until timers have fired so often, however long a busy machine takes: 200 ms at the least.
    while (fired < 20) await rest.during(settles(200));
    const waited = performance.now() - began;
    waiting = false;
    clearInterval(timer);
    // A turn sleeps a twentieth of the time waited, from 0.05 to 1 ms: some 60 turns in the first 20 ms of every 200 and
    // one a millisecond after them, and a third more for where sleeps end early. A loop that never rests turns some
    // hundred thousand times.
    expect(turns).toBeLessThan((4 / 3) * (waited + 60 * Math.ceil(waited / 200)));
  });

  it("stops turning when nothing is waited for", async () => {
    const rest = new Rest();
    await rest.during(settles(1));
    await settles(5);
    expect((rest as unknown as { turning: boolean }).turning).toBe(false);
  });
});
