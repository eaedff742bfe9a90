// One device for two libraries: Saltation simulates, a kernel of the page's own counts first spike times into a histogram
// that TypeGPU holds. Everything goes through one command encoder, and only the histogram is read back.
// For a bundler (Vite, esbuild): both libraries are imported by name.
import { Engine } from "saltation";
import tgpu, { d } from "typegpu";

const output = document.querySelector("output");
const adapter = await navigator.gpu.requestAdapter();
const device = await adapter.requestDevice();
const root = tgpu.initFromDevice({ device });
const engine = await Engine.create({ device });

const [paths, t1, bins] = [4096, 1, 20];
const network = engine.network({ cell: "slif", current: 1.5 });
const simulation = await network.prepare({ paths, t1, dt: 0.01, seed: 1, maxSpikes: 1 });
const histogram = root.createBuffer(d.arrayOf(d.u32, bins), new Array(bins).fill(0)).$usage("storage");

const encoder = device.createCommandEncoder();
const encoded = simulation.encode(encoder);
const { record, counts } = encoded.spikes;

// The record is [slots][words][paths] u32: step, then fraction of a step as f32 bits (docs/embedding.md).
const module = device.createShaderModule({
  code: `
@group(0) @binding(0) var<storage, read> record: array<u32>;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> histogram: array<atomic<u32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= ${paths}u || counts[${counts.byteOffset / 4}u + id.x] == 0u) { return; }
  let steps = f32(record[id.x]) + bitcast<f32>(record[${paths}u + id.x]);
  atomicAdd(&histogram[min(u32(steps / 100.0 * ${bins}.0), ${bins - 1}u)], 1u);
}`,
});
const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });

const pass = encoder.beginComputePass();
pass.setPipeline(pipeline);
pass.setBindGroup(
  0,
  device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [
      { binding: 0, resource: { buffer: record.buffer } },
      { binding: 1, resource: { buffer: counts.storage.buffer } },
      { binding: 2, resource: { buffer: root.unwrap(histogram) } },
    ],
  }),
);
pass.dispatchWorkgroups(paths / 64);
pass.end();
device.queue.submit([encoder.finish()]);

output.textContent = JSON.stringify(await histogram.read());
output.dataset.done = "yes";

encoded.dispose();
simulation.dispose();
engine.dispose(); // the device stays alive: it is the page's
