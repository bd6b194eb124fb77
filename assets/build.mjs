// Builds the portal's styles and scripts into assets/dist, and a manifest from each asset's plain name to its
// content-hashed one. Run by `npm run build`; `npm run watch` builds again on change.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { compileAsync } from "sass";
import { cornerstone } from "./cornerstone.mjs";
import { findClasses, prune } from "./pruning.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(here, "..", "node_modules");
const dist = path.join(here, "dist");
const watching = process.argv.includes("--watch");
// Whoever watches may name another class at any moment.
const named = watching ? null : await findClasses([path.join(here, "..", "templates"), path.join(here, "js")]);

const ENTRIES = [
  "css/app.scss",
  "css/upload.scss",
  "css/dashboard.scss",
  "css/admin.scss",
  "css/retrieval.scss",
  "css/board.scss",
  "css/file.scss",
  "css/landing.scss",
  "css/settings.scss",
  "css/trial.scss",
  "css/explorer.scss",
  "css/viewer.scss",
  "js/app.js",
  "js/upload.js",
  "js/drop.js",
  "js/hash-worker.js",
  "js/preflight-worker.js",
  "js/dashboard.js",
  "js/retrieval.js",
  "js/shared.js",
  "js/swagger.js",
  "js/texts-de.js",
  "js/viewer.js",
  "js/viewer-decoder.js",
];

// The API explorer keeps its own file names: its style sheet and bundle are used as they were released.
const SWAGGER = ["swagger-ui.css", "swagger-ui-bundle.js", "LICENSE", "NOTICE"];

const scss = {
  name: "scss",
  setup(build) {
    build.onLoad({ filter: /\.scss$/ }, async ({ path: file }) => {
      const { css, loadedUrls } = await compileAsync(file, {
        loadPaths: [modules],
        quietDeps: true,
        silenceDeprecations: ["import"],
      });
      const watchFiles = loadedUrls.filter((url) => url.protocol === "file:").map((url) => fileURLToPath(url));
      return { contents: named ? prune(css, named) : css, loader: "css", resolveDir: path.dirname(file), watchFiles };
    });
  },
};

const manifest = {
  name: "manifest",
  setup(build) {
    build.onEnd(async ({ metafile }) => {
      if (!metafile) return;
      const names = { ...bundled(metafile), ...(await copied()) };
      await writeFile(path.join(dist, "manifest.json"), `${JSON.stringify(names, null, 2)}\n`);
    });
  },
};

function bundled(metafile) {
  const names = {};
  for (const [output, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (!entryPoint) continue;
    const plain = path.basename(entryPoint).replace(/\.scss$/, ".css");
    names[plain] = path.relative(dist, path.resolve(output));
  }
  return names;
}

async function copied() {
  const names = {};
  for (const file of await readdir(path.join(here, "images"))) {
    const content = await readFile(path.join(here, "images", file));
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 8);
    const { name, ext } = path.parse(file);
    names[`images/${file}`] = `images/${name}-${hash}${ext}`;
    await mkdir(path.join(dist, "images"), { recursive: true });
    await writeFile(path.join(dist, "images", `${name}-${hash}${ext}`), content);
  }
  for (const file of SWAGGER) {
    await cp(path.join(modules, "swagger-ui-dist", file), path.join(dist, "swagger-ui", file));
    names[`swagger-ui/${file}`] = `swagger-ui/${file}`;
  }
  return names;
}

const options = {
  entryPoints: ENTRIES.map((entry) => path.join(here, entry)),
  outdir: dist,
  entryNames: "[name]-[hash]",
  assetNames: "media/[name]-[hash]",
  bundle: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: ["chrome111", "firefox114", "safari16.4"],
  loader: { ".woff2": "file", ".svg": "file", ".wasm": "file" },
  legalComments: "linked",
  logLevel: "warning",
  plugins: [scss, cornerstone, manifest],
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
if (watching) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
}
