import { gettext } from "../language.js";
import { PassingError, RefusedError, SessionEndedError } from "../upload/errors.js";
import { retry } from "../upload/retry.js";

const BUSY = new Set([408, 425, 429, 500, 502, 503, 504]);

/** An address that lapses sooner is asked for anew; where the clocks differ, storage's refusal tells of it. */
const MARGIN = 60_000;

/** What is to be taken out, as the portal lists it: files with addresses of storage, which live for minutes. */
export class Listing {
  /** Each with its `place` as it was listed. */
  files = [];
  /** Files that are not to be had, `{ file_id, name, reason }`. */
  leftOut = [];
  #address;
  #wanted;
  #renewals = new Map();

  /** `wanted`: `{ series?, files?, viewing? }`. */
  constructor(address, wanted) {
    this.#address = address;
    this.#wanted = wanted;
  }

  get bytes() {
    return this.files.reduce((sum, file) => sum + file.size, 0);
  }

  /** Reads all pages; the portal notes it once. `told` hears how many files are known, of how many. */
  async read(signal, told) {
    let cursor = "";
    do {
      const page = await this.#ask(cursor, signal);
      const known = this.files.length;
      this.files.push(...page.files.map((file, at) => ({ ...file, page: page.here, place: known + at })));
      this.leftOut.push(...page.left_out);
      told(this.files.length, page.count);
      cursor = page.next;
    } while (cursor);
    // In the order in which they were sent: the names that doubles get are the same each time, and the client's.
    this.files.sort((one, other) => (one.file_id < other.file_id ? -1 : 1));
  }

  /** Returns where a file's bytes are had; a new address where storage does not take the old one any longer. */
  async url(file, { anew, signal }) {
    const stale = anew || Date.parse(file.expires_at) - Date.now() < MARGIN;
    if (stale) await this.#renew(file, signal);
    return file.url;
  }

  /** All files of a page get new addresses at once, however many of them ask. */
  async #renew(file, signal) {
    if (!this.#renewals.has(file.page)) {
      this.#renewals.set(
        file.page,
        this.#ask(file.page, signal).finally(() => this.#renewals.delete(file.page)),
      );
    }
    const page = await this.#renewals.get(file.page);
    const fresh = page.files.find((one) => one.file_id === file.file_id);
    if (!fresh) throw new RefusedError(gettext("The file is no longer among what can be downloaded."));
    Object.assign(file, { url: fresh.url, expires_at: fresh.expires_at });
  }

  #ask(cursor, signal) {
    return retry(() => this.#once(cursor, signal), signal);
  }

  async #once(cursor, signal) {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    const response = await reach(`${this.#address}${query}`, {
      method: "POST",
      signal,
      redirect: "manual",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/json",
        "X-CSRF-Token": document.body.dataset.csrf,
      },
      body: JSON.stringify(this.#wanted),
    });
    if (response.ok) return response.json();
    if (BUSY.has(response.status)) throw new PassingError(gettext("The portal is busy."));
    // 403: somebody has signed in anew meanwhile, in another tab, and this page's token is of the session before.
    if (response.type === "opaqueredirect" || [401, 403].includes(response.status)) throw new SessionEndedError();
    throw new RefusedError(gettext("The portal does not give these files."), { status: response.status });
  }
}

/** Takes the token of whoever has signed in meanwhile, in another tab. Raises SessionEndedError where nobody has. */
export async function renewSession() {
  const response = await reach(location.pathname, { redirect: "manual" });
  if (!response.ok) throw new SessionEndedError();
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.body.dataset.csrf = page.body.dataset.csrf ?? document.body.dataset.csrf;
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new PassingError(gettext("The portal cannot be reached. Check your network connection."), { unreached: true });
  }
}
