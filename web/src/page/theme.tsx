/** Light, dark, or as the system says. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { paletteChanged } from "../plots/palette.js";

type Choice = "system" | "light" | "dark";
const choices: readonly Choice[] = ["system", "light", "dark"];

function remembered(): Choice {
  try {
    const kept = localStorage.getItem("saltation-theme");
    return choices.includes(kept as Choice) ? (kept as Choice) : "system";
  } catch {
    return "system"; // storage may be shut
  }
}

const theme = signal<Choice>(remembered());

export function Theme() {
  const choice = theme.value;
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", paletteChanged);
    return () => scheme.removeEventListener("change", paletteChanged);
  }, []);
  useEffect(() => {
    const root = document.documentElement;
    if (choice === "system") delete root.dataset.theme;
    else root.dataset.theme = choice;
    try {
      localStorage.setItem("saltation-theme", choice);
    } catch {
      // not remembered, then
    }
    paletteChanged();
  }, [choice]);
  return (
    <div class="theme">
      <label for="theme" class="visually-hidden">
        Colours
      </label>
      <select
        id="theme"
        title="Colours"
        value={choice}
        onChange={(event) => (theme.value = event.currentTarget.value as Choice)}
      >
        <option value="system">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </div>
  );
}
