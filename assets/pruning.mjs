// Leaves out of a style sheet the rules of nhsuk-frontend for what no page shows: a third of what each page would load.
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

const PART = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\*[^]*?\*\/|[{};]/g;

/** Returns the classes of nhsuk-frontend that the files below these folders name. */
export async function findClasses(folders, extension = /\.(?:html|js)$/) {
  const named = new Set();
  for (const folder of folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !extension.test(entry.name)) continue;
      const text = await readFile(path.join(entry.parentPath, entry.name), "utf8");
      for (const [name] of text.matchAll(/nhsuk-[\w-]+/g)) named.add(name);
    }
  }
  return named;
}

/** Returns a style sheet without rules whose every selector needs a class of nhsuk-frontend that is not `named`. */
export function prune(css, named) {
  const [kept, rest] = pruneRules(css, 0, named);
  if (rest !== css.length) throw new Error(`a brace closes nothing, at ${rest}`);
  return kept;
}

/** Returns the rules up to the brace that closes this block, and the place of that brace. */
function pruneRules(css, start, named) {
  let kept = "";
  let from = start;
  PART.lastIndex = start;
  for (let part = PART.exec(css); part; part = PART.exec(css)) {
    if (part[0] === ";") {
      kept += css.slice(from, PART.lastIndex);
      from = PART.lastIndex;
    } else if (part[0] === "}") {
      return [kept + css.slice(from, part.index), part.index];
    } else if (part[0] === "{") {
      const [body, end] = pruneRules(css, PART.lastIndex, named);
      const head = pruneSelectors(css.slice(from, part.index), named);
      if (head && body.trim()) kept += `${head}{${body}}`;
      from = end + 1;
      PART.lastIndex = from;
    }
  }
  return [kept + css.slice(from), css.length];
}

/** Returns the selectors of a rule that some page may show; what begins with an @ is none. */
function pruneSelectors(head, named) {
  const bare = head.replace(/\/\*[^]*?\*\//g, "");
  if (bare.trim().startsWith("@")) return head;
  return bare
    .split(/,(?![^(]*\))/)
    .filter((selector) => needed(selector).every((name) => named.has(name)))
    .join(",");
}

/** Returns the classes of nhsuk-frontend without which a selector matches nothing. */
function needed(selector) {
  const certain = selector.replace(/:(?:not|is|where)\((?:[^()]|\([^()]*\))*\)/g, "");
  return [...certain.matchAll(/\.(nhsuk-[\w-]+)/g)].map(([, name]) => name);
}
