import { announce, WHOLE_AT_MOST } from "./announcing.js";
import { RefusedError, SessionEndedError } from "./errors.js";
import { Sending } from "./sending.js";

const CONNECTIONS = 5;
const GROUP = 200;
const GROUP_BYTES = 256 * 1024 * 1024;
/** So few announced and unsent files, and the next ones are announced: their signatures live for minutes only. */
const ENOUGH_ANNOUNCED = 200;

/**
 * Sends entries. They are announced in groups, so that the first bytes go while later files are still being hashed, and
 * each goes by the requests that the portal signed, a few at a time.
 */
export class Uploader {
  #entries;
  #portal;
  #hasher;
  #on;
  #unannounced = new Set();
  #announced = new Set();
  #active = new Map();
  #announcing = false;
  #paused = false;
  #uploadId = null;

  /** `on`: `{ facts(), begun(uploadId), moved(bytes), sent(entry), sessionEnded(), idle() }`. */
  constructor({ entries, portal, hasher, on }) {
    this.#entries = entries;
    this.#portal = portal;
    this.#hasher = hasher;
    this.#on = on;
  }

  get paused() {
    return this.#paused;
  }

  get uploadId() {
    return this.#uploadId;
  }

  /** Goes on with an upload; without any, the next files begin one. */
  join(uploadId = null) {
    this.#uploadId = uploadId;
  }

  send(entries) {
    for (const entry of entries) {
      this.#entries.change(entry, { state: "queued", trouble: "" });
      // One whose last try is still being called off follows when that is done.
      if (!this.#active.has(entry)) (entry.fileId ? this.#announced : this.#unannounced).add(entry);
    }
    this.#pump();
  }

  pause(entry) {
    this.#stop(entry, "paused");
  }

  /** The receipt then waits for them no longer. */
  cancel(entries) {
    for (const entry of entries) this.#stop(entry, "cancelled");
    this.#withdraw(entries.map((entry) => entry.fileId).filter(Boolean));
  }

  pauseAll() {
    this.#paused = true;
    for (const entry of this.#entries.in("queued", "sending")) this.#stop(entry, "paused");
  }

  /** Raises SessionEndedError. */
  async resumeAll() {
    await this.#portal.renew();
    this.#paused = false;
    this.send(this.#entries.in("paused"));
  }

  cancelAll() {
    this.cancel(this.#entries.in("queued", "sending", "paused", "failed"));
    this.#paused = false;
  }

  async #withdraw(fileIds) {
    try {
      await this.#portal.withdraw(fileIds);
    } catch (error) {
      // Then they are given up a day after they were announced.
      if (!(error instanceof RefusedError)) throw error;
    }
  }

  #stop(entry, state) {
    this.#unannounced.delete(entry);
    this.#announced.delete(entry);
    this.#entries.change(entry, { state });
    this.#active.get(entry)?.abort();
    this.#pump();
  }

  #pump() {
    while (!this.#paused && this.#active.size < CONNECTIONS && this.#announced.size > 0) {
      this.#run(first(this.#announced));
    }
    if (!this.#paused && !this.#announcing && this.#announced.size < ENOUGH_ANNOUNCED && this.#unannounced.size > 0) {
      this.#announce();
    }
    if (this.#active.size === 0 && !this.#announcing) this.#on.idle();
  }

  async #announce() {
    this.#announcing = true;
    const group = groupOf(this.#unannounced);
    try {
      this.#uploadId = await announce(group, {
        portal: this.#portal,
        hasher: this.#hasher,
        uploadId: this.#uploadId,
        facts: this.#on.facts,
        failed: (entry, error) => this.#failed(entry, error),
      });
      if (this.#uploadId) this.#on.begun(this.#uploadId);
    } finally {
      this.#announcing = false;
    }
    // Who was paused or cancelled meanwhile is not to be sent now.
    for (const entry of group) if (entry.fileId && entry.state === "queued") this.#announced.add(entry);
    this.#withdraw(group.filter((entry) => entry.fileId && entry.state === "cancelled").map((entry) => entry.fileId));
    this.#pump();
  }

  async #run(entry) {
    this.#announced.delete(entry);
    const controller = new AbortController();
    this.#active.set(entry, controller);
    this.#entries.change(entry, { state: "sending" });
    try {
      await this.#sending(entry).run(controller.signal);
      this.#entries.change(entry, { state: "sent", sent: entry.size, file: null });
      this.#on.sent(entry);
    } catch (error) {
      // Whoever aborted it has said what became of it.
      if (!controller.signal.aborted) this.#failed(entry, error);
    } finally {
      this.#active.delete(entry);
      if (entry.state === "queued") this.#announced.add(entry);
    }
    this.#pump();
  }

  #sending(entry) {
    const { plan } = entry;
    // A large file first tells how much of it S3 holds already: that was not sent now.
    let before = entry.size > WHOLE_AT_MOST ? null : 0;
    // A plan serves once: what S3 holds of the file changes while it is sent.
    entry.plan = null;
    return new Sending({
      portal: this.#portal,
      hasher: this.#hasher,
      fileId: entry.fileId,
      blob: entry.file,
      plan,
      chosenAgain: entry.chosenAgain,
      onProgress: (sent) => {
        if (before !== null && sent > before) this.#on.moved(sent - before);
        before = sent;
        if (entry.state === "sending") this.#entries.change(entry, { sent: Math.min(sent, entry.size) });
      },
    });
  }

  #failed(entry, error) {
    if (error instanceof SessionEndedError && entry.state !== "cancelled") {
      this.#entries.change(entry, { state: "paused" });
      this.pauseAll();
      this.#on.sessionEnded();
      return;
    }
    this.#entries.change(entry, { state: "failed", trouble: error.message });
  }
}

function first(set) {
  return set.values().next().value;
}

/** Takes up to 200 files and about 256 MiB that are to be hashed out of `waiting`, in the order of selection. */
function groupOf(waiting) {
  const group = [];
  let bytes = 0;
  for (const entry of waiting) {
    const hashed = entry.sha256 || entry.size > WHOLE_AT_MOST ? 0 : entry.size;
    if (group.length > 0 && (group.length >= GROUP || bytes + hashed > GROUP_BYTES)) break;
    waiting.delete(entry);
    group.push(entry);
    bytes += hashed;
  }
  return group;
}
