/** Which browsers have WebGPU, and what to do without. */
function WhoHasIt() {
  return (
    <>
      <p>
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
          Chrome on Linux: start it with <code>--enable-unsafe-webgpu --enable-features=Vulkan</code>; without a GPU add{" "}
          <code>--use-webgpu-adapter=swiftshader</code>.
        </li>
        <li>Safari 26 or later. Firefox 141 or later on Windows, 145 on Macs with Apple silicon.</li>
      </ul>
    </>
  );
}

/** A page that runs all the same. */
export function WithoutGpu() {
  return (
    <details class="no-gpu">
      <summary>
        <strong>No GPU here.</strong> The processor computes,{" "}
        {crossOriginIsolated ? "on all its cores" : "on one core, as this site does not isolate its pages (COOP, COEP)"}
        : slower, with the same results to rounding.
      </summary>
      <WhoHasIt />
    </details>
  );
}

/** A page that waits for the user. */
export function NoGpu({ onCpu }: { onCpu(): void }) {
  return (
    <section class="notice warning no-gpu" role="alert">
      <div>
        <p>
          <strong>No WebGPU here.</strong>
        </p>
        <WhoHasIt />
        <p>Everything here also runs on the processor, slower.</p>
        <button type="button" class="primary" onClick={onCpu}>
          Go on with the CPU
        </button>
      </div>
    </section>
  );
}
