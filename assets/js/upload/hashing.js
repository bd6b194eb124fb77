import { UnreadableFileError } from "./errors.js";

const WORKERS = 2;

/** Hashes blobs in a few workers, each one at a time, so that neither the page nor its memory suffers. */
export class Hasher {
  #url;
  #idle = null;
  #waiting = [];

  constructor(workerUrl) {
    this.#url = workerUrl;
  }

  /** Returns 64 lower-case hexadecimal digits. */
  async sha256(blob) {
    this.#idle ??= Array.from({ length: WORKERS }, () => new Worker(this.#url, { type: "module" }));
    const worker = this.#idle.pop() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
    try {
      return await ask(worker, blob);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(worker);
      else this.#idle.push(worker);
    }
  }
}

function ask(worker, blob) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error ? reject(new UnreadableFileError()) : resolve(data.sha256));
    worker.onerror = () => reject(new UnreadableFileError());
    worker.postMessage({ blob });
  });
}
