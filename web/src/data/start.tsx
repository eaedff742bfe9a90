import { render } from "preact";
import { DataPage } from "./page.js";
import { begin } from "./store.js";

export function start(): void {
  const root = document.getElementById("app")!;
  root.replaceChildren();
  render(<DataPage />, root);
  begin();
}
