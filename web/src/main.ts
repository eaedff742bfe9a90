import { open } from "./opening.js";

await open(() => import("./page/start.js"));
