import { counted, number } from "./words.js";

const MOST = 99_999;

/** What the sender tells of the upload as a whole: reference, note, and how many files there are to be. */
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
    return { reference: reference.value.trim(), note: note.value.trim(), ...(expected && { expected }) };
  }

  get expected() {
    const typed = this.#form.elements.expected.value.replace(/[\s,.]/g, "");
    return typed === "" ? null : Number(typed);
  }

  /** Says beside the field what is wrong with the number, if anything is. */
  valid() {
    const { expected } = this;
    const right = expected === null || (Number.isInteger(expected) && expected >= 1 && expected <= MOST);
    this.#form.querySelector("#expected-trouble").textContent = right ? "" : `Enter a number from 1 to ${number(MOST)}.`;
    this.#form.elements.expected.setAttribute("aria-invalid", String(!right));
    return right;
  }

  /** How the chosen files compare to those expected, in words; empty where nothing was said or all is well. */
  compared(chosen) {
    const { expected } = this;
    if (!expected || chosen === expected || !this.valid()) return "";
    return chosen < expected
      ? `You expect ${counted(expected, "file")}: ${number(expected - chosen)} more than there are here.`
      : `You expect ${counted(expected, "file")}: ${number(chosen - expected)} fewer than there are here.`;
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
