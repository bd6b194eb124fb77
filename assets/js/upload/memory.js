const PREFIX = "scalper-upload:";
const WRITE_AFTER = 500;
const FORGET = "scalper-forget-uploads";

/**
 * What this browser remembers of an unfinished upload, so that a closed tab can go on: the upload's id, the numbers of
 * the files that have gone, and how many were chosen. No name, no size, no byte of a file: clinics share computers, and
 * the portal knows the rest. One entry per user; forgotten when all is sent, and by everybody's sign-out.
 */
export class Memory {
  #key;
  #held;
  #timer = 0;
  #signedOut = false;

  constructor(user) {
    this.#key = PREFIX + user;
    this.#held = read(this.#key);
    globalThis.addEventListener("pagehide", () => this.#write());
    globalThis.addEventListener(FORGET, () => this.#end());
    new BroadcastChannel(FORGET).addEventListener("message", () => this.#end());
  }

  /** `{ uploadId, chosen, sent }`, or null. */
  get upload() {
    return this.#held;
  }

  /** `sent`: ids of files that have gone already. */
  begin(uploadId, chosen, sent) {
    // What was announced may be answered between the sign-out and the next page.
    if (this.#signedOut) return;
    this.#held = { uploadId, chosen, sent: new Set(sent.map(numberOf)) };
    this.#write();
  }

  chosen(count) {
    if (!this.#held) return;
    this.#held.chosen = count;
    this.#write();
  }

  sent(fileId) {
    this.#held?.sent.add(numberOf(fileId));
    this.#soon();
  }

  hasSent(fileId) {
    return this.#held?.sent.has(numberOf(fileId)) ?? false;
  }

  forget() {
    this.#held = null;
    this.#write();
  }

  #end() {
    this.#signedOut = true;
    this.forget();
  }

  #soon() {
    this.#timer ||= setTimeout(() => this.#write(), WRITE_AFTER);
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#held) return localStorage.removeItem(this.#key);
    const { uploadId, chosen, sent } = this.#held;
    return localStorage.setItem(this.#key, JSON.stringify({ uploadId, chosen, sent: Array.from(sent) }));
  }
}

/** Forgets everybody's unfinished uploads on this computer: in storage, on the page itself, and in other tabs. */
export function forgetUploads() {
  globalThis.dispatchEvent(new Event(FORGET));
  const tabs = new BroadcastChannel(FORGET);
  tabs.postMessage("signed out");
  tabs.close();
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}

function read(key) {
  try {
    const { uploadId, chosen, sent } = JSON.parse(localStorage.getItem(key) ?? "{}");
    return uploadId ? { uploadId, chosen, sent: new Set(sent) } : null;
  } catch {
    // Somebody else wrote there. The receipt still offers to send what is missing.
    return null;
  }
}

function numberOf(fileId) {
  return Number(fileId.slice(fileId.lastIndexOf("-") + 1));
}
