/** `npm run bench -- <suite>`. */
const suites: Record<string, () => Promise<{ run(args: string[]): Promise<void> }>> = {
  cells: () => import("./cells.js"),
  convergence: () => import("./convergence.js"),
  coverage: () => import("./coverage.js"),
  fashion: () => import("./fashion.js"),
  figures: () => import("./figures.js"),
  figure1: () => import("./figure1.js"),
  "figure1-signature": () => import("./figure1-signature.js"),
  figure2: () => import("./figure2.js"),
  floors: () => import("./floors.js"),
  horizon: () => import("./horizon.js"),
  "mini-batch": () => import("./mini-batch.js"),
  networks: () => import("./networks.js"),
  peers: () => import("./peers.js"),
  processor: () => import("./processor.js"),
  orders: () => import("./orders.js"),
  sizes: () => import("./sizes.js"),
  "signature-accuracy": () => import("./signature-accuracy.js"),
  "signature-speed": () => import("./signature-speed.js"),
  verdicts: () => import("./verdicts.js"),
  training: () => import("./training.js"),
  "yin-yang": () => import("./yin-yang.js"),
};

const [name, ...args] = process.argv.slice(2);
const load = name === undefined ? undefined : suites[name];
if (!load) {
  console.error(`usage: npm run bench -- <suite>\nsuites: ${Object.keys(suites).join(", ")}`);
  process.exitCode = 1;
} else await (await load()).run(args);
