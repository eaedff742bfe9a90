/** The laws with all paths. */
import { laws } from "./laws.js";

laws(1);
