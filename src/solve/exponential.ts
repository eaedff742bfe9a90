/** What plans with stiff states need of kernels beyond others: loaded with the first of them. */
export { exponential } from "../../shaders/substep/exponential.wgsl.js";
export { ownRateFunctions } from "../cell/own-rates-wgsl.js";
