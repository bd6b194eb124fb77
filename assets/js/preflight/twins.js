import { digest } from "../digest.js";

/** Larger files are compared by samples: reading them whole would take longer than sending one of them twice. */
const COMPARED_WHOLE = 64 * 1024 * 1024;
const SAMPLE = 256 * 1024;

/** Finds files with the same bytes: of the same size, then with the same head, and only then by SHA-256. */
export class Twins {
  #seen = new Map();

  /** Returns the file, `{ path, … }`, that has the same bytes as `one`, or null where `one` is the first of its kind. */
  async of(one) {
    const key = `${one.file.size}|${one.head}`;
    const alike = this.#seen.get(key);
    if (!alike) {
      this.#seen.set(key, [one]);
      return null;
    }
    for (const other of alike) if ((await content(other)) === (await content(one))) return other;
    alike.push(one);
    return null;
  }
}

/** What stands for all of a file's bytes. The head does, where it is the whole file. */
function content(one) {
  one.content ??= one.sha256 ? Promise.resolve(one.sha256) : wholeOrSampled(one);
  return one.content;
}

async function wholeOrSampled(one) {
  const { file } = one;
  if (file.size <= COMPARED_WHOLE) {
    one.sha256 = await digest(await file.arrayBuffer());
    return one.sha256;
  }
  const middle = Math.floor(file.size / 2);
  const samples = new Blob([file.slice(middle, middle + SAMPLE), file.slice(-SAMPLE)]);
  return digest(await samples.arrayBuffer());
}
