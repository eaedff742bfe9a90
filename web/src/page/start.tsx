import { render } from "preact";
import { App } from "./app.js";
import { begin } from "./state/begin.js";

export function start(): void {
  const root = document.getElementById("app")!;
  root.replaceChildren();
  render(<App />, root);
  void begin();
}
