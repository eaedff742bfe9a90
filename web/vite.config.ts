/** The studio and the bench: static files that any host serves, from any folder. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/**
 * Scripts come from the site alone, and nothing is sent anywhere. Cells are compiled to JavaScript from a parsed
 * expression graph, which needs unsafe-eval; no text of a user's is ever evaluated.
 */
const policy =
  "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'";

const contentPolicy: Plugin = {
  name: "content security policy",
  apply: "build",
  transformIndexHtml: () => [
    { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy }, injectTo: "head-prepend" },
  ],
};

/** Comments and indentation of shaders are for readers. */
const bareShaders: Plugin = {
  name: "bare shaders",
  apply: "build",
  transform: {
    filter: { id: /\.wgsl\.ts$/ },
    handler: (code) => ({
      code: code
        .split("\n")
        .map((line) => line.replace(/^\s+/, "").replace(/(^|\s)\/\/ .*$/, ""))
        .filter(Boolean)
        .join("\n"),
      map: null,
    }),
  },
};

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(at("../package.json"), "utf8")) as { version: string };

/** Pages share memory with their workers, so that all cores compute where there is no GPU. */
const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  root: at("."),
  base: "./",
  plugins: [contentPolicy, bareShaders],
  define: { __VERSION__: JSON.stringify(version) },
  // The library lies beside this folder.
  server: { fs: { allow: [".."] }, headers: isolated },
  preview: { headers: isolated },
  worker: { format: "es", plugins: () => [bareShaders] },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    rolldownOptions: { input: ["index.html", "data.html", "bench.html", "bench-start.html"].map(at) },
  },
});
