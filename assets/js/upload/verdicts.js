import { SessionEndedError } from "./errors.js";

const SOON = 2000;
const LATE = 15_000;

/** Asks the portal what became of the files that this page has sent, until each has its verdict. */
export class Verdicts {
  #portal;
  #entries;
  #uploadId = null;
  #pause = SOON;
  #timer = 0;

  constructor({ portal, entries }) {
    this.#portal = portal;
    this.#entries = entries;
  }

  /** A file more was sent: verdicts take seconds, so it looks soon again. */
  follow(uploadId) {
    this.#uploadId = uploadId;
    this.#pause = SOON;
    this.#timer ||= setTimeout(() => this.#look(), this.#pause);
  }

  startAfresh() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#uploadId = null;
  }

  async #look() {
    const asked = this.#uploadId;
    try {
      await this.#read(asked);
    } catch (error) {
      // Who is signed in again goes on by the next file, or by the receipt.
      if (!(error instanceof SessionEndedError)) throw error;
      this.#timer = 0;
      return;
    }
    if (asked !== this.#uploadId) return;
    this.#pause = Math.min(LATE, this.#pause * 1.5);
    this.#timer = this.#waiting().size > 0 ? setTimeout(() => this.#look(), this.#pause) : 0;
  }

  async #read(uploadId) {
    const waiting = this.#waiting();
    if (waiting.size === 0) return;
    for await (const files of this.#portal.announced(uploadId)) {
      for (const { file_id: fileId, state } of files) {
        const entry = waiting.get(fileId);
        if (!entry || state === "awaiting_upload") continue;
        this.#entries.change(entry, { verdict: state });
        waiting.delete(fileId);
      }
      if (waiting.size === 0) return;
    }
  }

  #waiting() {
    return new Map(this.#entries.in("sent").flatMap((one) => (one.verdict ? [] : [[one.fileId, one]])));
  }
}
