import { gettext, mark } from "../language.js";
import { makeZip } from "client-zip";
import { Names } from "./names.js";
import { readFrom, readWhole } from "./reading.js";

/** Up to this size a file is fetched whole and compared with its checksum before any of it is packed. */
const WHOLE = 16 * 1024 ** 2;
/** So many of these are fetched at a time. */
const AHEAD = 6;
const OUTCOMES = {
  awaiting_upload: mark("awaiting upload"),
  deleted: mark("deleted"),
  expired: mark("expired"),
  failed: mark("failed"),
  rejected: mark("rejected"),
};
const REASONS = { duplicate: "", superseded: "" };

/** Packs what a listing holds into a ZIP, in order. Nothing is left out without being told. */
export class Packing {
  /** What was asked for and is not in the ZIP: `{ name, why }`. */
  missing = [];
  packed = 0;
  #listing;
  #on;
  #signal;

  /**
   * `on`: `{ moved(bytes), packed(), decide(troubles, { partly }) }`; `decide` resolves to whether to try again.
   * With `partly`, some of the one file is in the ZIP already: it is had whole, or the ZIP is given up.
   */
  constructor(listing, on, signal) {
    this.#listing = listing;
    this.#on = on;
    this.#signal = signal;
    this.missing = listing.leftOut
      .filter((one) => !(one.reason in REASONS))
      .map((one) => ({ name: one.name, why: gettext("It was not accepted: {reason}.", { reason: gettext(OUTCOMES[one.reason] ?? one.reason) }) }));
  }

  get stream() {
    return makeZip(this.#entries());
  }

  async *#entries() {
    const names = new Names();
    let rest = this.#listing.files.map((file) => ({ file, name: names.claim(file.name, file.file_id) }));
    while (rest.length) {
      const troubles = [];
      yield* this.#take(rest, troubles);
      const again = troubles.length > 0 && (await this.#on.decide(troubles, { partly: false }));
      rest = again ? troubles : [];
      if (!again) this.missing.push(...troubles.map(({ name, error }) => ({ name, why: error.message })));
    }
    if (this.missing.length) yield { name: names.claim("NOT-COMPLETE.txt", ""), input: tell(this.missing) };
  }

  /** Yields entries; what cannot be had joins `troubles`. */
  async *#take(items, troubles) {
    const ahead = [];
    for (let next = 0; next < items.length || ahead.length; ) {
      while (next < items.length && ahead.length < AHEAD) ahead.push(this.#begin(items[next++]));
      const { item, coming } = ahead.shift();
      const { data, error } = coming ? await coming : { data: this.#readLarge(item) };
      this.#signal.throwIfAborted();
      if (error) {
        troubles.push({ ...item, error });
        continue;
      }
      yield { name: item.name, input: data, lastModified: new Date(item.file.updated_at) };
      this.packed += 1;
      this.#on.packed();
    }
  }

  #begin(item) {
    if (item.file.size > WHOLE) return { item };
    const coming = readWhole(item.file, this.#options).then(
      (data) => ({ data }),
      (error) => ({ error }),
    );
    return { item, coming };
  }

  async *#readLarge(item) {
    for (let at = 0; at < item.file.size; ) {
      try {
        for await (const chunk of readFrom(at, item.file, this.#options)) {
          at += chunk.length;
          yield chunk;
        }
      } catch (error) {
        this.#signal.throwIfAborted();
        await this.#on.decide([{ ...item, error }], { partly: true });
        this.#signal.throwIfAborted();
      }
    }
  }

  get #options() {
    return { listing: this.#listing, moved: this.#on.moved, signal: this.#signal };
  }
}

function tell(missing) {
  const lines = missing.map(({ name, why }) => `${name}: ${why}`);
  return `${gettext("This ZIP is not complete. Missing:")}\r\n\r\n${lines.join("\r\n")}\r\n`;
}
