// Chromium under LANG=C calls its language "en-US@posix", which is no language tag: uPlot, which formats numbers by it,
// would fail as it is loaded.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}

/** The page itself, once more after a pause where it cannot be loaded, and then a way out. */
async function start(again = true): Promise<void> {
  try {
    (await import("./page/start.js")).start();
  } catch (error) {
    if (again) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return start(false);
    }
    const opening = document.querySelector(".opening");
    if (!opening) throw error;
    opening.textContent =
      "A part of this page could not be loaded: the site was published anew meanwhile, or the connection is down. What " +
      "was kept in this browser is still there. ";
    const reload = document.createElement("button");
    reload.textContent = "Reload";
    reload.onclick = () => location.reload();
    opening.append(reload);
  }
}
await start();
