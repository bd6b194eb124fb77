/** Shows an upload's receipt beneath the files: the portal's own, which updates itself. */
export class Receipt {
  #section;
  #loading = false;

  constructor(section) {
    this.#section = section;
  }

  /** Loads the receipt, and loads it anew where it was complete and has stopped to look: more files came since. */
  async show(uploadId) {
    const looks = this.#section.querySelector("#receipt-body[hx-trigger]");
    if (this.#section.dataset.upload === uploadId && (looks || this.#loading)) return;
    this.#section.dataset.upload = uploadId;
    this.#section.hidden = false;
    this.#loading = true;
    const place = this.#section.querySelector("[data-place]");
    await globalThis.htmx.ajax("GET", `/uploads/${uploadId}/_receipt`, { target: place, swap: "innerHTML" });
    this.#loading = false;
  }
}
