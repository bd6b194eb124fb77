import { gettext } from "../language.js";
import { counted, number } from "./words.js";

const MOST = 99_999;

/** What the sender tells of the upload as a whole: reference, note, and how many images there are to be. */
export class Facts {
  #form;

  constructor(form) {
    this.#form = form;
    form.elements.expected.addEventListener("input", () => this.valid());
  }

  /** As the portal takes them with the first announcement. */
  read() {
    const { reference, note } = this.#form.elements;
    const { expected } = this;
    return { reference: reference.value.trim(), note: note.value.trim(), ...(expected && { expected_images: expected }) };
  }

  get expected() {
    const typed = this.#form.elements.expected.value.replace(/[\s,.]/g, "");
    return typed === "" ? null : Number(typed);
  }

  /** Says beside the field what is wrong with the number, if anything is. */
  valid() {
    const { expected } = this;
    const right = expected === null || (Number.isInteger(expected) && expected >= 1 && expected <= MOST);
    this.#form.querySelector("#expected-trouble").textContent = right ? "" : gettext("Enter a number from 1 to {most}.", { most: number(MOST) });
    this.#form.elements.expected.setAttribute("aria-invalid", String(!right));
    return right;
  }

  /** How the chosen images compare to those expected, in words; empty where nothing was said or can be told. */
  compared(images) {
    const { expected } = this;
    if (!expected || images === null || !this.valid()) return "";
    if (images === expected) return gettext("All {images} that you expect are here.", { images: counted(expected, "image") });
    const gap = number(Math.abs(expected - images));
    const told = images < expected ? gettext("{count} missing", { count: gap }) : gettext("{count} more than that", { count: gap });
    const values = { images: counted(expected, "image"), here: number(images), told };
    return gettext("You expect {images}, but there are {here} here: {told}.", values);
  }

  /** They belong to the upload, and stay as they were announced. */
  lock(locked) {
    for (const name of ["reference", "note", "expected"]) this.#form.elements[name].readOnly = locked;
  }

  clear() {
    this.#form.reset();
    this.lock(false);
  }
}
