// What esbuild has to be told of the viewer's libraries, which are written for other bundlers.
import { readFile } from "node:fs/promises";

/** What Node alone has: codecs and an XML writer ask for it, in branches that no browser takes or for a class to extend. */
const OF_NODE = /^(?:fs|path|events|url)$/;
/** Where a codec's WebAssembly lies is told by `new URL("package/file", import.meta.url)`, which esbuild leaves alone. */
const DECODERS = /dicom-image-loader[\\/]dist[\\/]esm[\\/]shared[\\/]decoders[\\/]decode\w+\.js$/;
const WASM = /new URL\('(@cornerstonejs\/codec-[\w-]+\/\w*wasm)', import\.meta\.url\)/;
/** What is measured gets its style by an attribute, which the page's Content-Security-Policy forbids, and not the script's. */
const TEXT_BOX = /tools[\\/]dist[\\/]esm[\\/]drawingSvg[\\/]drawTextBox\.js$/;
const STYLED = ".setAttribute('style', combinedStyle)";

export const cornerstone = {
  name: "cornerstone",
  setup(build) {
    build.onResolve({ filter: OF_NODE }, ({ path }) => ({ path, namespace: "node-only" }));
    build.onLoad({ filter: /./, namespace: "node-only" }, () => ({ contents: "exports.EventEmitter = class {};" }));
    build.onLoad({ filter: DECODERS }, async ({ path: file }) => {
      const source = await readFile(file, "utf8");
      const [, module] = WASM.exec(source) ?? [];
      if (!module) return { contents: source };
      return { contents: `import wasmFile from "${module}";\n${source.replace(WASM, "new URL(wasmFile, import.meta.url)")}` };
    });
    build.onLoad({ filter: TEXT_BOX }, async ({ path: file }) => {
      const source = await readFile(file, "utf8");
      if (!source.includes(STYLED)) throw new Error(`${file} no longer says ${STYLED}`);
      return { contents: source.replace(STYLED, ".style.cssText = combinedStyle") };
    });
  },
};
