import { testChecks } from "./check-gradient.js";

testChecks("webgpu");
