/** The horizon term on the GPU against the float64 twin, path by path, for every solver. */
import { sharedGpu } from "../support/gpu.js";
import { everySolver } from "./horizon.js";

everySolver("levy", sharedGpu());
