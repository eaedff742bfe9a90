import { render } from "preact";
import { Bench } from "./page.js";
import { findGpu } from "./store.js";

const root = document.getElementById("app")!;
root.replaceChildren();
render(<Bench />, root);
void findGpu();
