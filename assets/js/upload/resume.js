import { gettext } from "../language.js";
import { RefusedError } from "./errors.js";
import { counted, number, size } from "./words.js";

/** The portal's state of a file that was given up: it did not come in time, or its sender said that it would not. */
const GIVEN_UP = "expired";

/**
 * Asks the portal what was announced of an upload, and adds an entry for each file that is awaited. Returns
 * `{ unfinished, announced, text }`, or null where nothing is left to do, or the upload is not this user's to see.
 */
export async function findUnsent(uploadId, { portal, entries, memory, hasher }) {
  const remembered = memory.upload?.uploadId === uploadId ? memory.upload.chosen : 0;
  const unfinished = new Unfinished(hasher);
  try {
    for await (const files of portal.announced(uploadId)) {
      for (const file of files) {
        // What is given up is announced anew where it is chosen again, like a file that never was.
        if (file.state === GIVEN_UP) unfinished.addGivenUp(file);
        else unfinished.add({ ...file, entry: isSent(file, memory) ? null : addNeeded(file, entries) });
      }
    }
  } catch (error) {
    if (error instanceof RefusedError) return null;
    throw error;
  }
  const needed = { files: entries.count("needed"), bytes: entries.bytes("needed") };
  const { arrived, givenUp } = unfinished;
  const announced = arrived + needed.files + givenUp;
  const unannounced = Math.max(0, remembered - announced);
  if (needed.files + givenUp + unannounced === 0) return null;
  return { unfinished, announced, text: describeRest({ arrived, needed, givenUp, unannounced }) };
}

function isSent({ file_id: fileId, state }, memory) {
  return state !== "awaiting_upload" || memory.hasSent(fileId);
}

function addNeeded({ file_id: fileId, name, size: bytes }, entries) {
  return entries.add({ path: name, size: bytes, file: null, state: "needed", fileId, chosenAgain: true });
}

function describeRest({ arrived, needed, givenUp, unannounced }) {
  const all = arrived + needed.files + givenUp + unannounced;
  const text = [gettext("{count} of {files} have arrived.", { count: number(arrived), files: counted(all, "file") })];
  if (needed.files > 0) {
    const left = { files: counted(needed.files, "file"), size: size(needed.bytes) };
    text.push(gettext("Listed below: {files} ({size}) still needed.", left));
  }
  if (givenUp > 0) {
    const files = counted(givenUp, "file");
    text.push(gettext("Given up, or not received in time: {files}. To send them anew, choose them again.", { files }));
  }
  if (unannounced > 0) {
    const files = counted(unannounced, "more file");
    text.push(gettext("You had chosen {files}, but we do not know their names.", { files }));
  }
  return text.join(" ");
}

/**
 * The files of an unfinished upload, as the portal tells them, and which of the files that are chosen again they are:
 * by path and size or, where the path differs, by name, size and content. That the bytes are the same is not taken on
 * trust: S3 refuses any but those announced, and of a large file the parts that it holds are compared.
 */
export class Unfinished {
  #byPath = new Map();
  #byName = new Map();
  #givenUp = new Set();
  #hasher;
  /** How many files had arrived before this page was opened. */
  arrived = 0;

  constructor(hasher) {
    this.#hasher = hasher;
  }

  /** Takes in `{ name, size, sha256, entry }`; `entry` is the file's own on this page, or null where it is sent. */
  add(file) {
    if (!file.entry) this.arrived += 1;
    addTo(this.#byPath, `${file.name}|${file.size}`, file);
    addTo(this.#byName, `${readBaseName(file.name)}|${file.size}`, file);
  }

  addGivenUp({ name, size }) {
    this.#givenUp.add(`${name}|${size}`);
  }

  /** How many files were given up and not announced anew since. */
  get givenUp() {
    return Array.from(this.#givenUp).filter((file) => !this.#byPath.has(file)).length;
  }

  /** Returns which of them was chosen, or null where it is none. */
  async match({ path, file }) {
    const [exact] = listOpen(this.#byPath.get(`${path}|${file.size}`));
    const match = exact ?? (await this.#renamed(path, file));
    if (!match) return null;
    match.matched = true;
    return match;
  }

  /** Every series has an `IM0001`, and most are of one size: away from its path, a file is known by its content. */
  async #renamed(path, file) {
    const alike = listOpen(this.#byName.get(`${readBaseName(path)}|${file.size}`));
    const sha256 = alike.some((one) => one.sha256) ? await this.#hasher.sha256(file) : null;
    return alike.find((one) => (one.sha256 ? one.sha256 === sha256 : one.entry));
  }
}

function addTo(map, key, file) {
  const there = map.get(key);
  if (there) there.push(file);
  else map.set(key, [file]);
}

function listOpen(files = []) {
  return files.filter((file) => !file.matched);
}

function readBaseName(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}
