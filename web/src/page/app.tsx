/** The page: what is trained on the left, what comes of it on the right; one below the other on narrow screens. */
import { useEffect } from "preact/hooks";
import { paletteChanged } from "../plots/palette.js";
import { Figures, Readout, Transport } from "./results.js";
import { About, Equations, Exports, JobError, Parameters, Picker, RecordingPart, Training } from "./setup.js";
import { dismiss, engine, engineProblem, notices, openEngine, readFile, spoken } from "./store.js";
import { Theme } from "./theme.js";

function Notices() {
  return (
    <div class="notices">
      {engineProblem.value !== undefined && !engine.value && <NoGpu />}
      {notices.value.map((n) => (
        <section key={n.id} class={`notice ${n.kind}`} role={n.kind === "info" ? "status" : "alert"}>
          <p>
            <strong>{n.title}.</strong> {n.text}
          </p>
          <button type="button" class="quiet" aria-label={`dismiss: ${n.title}`} onClick={() => dismiss(n.id)}>
            Dismiss
          </button>
        </section>
      ))}
    </div>
  );
}

/** Which browsers have WebGPU, and what to do without. */
function NoGpu() {
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
        <p>Everything here also runs on the CPU, in double precision and slower; fewer paths help.</p>
        <button type="button" class="primary" onClick={() => void openEngine("cpu")}>
          Go on with the CPU
        </button>
      </div>
    </section>
  );
}

export function App() {
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) void readFile(file);
    };
    document.addEventListener("dragover", over);
    document.addEventListener("drop", drop);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", paletteChanged);
    return () => {
      document.removeEventListener("dragover", over);
      document.removeEventListener("drop", drop);
      scheme.removeEventListener("change", paletteChanged);
    };
  }, []);
  return (
    <>
      <a class="skip" href="#controls">
        Skip to the training controls
      </a>
      <header class="masthead">
        <h1>
          Saltation <span>studio</span>
        </h1>
        <p class="motto">Exact gradients of spike times, in this tab.</p>
        <Theme />
      </header>
      <main>
        <Notices />
        <div class="setup">
          <Picker />
          <About />
          <RecordingPart />
          <JobError />
          <Equations />
          <Parameters />
          <Training />
          <Exports />
        </div>
        <div class="results" id="controls" tabIndex={-1}>
          <Transport />
          <Readout />
          <Figures />
        </div>
      </main>
      <p class="visually-hidden" role="status" aria-live="polite">
        {spoken.value}
      </p>
    </>
  );
}
