/**
 * Bundles for browsers, from what tsc has written to dist: the library as one file that a plain
 * `<script type="module">` can import, and the page in which `saltation bench --in chrome` runs.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";

/** Comments and indentation of shaders are for readers: without them the library is 5 % smaller. */
export const bareShaders: Plugin = {
  name: "bare shaders",
  setup(context) {
    context.onLoad({ filter: /\.wgsl\.[jt]s$/ }, ({ path }) => ({
      loader: path.endsWith(".ts") ? "ts" : "js",
      contents: readFileSync(path, "utf8")
        .split("\n")
        .map((line) => line.replace(/^\s+/, "").replace(/(^|\s)\/\/ .*$/, ""))
        .filter(Boolean)
        .join("\n"),
    }));
  },
};

export const forBrowsers: BuildOptions = {
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  plugins: [bareShaders],
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build({
    ...forBrowsers,
    entryPoints: ["dist/src/index.js"],
    outfile: "dist/saltation.js",
    banner: { js: "/* Saltation. MIT licence. Contains wgsl-preprocessor, MIT licence. */" },
  });
  await build({ ...forBrowsers, entryPoints: ["dist/src/suites/driven.js"], outfile: "dist/bench-page.js" });
}
