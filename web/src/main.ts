// Chromium under LANG=C calls its language "en-US@posix", which is no language tag: uPlot, which formats numbers by it,
// would fail as it is loaded.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}
const { start } = await import("./page/start.js");
start();
