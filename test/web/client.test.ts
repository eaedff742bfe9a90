/** The page's end of the worker, with workers of the test's. */
import { expect, it } from "vitest";
import { StudioClient, type WorkerLike } from "../../web/src/page/client.js";
import type { Call, Message, StudioEvent } from "../../web/src/worker/protocol.js";
import { isStale } from "../../web/src/worker/stale.js";

class FakeWorker implements WorkerLike {
  onmessage: WorkerLike["onmessage"] = null;
  onerror: WorkerLike["onerror"] = null;
  readonly calls: Call[] = [];
  ended = false;

  postMessage(call: Call): void {
    this.calls.push(call);
  }

  terminate(): void {
    this.ended = true;
  }

  say(message: Message): void {
    this.onmessage!({ data: message } as MessageEvent<Message>);
  }

  /** As a worker whose program could not be fetched. */
  fail(message = ""): void {
    this.onerror!({ message } as ErrorEvent);
  }
}

function setUp() {
  const workers: FakeWorker[] = [];
  const events: StudioEvent[] = [];
  const later: (() => void)[] = [];
  const client = new StudioClient(
    () => {
      workers.push(new FakeWorker());
      return workers.at(-1)!;
    },
    (event) => events.push(event),
    (act) => later.push(act),
  );
  const wait = (): void => {
    for (const act of later.splice(0)) act();
  };
  return { client, workers, events, wait };
}

it("ends a worker that is busy: its calls fail, what it still says is not heard, and the next one answers", async () => {
  const { client, workers, events } = setUp();
  const stuck = client.call("pause");
  client.restart();
  await expect(stuck).rejects.toMatchObject({ code: "stopped" });
  expect(workers.map((w) => w.ended)).toEqual([true, false]);
  expect(client.generation).toBe(1);
  const exported = client.call("exportJob");
  workers[0]!.say({ event: { kind: "doing", text: "late" } });
  workers[0]!.say({ id: workers[1]!.calls[0]!.id, value: "wrong" });
  workers[1]!.say({ id: workers[1]!.calls[0]!.id, value: "right" });
  expect(await exported).toBe("right");
  expect(events).toEqual([]);
});

it("starts a worker again whose program could not be loaded, with what it was asked; then says so, and tries anew", async () => {
  const { client, workers, wait } = setUp();
  const asked = client.call("exportJob");
  workers[0]!.fail();
  wait();
  expect(workers[1]!.calls).toEqual(workers[0]!.calls);
  workers[1]!.say({ event: { kind: "awake" } });
  workers[1]!.say({ id: workers[1]!.calls[0]!.id, value: "job" });
  expect(await asked).toBe("job");

  client.restart();
  const never = client.call("exportJob");
  for (let n = 0; n < 3; n++) {
    workers.at(-1)!.fail();
    wait();
  }
  await expect(never).rejects.toMatchObject({ code: "stale" });
  const count = workers.length;
  void client.call("exportJob").catch(() => {});
  expect(workers).toHaveLength(count + 1);
});

it("an error of a worker that runs fails what it was asked", async () => {
  const { client, workers } = setUp();
  workers[0]!.say({ event: { kind: "awake" } });
  const asked = client.call("run");
  workers[0]!.fail("out of memory");
  await expect(asked).rejects.toThrow("out of memory");
});

it.each([
  ["Failed to fetch dynamically imported module: https://host/assets/prepared-1.js", true],
  ["error loading dynamically imported module: https://host/assets/prepared-1.js", true],
  ["Importing a module script failed.", true],
  ["Unable to preload CSS for /assets/start.css", true],
  ["Failed to fetch", false],
  ["steps: expected a whole number", false],
])("a part of the site that is gone is known in every browser's words: %s", (message, stale) => {
  expect(isStale(new TypeError(message))).toBe(stale);
});
