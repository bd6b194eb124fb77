/**
 * What files are called in the ZIP: as they were sent, as far as every system can unpack that, and no two alike.
 * `scalper/downloads/names.py` does the same; both are held to tests/data/safe_names.json.
 */

const LONGEST = 200; // Bytes of a segment: systems take 255, and a mark may follow.
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"|?*]/gu;
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])$/i; // Microsoft, "Naming Files, Paths, and Namespaces".
const EXTENSION = /^(.+?)(\.[^.]{1,10})$/su;

export class Names {
  /** Lower-case path → `{ path, folder }` as it was given first. */
  #taken = new Map();
  /** Lower-case path → the last number that it was marked with. */
  #marks = new Map();

  /** Returns a path of its own for a file that was sent under `name`; `fallback` where nothing of that is fit. */
  claim(name, fallback) {
    const segments = clean(name);
    const last = segments.pop() ?? fallback;
    const parent = segments.reduce((path, segment) => this.#place(path, segment, true), "");
    return this.#place(parent, last, false);
  }

  #place(parent, segment, folder) {
    const plain = join(parent, segment);
    for (let number = this.#marks.get(plain.toLowerCase()) ?? 1; ; number += 1) {
      const path = number === 1 ? plain : join(parent, mark(segment, number));
      const held = this.#taken.get(path.toLowerCase());
      if (held?.folder && folder) return held.path;
      if (held) continue;
      this.#taken.set(path.toLowerCase(), { path, folder });
      this.#marks.set(plain.toLowerCase(), number);
      return path;
    }
  }
}

function clean(name) {
  return name.normalize("NFC").replaceAll("\\", "/").split("/").map(cleanSegment).filter(Boolean);
}

function cleanSegment(segment) {
  const fit = segment.replace(UNFIT, "_").replace(/^ +|[. ]+$/g, "");
  const safe = RESERVED.test(fit.split(".")[0].trimEnd()) ? `_${fit}` : fit;
  const [stem, extension] = split(safe);
  let left = LONGEST - bytes(extension);
  let short = "";
  for (const letter of stem) {
    left -= bytes(letter);
    if (left < 0) break;
    short += letter;
  }
  return short + extension;
}

function mark(segment, number) {
  const [stem, extension] = split(segment);
  return `${stem} (${number})${extension}`;
}

function split(segment) {
  const [, stem, extension] = EXTENSION.exec(segment) ?? ["", segment, ""];
  return [stem, extension];
}

function join(parent, segment) {
  return parent ? `${parent}/${segment}` : segment;
}

function bytes(text) {
  return new TextEncoder().encode(text).length;
}
