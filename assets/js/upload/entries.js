import { mark } from "../language.js";

/**
 * What may happen to a chosen file. `open`: its bytes are still to go, so leaving the page would lose something.
 * `acts`: what its row offers. `group`: which of the list's filters shows it.
 */
export const STATES = {
  checking: { label: mark("Being checked"), tone: "wait", group: "waiting", acts: ["remove"] },
  ready: { label: mark("Ready"), tone: "wait", group: "waiting", acts: ["remove"] },
  leftOut: { label: mark("Left out"), tone: "wait", group: null, acts: [] },
  needed: { label: mark("Choose it again"), tone: "warn", group: "waiting", acts: [] },
  queued: { label: mark("Waiting"), tone: "wait", group: "waiting", open: true, acts: ["pause", "cancel"] },
  sending: { label: mark("Sending"), tone: "wait", group: "waiting", open: true, acts: ["pause", "cancel"] },
  paused: { label: mark("Paused"), tone: "wait", group: "waiting", open: true, acts: ["resume", "cancel"] },
  failed: { label: mark("Not sent"), tone: "bad", group: "failed", acts: ["retry", "cancel"] },
  sent: { label: mark("Checking"), tone: "wait", group: "sent", acts: [] },
  cancelled: { label: mark("Cancelled"), tone: "wait", group: null, acts: [] },
};

/** What became of a file that was sent. */
export const VERDICTS = {
  accepted: { label: mark("Accepted"), tone: "ok", group: "sent", acts: [] },
  rejected: { label: mark("Rejected"), tone: "bad", group: "rejected", acts: [] },
  failed: { label: mark("Failed on our side"), tone: "fault", group: "rejected", acts: [] },
  expired: { label: mark("Not received"), tone: "wait", group: "rejected", acts: [] },
  deleted: { label: mark("Deleted"), tone: "wait", group: "rejected", acts: [] },
};

/** How an entry shows: by its verdict, where it has one. */
export function describe({ state, verdict }) {
  return VERDICTS[verdict] ?? STATES[state];
}

/** Parts of the upload: their bytes count into how far it has come. */
export const UNDER_WAY = ["queued", "sending", "paused", "failed", "sent", "needed"];

/**
 * What the look before sending tells of a file: images, SOP Instance UID, what a DICOMDIR lists; the series that it is of,
 * and its number there (see `exams.js`); and whether it is a picture as browsers show them.
 */
export const UNSEEN = { sha256: null, images: null, instance: null, contents: null, series: null, number: null, isPicture: false };

/**
 * The chosen files and their sums, which are kept up with each change: a page with 50,000 files looks at one of them
 * when one of them changes. Tells `onChange` once per change; drawing is somebody else's and not at once.
 */
export class Entries {
  #all = [];
  #counts = Object.fromEntries(Object.keys(STATES).map((state) => [state, 0]));
  #bytes = { ...this.#counts };
  #images = { ...this.#counts };
  /** Entries of each state of which nobody knows how many images they hold. */
  #unknown = { ...this.#counts };
  #sent = 0;
  #next = 0;

  constructor(onChange) {
    this.onChange = onChange;
  }

  get all() {
    return this.#all;
  }

  count(...states) {
    return states.reduce((sum, state) => sum + this.#counts[state], 0);
  }

  bytes(...states) {
    return states.reduce((sum, state) => sum + this.#bytes[state], 0);
  }

  /** How many images they are and hold; null where that cannot be told of some. */
  images(...states) {
    if (states.some((state) => this.#unknown[state] > 0)) return null;
    return states.reduce((sum, state) => sum + this.#images[state], 0);
  }

  /** Files and bytes of the running upload, and how many of the bytes have gone. */
  get underWay() {
    return { files: this.count(...UNDER_WAY), bytes: this.bytes(...UNDER_WAY), sent: this.#sent };
  }

  get open() {
    return this.count("queued", "sending", "paused");
  }

  in(...states) {
    return this.#all.filter((entry) => states.includes(entry.state));
  }

  /** Takes in `{ path, size, file, state, … }`, and returns the entry. */
  add(facts) {
    const entry = { key: this.#next, sent: 0, trouble: "", finding: null, fileId: null, ...UNSEEN, verdict: null, ...facts };
    this.#next += 1;
    this.#all.push(entry);
    this.#tally(entry, 1);
    this.onChange();
    return entry;
  }

  change(entry, changes) {
    this.#tally(entry, -1);
    Object.assign(entry, changes);
    this.#tally(entry, 1);
    this.onChange();
  }

  /** Puts them in the order of their paths: folders are read in whatever order the computer likes. */
  sort() {
    this.#all.sort((one, other) => (one.path < other.path ? -1 : Number(one.path > other.path)));
    this.onChange();
  }

  remove(unwanted) {
    for (const entry of unwanted) this.#tally(entry, -1);
    this.#all = this.#all.filter((entry) => !unwanted.has(entry));
    this.onChange();
  }

  #tally(entry, sign) {
    this.#counts[entry.state] += sign;
    this.#bytes[entry.state] += sign * entry.size;
    this.#images[entry.state] += sign * (entry.images ?? 0);
    this.#unknown[entry.state] += sign * Number(entry.images === null);
    if (UNDER_WAY.includes(entry.state)) this.#sent += sign * entry.sent;
  }
}
