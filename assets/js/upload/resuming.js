/**
 * The files of an unfinished upload, as the portal tells them, and which of the files that are chosen again they are:
 * by path and size or, where the path differs, by name, size and content. That the bytes are the same is not taken on
 * trust: S3 refuses any but those announced, and of a large file the parts that it holds are compared.
 */
export class Unfinished {
  #byPath = new Map();
  #byName = new Map();
  #hasher;
  /** How many files had arrived before this page was opened. */
  arrived = 0;

  constructor(hasher) {
    this.#hasher = hasher;
  }

  /** Takes in `{ name, size, sha256, entry }`; `entry` is the file's own on this page, or null where it is sent. */
  add(file) {
    if (!file.entry) this.arrived += 1;
    collect(this.#byPath, `${file.name}|${file.size}`, file);
    collect(this.#byName, `${baseOf(file.name)}|${file.size}`, file);
  }

  /** Returns which of them was chosen, or null where it is none. */
  async match({ path, file }) {
    const [exact] = open(this.#byPath.get(`${path}|${file.size}`));
    const match = exact ?? (await this.#renamed(path, file));
    if (!match) return null;
    match.matched = true;
    return match;
  }

  /** Every series has an `IM0001`, and most are of one size: away from its path, a file is known by its content. */
  async #renamed(path, file) {
    const alike = open(this.#byName.get(`${baseOf(path)}|${file.size}`));
    const sha256 = alike.some((one) => one.sha256) ? await this.#hasher.sha256(file) : null;
    return alike.find((one) => (one.sha256 ? one.sha256 === sha256 : one.entry));
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
