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
    await rest.during(settles(400));
    waiting = false;
    clearInterval(timer);
    // 40 at most; a busy machine may drop many.
    expect(fired).toBeGreaterThan(5);
    // A turn sleeps a twentieth of the time waited, from 0.05 to 1 ms: some 60 turns to 20 ms and 380 after it, and a
    // third more for where sleeps end early. A loop that never rests turns some hundred thousand times.
    expect(turns).toBeLessThan(600);
  });

  it("stops turning when nothing is waited for", async () => {
    const rest = new Rest();
    await rest.during(settles(1));
    await settles(5);
    expect((rest as unknown as { turning: boolean }).turning).toBe(false);
  });
});
