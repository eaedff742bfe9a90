/** Deno on Mesa's llvmpipe: taken for tests all the same; those whose loops are too long for it skip themselves. */
import { shortLoops } from "../../src/gpu/loops.js";

if ("Deno" in globalThis) shortLoops.accepted = true;
