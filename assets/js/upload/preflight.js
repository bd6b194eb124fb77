import { UNSEEN } from "./entries.js";
import { findSeries } from "./exams.js";
import { FINDINGS } from "./findings.js";

/** Has the chosen files looked at in a worker, notes on each entry what was found, and has some of them drawn. */
export class Preflight {
  #url;
  #worker = null;
  #entries;
  #asked = new Map();
  #series = new Map();
  #broken = false;
  /** Who waits for a picture, in the order in which they are drawn. */
  #awaited = [];

  constructor(workerUrl, entries) {
    this.#entries = entries;
    this.#url = workerUrl;
  }

  ask(entries) {
    this.#worker ??= this.#begun();
    for (const entry of entries) this.#asked.set(entry.key, entry);
    this.#worker.postMessage({ files: entries.map(({ key, path, file }) => ({ key, path, file })) });
  }

  /** Has a file drawn that was looked at: `{ bitmap }`, or why there is no picture, `{ none }`. */
  async draw(file) {
    if (this.#broken) return { none: "later" };
    return new Promise((resolve) => {
      this.#awaited.push(resolve);
      this.#worker.postMessage({ draw: file });
    });
  }

  /** Takes the files that were not looked at yet as they are. */
  skip() {
    for (const key of this.#asked.keys()) this.#note({ key, code: null });
  }

  startAfresh() {
    this.#asked.clear();
    this.#series.clear();
    this.#worker?.postMessage({ files: [], startAfresh: true });
  }

  /** The worker is loaded with the first files: a page that is only opened need not wait for it. */
  #begun() {
    const worker = new Worker(this.#url, { type: "module" });
    worker.onmessage = ({ data: { found = [], drawn } }) => {
      if (drawn) this.#awaited.shift()?.(drawn);
      else found.forEach((one) => this.#note(one));
    };
    // A look that cannot be had must not keep a file from being sent: the judge looks anyway.
    worker.onerror = () => {
      this.#broken = true;
      this.skip();
      for (const resolve of this.#awaited.splice(0)) resolve({ none: "later" });
    };
    return worker;
  }

  #note({ key, code, about, image = null, ...seen }) {
    const entry = this.#asked.get(key);
    if (!entry || !this.#asked.delete(key) || entry.state !== "checking") return;
    const leftOut = code && FINDINGS[code].leaveOut;
    this.#entries.change(entry, {
      state: leftOut ? "leftOut" : "ready",
      finding: code ? { code, about: FINDINGS[code].about?.(about) ?? "" } : null,
      ...UNSEEN,
      ...seen,
      series: image && findSeries(image, this.#series),
      number: image?.number ?? null,
    });
  }
}
