import { open } from "../opening.js";

await open(() => import("./start.js"));
