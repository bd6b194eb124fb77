const PROGRESS_AFTER = 15_000;

/** Tells a screen reader how things go: changes at once, and how far an upload has come now and then. */
export class Saying {
  #place;
  #last = 0;

  constructor(place) {
    this.#place = place;
  }

  now(text) {
    this.#last = Date.now();
    this.#place.textContent = text;
  }

  nowAndThen(text) {
    if (Date.now() - this.#last >= PROGRESS_AFTER) this.now(text);
  }
}
