/** Shows an upload's receipt beneath the drop zone, and in its rows how far each file's bytes have come. */
export class Receipt {
  #section;
  #sending = new Map();
  #drawn = 0;

  constructor(section) {
    this.#section = section;
    document.addEventListener("htmx:after:swap", () => this.#draw());
  }

  /** Loads the receipt of an upload; from then on it updates itself. */
  async show(uploadId) {
    if (this.#section.dataset.upload === uploadId) return;
    this.#section.dataset.upload = uploadId;
    this.#section.hidden = false;
    await globalThis.htmx.ajax("GET", `/uploads/${uploadId}/_receipt`, {
      target: this.#section.querySelector("[data-place]"),
      swap: "innerHTML",
    });
    // A reload then shows the receipt, wherever the bytes have got to.
    history.replaceState(null, "", `/uploads/${uploadId}`);
  }

  progress(fileId, share) {
    this.#sending.set(fileId, share);
    this.#drawn ||= requestAnimationFrame(() => {
      this.#drawn = 0;
      this.#draw();
    });
  }

  #draw() {
    for (const cell of this.#section.querySelectorAll('[data-file] > [data-state="awaiting_upload"]')) {
      const share = this.#sending.get(cell.parentElement.dataset.file);
      if (share !== undefined) draw(cell, share);
    }
  }
}

function draw(cell, share) {
  if (share >= 1) {
    cell.replaceChildren("Arrived, being checked");
    return;
  }
  let bar = cell.querySelector("progress");
  if (!bar) {
    const line = document.createElement("span");
    line.className = "sending";
    bar = document.createElement("progress");
    bar.setAttribute("aria-label", "Sent");
    bar.max = 1;
    line.append(bar, document.createElement("span"));
    cell.replaceChildren(line);
  }
  bar.value = share;
  bar.nextSibling.textContent = `${Math.floor(share * 100)} %`;
}
