import { FINDINGS } from "./findings.js";

/** Has the chosen files looked at in a worker, and notes on each entry what was found. */
export class Preflight {
  #url;
  #worker = null;
  #entries;
  #asked = new Map();

  constructor(workerUrl, entries) {
    this.#entries = entries;
    this.#url = workerUrl;
  }

  ask(entries) {
    this.#worker ??= this.#begun();
    for (const entry of entries) this.#asked.set(entry.key, entry);
    this.#worker.postMessage({ files: entries.map(({ key, path, file }) => ({ key, path, file })) });
  }

  /** Takes the files that were not looked at yet as they are. */
  skip() {
    for (const key of this.#asked.keys()) this.#note({ key, code: null });
  }

  startAfresh() {
    this.#asked.clear();
    this.#worker?.postMessage({ files: [], startAfresh: true });
  }

  /** The worker is loaded with the first files: a page that is only opened need not wait for it. */
  #begun() {
    const worker = new Worker(this.#url, { type: "module" });
    worker.onmessage = ({ data }) => data.forEach((found) => this.#note(found));
    // A look that cannot be had must not keep a file from being sent: the judge looks anyway.
    worker.onerror = () => this.skip();
    return worker;
  }

  #note({ key, code, about, sha256 = null, images = null, instance = null, contents = null }) {
    const entry = this.#asked.get(key);
    if (!entry || !this.#asked.delete(key) || entry.state !== "checking") return;
    const leftOut = code && FINDINGS[code].leaveOut;
    this.#entries.change(entry, {
      state: leftOut ? "leftOut" : "ready",
      finding: code ? { code, about: FINDINGS[code].about?.(about) ?? "" } : null,
      sha256,
      images,
      instance,
      contents,
    });
  }
}
