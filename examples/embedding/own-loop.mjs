// A training loop of the caller's own, all on the GPU: Saltation solves and goes backward, kernels of this file take the
// loss and update the parameter, everything in the caller's command encoders; one number is read at the end.
// `node own-loop.mjs`, in a project that has Saltation installed; in a page it is the same. It ends at a current of 1.63,
// where the mean squared distance of single first spikes from the target is least.
import { Engine } from "saltation";

const engine = await Engine.create({ backend: "webgpu" });
const { device } = engine.gpu;
const [paths, target] = [512, 0.23];
const network = engine.network({ cell: "slif", current: 1 });
const prepared = await network.prepareGradient({ paths, t1: 1, dt: 0.01, maxSpikes: 1, with: ["current"] });
const at = prepared.parameterPlaces.find((place) => place.name === "current").offset;

// Loss of a path: half the squared distance of its first spike from the target; its cotangent is the distance.
const code = `
@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@compute @workgroup_size(64)
fn loss(@builtin(global_invocation_id) id: vec3u) { // input: the spike record; result: cotangents
  if (id.x >= ${paths}u) { return; }
  let time = (f32(input[id.x]) + bitcast<f32>(input[${paths}u + id.x])) * 0.01;
  result[id.x] = time - ${target}; // not read where the path has no spike
}
@compute @workgroup_size(1)
fn update() { // input: the gradient; result: all parameters
  result[${at}] -= 1.0 * bitcast<f32>(input[0]);
}`;
const module = device.createShaderModule({ code });
const kernel = (entryPoint) => device.createComputePipeline({ layout: "auto", compute: { module, entryPoint } });
const [loss, update] = [kernel("loss"), kernel("update")];
const cotangents = device.createBuffer({ size: 4 * prepared.slots * paths, usage: GPUBufferUsage.STORAGE });

function run(encoder, pipeline, buffers, workgroups) {
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(workgroups);
  pass.end();
}

for (let step = 0; step < 40; step++) {
  const encoder = device.createCommandEncoder();
  const solved = prepared.encode(encoder, { seed: step });
  run(encoder, loss, [solved.spikes.record.buffer, cotangents], Math.ceil(paths / 64));
  const backward = solved.encodeBackward(encoder, cotangents);
  run(encoder, update, [backward.gradient.buffer, prepared.parameters.buffer], 1);
  device.queue.submit([encoder.finish()]);
  backward.dispose();
  solved.dispose();
}

const staging = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
const encoder = device.createCommandEncoder();
encoder.copyBufferToBuffer(prepared.parameters.buffer, 4 * at, staging, 0, 4);
device.queue.submit([encoder.finish()]);
await staging.mapAsync(GPUMapMode.READ);
console.log(`current ${new Float32Array(staging.getMappedRange())[0].toFixed(3)}`);
prepared.dispose();
engine.dispose();
