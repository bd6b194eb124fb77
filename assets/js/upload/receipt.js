/** Shows an upload's receipt beneath the files: the portal's own, which updates itself. */
export class Receipt {
  #section;
  #loading = false;

  /** `onVerdict` is called with the receipt's own line when every file has its verdict. */
  constructor(section, onVerdict) {
    this.#section = section;
    document.addEventListener("htmx:after:swap", () => {
      const body = section.querySelector("#receipt-body");
      if (!section.hidden && body && (body.hasAttribute("data-judged") || !body.hasAttribute("hx-trigger"))) {
        onVerdict(body.querySelector(".receipt-line").textContent);
      }
    });
  }

  /** Puts the verdict first on the screen, for whoever is not at something else meanwhile. */
  bringForward() {
    const { activeElement } = document;
    if (activeElement && activeElement !== document.body && !activeElement.closest("#files, #files-listed")) return;
    const head = this.#section.querySelector("#receipt-head");
    head.focus({ preventScroll: true });
    head.scrollIntoView({ block: "start", behavior: "instant" });
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
