import { render } from "preact";
import { comeBack } from "./keep.js";
import { DataPage } from "./page.js";

export function start(): void {
  const root = document.getElementById("app")!;
  root.replaceChildren();
  render(<DataPage />, root);
  void comeBack();
}
