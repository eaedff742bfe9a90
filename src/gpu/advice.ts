/** What to do where there is no adapter, or no GPU: loaded when it is wanted. */
import { inDeno, inNode } from "./runtime.js";

/** What to do where no adapter was found, by platform. */
export function adapterAdvice(): string {
  if (inDeno()) return "Deno finds the GPU by its driver: install the vendor's; or use backend cpu";
  if (inNode()) {
    return (
      `install the optional packages (npm install, without --omit=optional): webgpu ${driverAdvice()}` +
      (hasSoftware() ? "; @sparticuz/chromium brings a software adapter that needs no driver" : "") +
      "; or use --backend cpu"
    );
  }
  if (typeof isSecureContext !== "undefined" && !isSecureContext) {
    return "browsers offer WebGPU to secure pages only: serve this page from https or from localhost";
  }
  if (typeof navigator !== "undefined" && "gpu" in navigator) {
    return (
      "this browser has WebGPU but found no adapter: update the graphics driver and see chrome://gpu; Chrome on Linux " +
      "may need --enable-unsafe-webgpu --enable-features=Vulkan, and --use-webgpu-adapter=swiftshader runs on the CPU"
    );
  }
  return "this browser has no WebGPU: use Chrome or Edge 113, Safari 26 or Firefox 141, or later";
}

const hasSoftware = (): boolean => process.platform === "linux" && process.arch === "x64";

function driverAdvice(): string {
  switch (process.platform) {
    case "darwin":
      return "finds the GPU through Metal, which macOS has";
    case "win32":
      return "finds the GPU through D3D12: update the graphics driver";
    default:
      return (
        "finds the GPU through Vulkan: install the vendor's driver, or on Debian and Ubuntu libvulkan1 and " +
        "mesa-vulkan-drivers; vulkaninfo --summary must list the GPU"
      );
  }
}

/** What to do where there is no GPU. */
export function softwareAdvice(): string {
  const faster = "the processor gives the same results more slowly";
  return inNode() && !inDeno() ? `${faster}; for a GPU: webgpu ${driverAdvice()}` : faster;
}
