/** The page: what is trained on the left, what comes of it on the right; one below the other on narrow screens. */

import { useEffect } from "preact/hooks";
import { paletteChanged } from "../plots/palette.js";
import { Notices } from "./notices.js";
import { useDroppedFile } from "./open-file.js";
import { Figures } from "./results/figures.js";
import { Readout } from "./results/readout.js";
import { Transport } from "./results/transport.js";
import { Equations } from "./setup/equations.js";
import { Exports } from "./setup/exports.js";
import { Parameters } from "./setup/parameters.js";
import { About, Picker } from "./setup/picker.js";
import { ObservedHints, RecordingPart } from "./setup/recording.js";
import { Training } from "./setup/training.js";
import { Versions } from "./setup/versions.js";
import { readFile } from "./state/open-file.js";
import { spoken } from "./state/spoken.js";
import { redo, undo } from "./state/work.js";
import { Theme } from "./theme.js";

export function App() {
  useDroppedFile((file) => void readFile(file));
  useEffect(() => {
    // In a field the keys take back what was typed there.
    const key = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.altKey) return;
      if (event.target instanceof Element && event.target.matches("input[type=text], textarea")) return;
      event.preventDefault();
      (event.shiftKey ? redo : undo)();
    };
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    document.addEventListener("keydown", key);
    scheme.addEventListener("change", paletteChanged);
    return () => {
      document.removeEventListener("keydown", key);
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
        <nav class="siblings" aria-label="Other pages">
          <a href="./data.html">Data</a>
          <a href="./bench.html">Bench</a>
        </nav>
        <Theme />
      </header>
      <main>
        <Notices />
        <div class="setup">
          <Picker />
          <About />
          <Versions />
          <RecordingPart />
          <ObservedHints />
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
