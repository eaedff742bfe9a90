/** How a page opens. */

/**
 * Chromium under LANG=C calls its language "en-US@posix", which is no language tag: uPlot, which formats numbers by it, would fail
 * as it is loaded.
 */
function mendLanguage(): void {
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: "en-US" });
  }
}

/** Loads a page and starts it, once more after a pause where it cannot be loaded, and then shows a way out. */
export async function open(load: () => Promise<{ start(): void }>, again = true): Promise<void> {
  mendLanguage();
  try {
    (await load()).start();
  } catch (error) {
    if (again) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return open(load, false);
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
