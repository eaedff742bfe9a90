/** Parts of the site that are loaded when they are needed, and are gone: it was published anew, or the network is down. */

/** Whether an import failed: browsers say it each in their own words. */
export const isStale = (error: unknown): boolean =>
  error instanceof Error &&
  /dynamically imported module|importing a module script failed|error loading .*module|unable to preload/i.test(
    error.message,
  );
