/** The version of this package, which finds itself by its name. */
import { createRequire } from "node:module";

export const { version } = createRequire(import.meta.url)("saltation/package.json") as { version: string };
