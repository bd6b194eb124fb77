const PROGRESS_AFTER = 15_000;

/** Tells a screen reader how things go: changes at once, and how far an upload has come now and then. */
export class StatusMessage {
  #place;
  #last = 0;

  constructor(place) {
    this.#place = place;
  }

  show(text) {
    this.#last = Date.now();
    this.#place.textContent = text;
  }

  showNowAndThen(text) {
    if (Date.now() - this.#last >= PROGRESS_AFTER) this.show(text);
  }
}
