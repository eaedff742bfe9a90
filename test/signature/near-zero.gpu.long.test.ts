/** Values near zero at the highest depth, in two parts: see near-zero.gpu.test.ts. */
import { describe } from "vitest";
import { signatureBackend } from "../../src/signature/index.js";
import { sharedEngine } from "../support/engine.js";
import { nearZero } from "./near-zero.js";

const engine = sharedEngine();

describe("values near zero", () => {
  nearZero(() => signatureBackend(engine().gpu!), { kind: "truncated", depth: 8 });
});
