import { afterEach, expect, it, vi } from "vitest";
import { infoCommand } from "../../src/cli/info.js";

const search = vi.hoisted(() => vi.fn());

vi.mock("../../src/gpu/node-adapter.js", async (original) => {
  const module = await original<typeof import("../../src/gpu/node-adapter.js")>();
  search.mockImplementation(module.requestNodeAdapter);
  return { ...module, requestNodeAdapter: search };
});

afterEach(() => vi.restoreAllMocks());

it("info searches for an adapter once", async () => {
  const out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await infoCommand({ json: true });
  expect(JSON.parse(out.mock.calls.map(([text]) => text).join("")).twoParts).toBeTypeOf("boolean");
  expect(search).toHaveBeenCalledTimes(1);
});
