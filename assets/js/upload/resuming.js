/**
 * The files of an unfinished upload, as the portal tells them, and which of the files that are chosen again they are:
 * by path and size or, for files chosen without their folder, by name and size. That the bytes are the same is not
 * taken on trust: S3 refuses any but those announced, and of a large file the parts that it holds are compared.
 */
export class Unfinished {
  #byPath = new Map();
  #byName = new Map();
  #hasher;

  constructor(hasher) {
    this.#hasher = hasher;
  }

  /** Takes in `{ name, size, sha256, entry }`; `entry` is the file's own on this page, or null where it is sent. */
  add(file) {
    collect(this.#byPath, `${file.name}|${file.size}`, file);
    collect(this.#byName, `${baseOf(file.name)}|${file.size}`, file);
  }

  /** Returns which of them was chosen, or null where it is none. */
  async match({ path, file }) {
    const exact = open(this.#byPath.get(`${path}|${file.size}`));
    const found = exact.length > 0 ? exact : open(this.#byName.get(`${baseOf(path)}|${file.size}`));
    const match = found.length > 1 ? await this.#same(found, file) : found[0];
    if (!match) return null;
    match.matched = true;
    return match;
  }

  /** Several series hold an `IM0001` of the same size: their content tells them apart. */
  async #same(found, file) {
    const sha256 = found.every((one) => one.sha256) ? await this.#hasher.sha256(file) : null;
    return found.find((one) => one.sha256 === sha256) ?? (sha256 ? null : found[0]);
  }
}

function collect(map, key, file) {
  const there = map.get(key);
  if (there) there.push(file);
  else map.set(key, [file]);
}

function open(files = []) {
  return files.filter((file) => !file.matched);
}

function baseOf(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}
