// In Node, in a project that has Saltation installed: two engines at once, and all memory given back. `node node.mjs`
import { Engine, meanSpikeTime } from "saltation";

const [gpu, cpu] = await Promise.all([Engine.create(), Engine.create({ backend: "cpu" })]);
const options = { paths: 512, t1: 1, dt: 0.01, seed: 1, with: ["current", "beta"] };
for (const engine of [gpu, cpu]) {
  const network = engine.network({ cell: "slif", current: 1.5 });
  const { value, gradient } = await network.valueAndGradient(meanSpikeTime(), options);
  console.log(`${engine.adapterName}: ${value.toFixed(5)}, ${JSON.stringify(gradient)}`);
  engine.dispose();
}
