/** What a worker runs shards by, once the worker is gone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const processor = pathToFileURL("dist/src/cli/queue/processor.js").href;

it("ends when what failed can no longer be sent to its worker", async () => {
  // The queue's own listener, whose sending fails where the worker was killed, so that each failure brings the next.
  const script = `
    process.on("uncaughtException", async (error) => { throw error; });
    await import(${JSON.stringify(processor)});
    setInterval(() => {}, 1000);
    Promise.reject(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: "ignore",
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
  const [code] = await once(child, "exit");
  expect(code).toBe(1);
});
