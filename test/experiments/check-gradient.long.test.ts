/** In float64: the same conclusions as on a device, which the quick suite has. */
import { testChecks } from "./check-gradient.js";

testChecks("cpu");
