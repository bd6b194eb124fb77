/** Shows an upload's receipt beneath the files: the portal's own, which updates itself. */
export class Receipt {
  #section;

  constructor(section) {
    this.#section = section;
  }

  async show(uploadId) {
    if (this.#section.dataset.upload === uploadId) return;
    this.#section.dataset.upload = uploadId;
    this.#section.hidden = false;
    await globalThis.htmx.ajax("GET", `/uploads/${uploadId}/_receipt`, {
      target: this.#section.querySelector("[data-place]"),
      swap: "innerHTML",
    });
  }
}
