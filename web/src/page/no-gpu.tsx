/** Which browsers have WebGPU, and what to do without. */
export function NoGpu({ advice, onCpu }: { advice?: string; onCpu(): void }) {
  return (
    <section class="notice warning no-gpu" role="alert">
      <div>
        <p>
          <strong>No WebGPU here.</strong>{" "}
          {!isSecureContext
            ? "Browsers offer it to secure pages only: open this one from https or from localhost."
            : "gpu" in navigator
              ? "This browser has it, but found no graphics adapter: a newer driver may help, and chrome://gpu says more."
              : "This browser does not have it."}{" "}
          These have:
        </p>
        <ul>
          <li>Chrome and Edge 113 or later on Windows, macOS and ChromeOS; 121 or later on Android.</li>
          <li>
            Chrome on Linux: start it with <code>--enable-unsafe-webgpu --enable-features=Vulkan</code>; without a GPU
            add <code>--use-webgpu-adapter=swiftshader</code>.
          </li>
          <li>Safari 26 or later. Firefox 141 or later on Windows, 145 on Macs with Apple silicon.</li>
        </ul>
        <p>Everything here also runs on the CPU, in double precision and slower. {advice}</p>
        <button type="button" class="primary" onClick={onCpu}>
          Go on with the CPU
        </button>
      </div>
    </section>
  );
}
