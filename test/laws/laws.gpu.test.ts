/** The laws with a quarter of the paths; with all of them in laws.long.test.ts. */
import { laws } from "./laws.js";

laws(1 / 4);
