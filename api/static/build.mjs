// Bundles the browser's scripts and styles: every file in src/ whose name does not begin with "_" is an entry.
//
// dist/NAME.js is an ES module, with what several entries share, and what is imported lazily, in chunks beside it;
// NAME-worker.js is a classic script in one piece, because not every browser takes modules as service workers.
// A file imported with its suffix (.wasm, .svg, .woff2) is copied, and the import is its address.
// dist/files.json maps every file to its SHA-256, for the service worker's cache and for addresses that never go stale.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const source = join(here, "src");
const finished = join(here, "dist");
const building = join(here, "dist.building");

const entries = readdirSync(source).filter((name) => /\.(js|css)$/.test(name) && !name.startsWith("_"));
const workers = entries.filter((name) => name.endsWith("-worker.js"));
const pages = entries.filter((name) => !workers.includes(name));

const common = {
  absWorkingDir: here,
  assetNames: "[name]-[hash]",
  bundle: true,
  chunkNames: "chunk-[hash]",
  external: ["/static/*"],
  legalComments: "linked",
  loader: { ".svg": "file", ".wasm": "file", ".woff2": "file" },
  logLevel: "warning",
  minify: true,
  outdir: building,
  publicPath: "/static/dist",
  target: ["chrome100", "firefox110", "safari16"],
};
const paths = (names) => names.map((name) => join(source, name));

rmSync(building, { recursive: true, force: true });
mkdirSync(building);
if (pages.length) await build({ ...common, entryPoints: paths(pages), format: "esm", splitting: true });
if (workers.length) await build({ ...common, entryPoints: paths(workers), format: "iife" });

const files = {};
for (const name of readdirSync(building).sort()) {
  files[name] = createHash("sha256").update(readFileSync(join(building, name))).digest("hex");
}
writeFileSync(join(building, "files.json"), JSON.stringify(files, null, 1));
rmSync(finished, { recursive: true, force: true });
renameSync(building, finished);
