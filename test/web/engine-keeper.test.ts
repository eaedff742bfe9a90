/** The engine of the studio, whose device is lost at any time, any number of times: with engines and a clock of the test's. */
import { expect, it } from "vitest";
import { SaltationError } from "../../src/index.js";
import { type DeviceNews, EngineKeeper } from "../../web/src/worker/engine-keeper.js";

/** Lets everything go on that waits for nothing outside. */
const settle = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await Promise.resolve();
};

class FakeEngine {
  lose = (_: SaltationError): void => {};
  disposed = false;
  readonly gpu: { lost: Promise<SaltationError> } | undefined;

  constructor(readonly backend: string) {
    if (backend === "cpu") return;
    this.gpu = {
      lost: new Promise((resolve) => {
        this.lose = resolve;
      }),
    };
  }

  dispose(): void {
    this.disposed = true;
  }
}

const loss = (): SaltationError => new SaltationError("device-lost", "the GPU device was lost (test)");
const noAdapter = (): SaltationError => new SaltationError("no-adapter", "navigator.gpu gave no adapter");

function setUp() {
  const engines: FakeEngine[] = [];
  const news: DeviceNews[] = [];
  const timers: { at: number; resolve(): void }[] = [];
  let now = 0;
  /** What `create` does next; by default it makes an engine at once. */
  const next: (() => Promise<FakeEngine>)[] = [];
  const keeper = new EngineKeeper<FakeEngine>({
    create: async (backend) => {
      const made = next.shift();
      if (made) return made();
      engines.push(new FakeEngine(backend));
      return engines.at(-1)!;
    },
    wait: (ms) =>
      ms === 0 ? Promise.resolve() : new Promise((resolve) => timers.push({ at: now + ms, resolve: () => resolve() })),
    now: () => now,
    tell: (item) => news.push(item),
  });
  return {
    keeper,
    engines,
    news,
    next,
    async pass(ms: number): Promise<void> {
      now += ms;
      for (const timer of timers.filter((t) => t.at <= now)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.resolve();
      }
      await settle();
    },
    pauses: () => news.flatMap((n) => (n.kind === "lost" ? [n.seconds] : [])),
  };
}

it("comes back from losses without end, with growing pauses, and from the first one at once", async () => {
  const { keeper, engines, pass, pauses, news } = setUp();
  await keeper.open("webgpu");
  for (let n = 0; n < 12; n++) {
    engines.at(-1)!.lose(loss());
    await pass(0);
    await pass(30_000);
    expect(keeper.standing).toBe(engines.at(-1));
  }
  expect(engines).toHaveLength(13);
  expect(engines.slice(0, -1).every((e) => e.disposed)).toBe(true);
  expect(pauses()).toEqual([0, 0.5, 1, 2, 4, 8, 15, 30, 30, 30, 30, 30]);
  expect(news.filter((n) => n.kind === "recovered")).toHaveLength(12);
  // One that lasted ends the row.
  await pass(61_000);
  engines.at(-1)!.lose(loss());
  await pass(0);
  expect(pauses().at(-1)).toBe(0);
  expect(keeper.standing).toBe(engines.at(-1));
});

it("tells work under way of a loss at once, though the device never answers", async () => {
  const { keeper, engines, pass } = setUp();
  await keeper.open("webgpu");
  const stuck = keeper.use(() => new Promise(() => {}));
  const told = expect(stuck).rejects.toMatchObject({ code: "device-lost" });
  await settle();
  engines[0]!.lose(loss());
  await told;
  // What comes next has the next device.
  await pass(0);
  expect(await keeper.use(async (e) => e)).toBe(engines[1]);
});

it("learns of a loss from work that fails of it, sooner than from the device, and once", async () => {
  const { keeper, engines, pass, news } = setUp();
  await keeper.open("webgpu");
  await expect(
    keeper.use(async () => {
      throw loss();
    }),
  ).rejects.toMatchObject({ code: "device-lost" });
  engines[0]!.lose(loss());
  await pass(0);
  expect(engines).toHaveLength(2);
  expect(news.map((n) => n.kind)).toEqual(["lost", "recovered"]);
  // Other errors are the caller's: at once those of the work, others where the device stands a while after.
  const notFinite = new SaltationError("not-finite", "a step too far");
  await expect(keeper.use(() => Promise.reject(notFinite))).rejects.toBe(notFinite);
  const own = expect(keeper.use(() => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  await pass(0);
  await pass(1000);
  await own;
  expect(keeper.standing).toBe(engines[1]);
});

it("takes an error for a loss that the device tells of a little later", async () => {
  const { keeper, engines, pass, news } = setUp();
  await keeper.open("webgpu");
  const compile = new SaltationError("compile", "the pipeline could not be made");
  const failed = expect(keeper.use(() => Promise.reject(compile))).rejects.toMatchObject({ code: "device-lost" });
  await pass(300);
  engines[0]!.lose(loss());
  await pass(0);
  await failed;
  expect(news.map((n) => n.kind)).toEqual(["lost", "recovered"]);
});

it("is lost again while the next device is opened, or while none is to be had, or none answers", async () => {
  const { keeper, engines, next, pass, pauses, news } = setUp();
  await keeper.open("webgpu");
  // The next device is dead on arrival, then there is no adapter, then one that never answers.
  next.push(
    async () => {
      const dead = new FakeEngine("webgpu");
      engines.push(dead);
      dead.lose(loss());
      return dead;
    },
    () => Promise.reject(noAdapter()),
    () => new Promise(() => {}),
  );
  engines[0]!.lose(loss());
  await pass(0);
  expect(keeper.standing).toBeUndefined();
  const live = keeper.live();
  await pass(500);
  await pass(1000);
  expect(news.at(-1)).toMatchObject({ kind: "lost", seconds: 1, message: "navigator.gpu gave no adapter" });
  // A device within 15 seconds, or another try.
  await pass(15_000);
  expect(news.at(-1)).toMatchObject({ kind: "lost", seconds: 2, message: "no device within 15 seconds" });
  await pass(2000);
  expect(await live).toBe(engines.at(-1));
  expect(pauses()).toEqual([0, 0.5, 1, 2]);
  expect(news.at(-1)!.kind).toBe("recovered");
});

it("takes a device that comes late, from an adapter that is busy, and leaves those that come after it", async () => {
  const { keeper, engines, next, pass, pauses } = setUp();
  await keeper.open("webgpu");
  const answers: ((engine: FakeEngine) => void)[] = [];
  for (let n = 0; n < 2; n++) next.push(() => new Promise((resolve) => answers.push(resolve)));
  engines[0]!.lose(loss());
  await pass(0);
  await pass(15_000);
  await pass(500); // another is asked for
  const [late, later] = [new FakeEngine("webgpu"), new FakeEngine("webgpu")];
  answers[0]!(late);
  await settle();
  expect(keeper.standing).toBe(late);
  answers[1]!(later);
  await settle();
  expect(keeper.standing).toBe(late);
  expect([late.disposed, later.disposed]).toEqual([false, true]);
  // A loss of that one is told as any other.
  late.lose(loss());
  await pass(0);
  expect(pauses()).toEqual([0, 0.5, 1]);
});

it("tries at once when it is told to, and goes on with the CPU when that is opened meanwhile", async () => {
  const { keeper, engines, next, pass, news } = setUp();
  await keeper.open("webgpu");
  next.push(() => Promise.reject(noAdapter()));
  engines[0]!.lose(loss());
  await pass(0);
  expect(keeper.standing).toBeUndefined();
  keeper.retry();
  await pass(0);
  expect(keeper.standing).toBe(engines[1]);
  engines[1]!.lose(loss());
  await pass(0);
  const live = keeper.live();
  await keeper.open("simd");
  expect((await live).backend).toBe("simd");
  const count = news.length;
  await pass(60_000);
  expect(keeper.standing!.backend).toBe("simd");
  expect(news).toHaveLength(count);
  expect(engines).toHaveLength(3);
});

it("gives no engine where none was opened", async () => {
  const { keeper, next } = setUp();
  await expect(keeper.live()).rejects.toMatchObject({ code: "no-adapter" });
  next.push(() => Promise.reject(noAdapter()));
  await expect(keeper.open("webgpu")).rejects.toMatchObject({ code: "no-adapter" });
  expect(keeper.opened).toBe(false);
});
