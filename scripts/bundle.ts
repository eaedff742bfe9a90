/**
 * Bundles of what tsc has written to dist. For browsers: the library as one file that a plain `<script type="module">` can
 * import, and the page in which `saltation bench --in chrome` runs. For Node: the library in a few
 * files that share their parts, as finding files takes most of the time of an import.
 */
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";

/**
 * A message in double quotes, or a sign with the spaces around it. Two signs that would become one (`- -x`, `f32> =`)
 * keep what parts them.
 */
const messageOrSign = /"[^"\n]*"|(?<![-+<>=&|*/%!]) ?(->|&&|\|\||[-+<>=*/%!]=|[-+<=&|*/%!,;:?({}]) ?(?![-+<>=&|*/%!])/g;

/** Lines after `}` stay: `#endif`, and what follows a condition, end with theirs. */
const bare = (source: string): string =>
  source
    .split("\n")
    .map((line) => line.replace(/^\s+/, "").replace(/(^|\s)\/\/.*$/, ""))
    .filter(Boolean)
    .join("\n")
    .replace(messageOrSign, (message, sign: string | undefined) => sign ?? message)
    .replace(/([{,;])\n/g, "$1");

/** Comments and spaces of shaders are for readers: without them the library is 7 % smaller. */
export const bareShaders: Plugin = {
  name: "bare shaders",
  setup(context) {
    context.onLoad({ filter: /\.wgsl\.[jt]s$/ }, ({ path }) => ({
      loader: path.endsWith(".ts") ? "ts" : "js",
      contents: bare(readFileSync(path, "utf8")),
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

const onDemand = /\bimport\("(\.[^"]+)"\)/g;

/**
 * What a page loads on demand is imported at once: of a first training step, to find and open 80 files takes the main thread 20 ms longer
 * than to read all of them in a few.
 */
const atOnce: Plugin = {
  name: "at once",
  setup(context) {
    context.onLoad({ filter: /dist.src.*\.js$/ }, ({ path }) => {
      const imports: string[] = [];
      const code = readFileSync(path, "utf8").replace(onDemand, (_, from: string) => {
        imports.push(`import * as demanded${imports.length} from "${from}";`);
        return `Promise.resolve(demanded${imports.length - 1})`;
      });
      return { loader: "js", contents: [...imports, code].join("\n") };
    });
  },
};

const forNode: BuildOptions = {
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  plugins: [bareShaders, atOnce],
  entryPoints: {
    index: "dist/src/index.js",
    data: "dist/src/data/index.js",
    nir: "dist/src/files/nir.js",
  },
  outdir: "dist/node",
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build({
    ...forBrowsers,
    entryPoints: ["dist/src/index.js"],
    outfile: "dist/saltation.js",
    banner: { js: "/* Saltation. MIT licence. Contains wgsl-preprocessor, MIT licence. */" },
  });
  // Names of parts change with what is in them.
  rmSync("dist/node", { recursive: true, force: true });
  await build(forNode);
  await build({ ...forBrowsers, entryPoints: ["dist/src/suites/driven.js"], outfile: "dist/bench-page.js" });
}
