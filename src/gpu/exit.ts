/**
 * Devices of Dawn at the end of a process. On `process.exit` the C library takes down SwiftShader's scheduler while its threads
 * may still run a kernel; one that then begins a workgroup with barriers locks a mutex that is gone, and the process dies
 * by SIGSEGV in place of its exit code. `destroy` waits for what was submitted, so no thread runs after it.
 */

/** Devices may be dropped undisposed: this keeps none of them. */
const devices = new Set<WeakRef<GPUDevice>>();
let listening = false;

function destroyAll(): void {
  for (const device of devices) device.deref()?.destroy();
}

/** Destroys a device when the process exits, if it is there still. */
export function destroyAtExit(device: GPUDevice): void {
  if (!listening) process.on("exit", destroyAll);
  listening = true;
  for (const known of devices) if (!known.deref()) devices.delete(known);
  const reference = new WeakRef(device);
  devices.add(reference);
  void device.lost.then(() => devices.delete(reference));
}
