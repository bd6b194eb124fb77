import { gettext, mark, ngettext } from "../language.js";
import { groupExams, writeName } from "./exams.js";
import { counted, number, writeDay } from "./words.js";

/** Pictures that are shown, and drawn, before somebody asks for more: one for each series, and for each JPEG and PNG. */
const SHOWN = 24;
const NONE = { later: mark("Picture after sending"), nothing: mark("No picture in this kind of file") };

/**
 * Shows whom and what the chosen files are of, with a picture of the middle image of each series, so that a wrong exam is
 * seen before it is sent. Grouped once whenever other files are chosen, and drawn one picture after the other while
 * nothing is on its way.
 */
export class ExamCards {
  #section;
  #templates;
  #entries;
  #preflight;
  #drawnFor = "";
  #shown = SHOWN;
  /** Cards by what they show, each with the entry that its picture is made of: those that stay are not drawn again. */
  #cards = new Map();
  #queue = [];
  #drawing = false;

  constructor({ section, templates, entries, preflight }) {
    this.#section = section;
    this.#templates = templates;
    this.#entries = entries;
    this.#preflight = preflight;
    section.querySelector("[data-more]").addEventListener("click", () => this.#showMore());
  }

  draw() {
    const choosing = this.#entries.count("checking") === 0 && this.#entries.count("ready") > 0;
    const key = choosing ? `${this.#entries.all.length} ${this.#entries.count("ready")}` : "";
    if (key === this.#drawnFor) {
      this.#drawNext();
      return;
    }
    if (key === "") this.#shown = SHOWN;
    this.#drawnFor = key;
    this.#show(choosing ? this.#entries.in("ready") : []);
  }

  #showMore() {
    this.#shown += SHOWN;
    this.#show(this.#entries.in("ready"));
    // The button may be gone now: whoever pressed it goes on where the new ones begin.
    this.#section.querySelectorAll(".looks__one")[this.#shown - SHOWN]?.focus();
  }

  #show(entries) {
    const exams = groupExams(entries);
    const pictures = entries.filter(({ isPicture }) => isPicture);
    const all = exams.reduce((sum, { series }) => sum + series.length, pictures.length);
    this.#section.hidden = all === 0;
    this.#section.querySelector("[data-summary]").textContent = summarize(exams);
    const before = this.#cards;
    this.#cards = new Map();
    this.#queue = [];
    let room = this.#shown;
    const parts = [];
    for (const exam of exams) {
      const cards = exam.series.slice(0, room).map((one) => this.#card(one.shown, one.middle, before, describeSeries(one)));
      if (cards.length > 0) parts.push(this.#exam(writeName(exam.patient.name) || exam.patient.id, describeExam(exam), cards));
      room -= cards.length;
    }
    const cards = pictures.slice(0, room).map((entry) => this.#card(entry, entry, before, { head: entry.path.split("/").at(-1) }));
    if (cards.length > 0) parts.push(this.#exam(gettext("Pictures"), "", cards));
    this.#section.querySelector("[data-place]").replaceChildren(...parts);
    const more = this.#section.querySelector("[data-more]");
    more.hidden = all <= this.#shown;
    more.textContent = gettext("Show {count} more", { count: number(Math.min(SHOWN, all - this.#shown)) });
    this.#drawNext();
  }

  #exam(who, what, cards) {
    const element = this.#templates.exam.content.firstElementChild.cloneNode(true);
    element.querySelector("h4").textContent = who || gettext("No patient named");
    element.querySelector("p").textContent = what;
    element.querySelector("ul").append(...cards);
    return element;
  }

  #card(key, entry, before, { head, text = "" }) {
    const known = before.get(key);
    const card = known?.entry === entry ? known : { entry, element: this.#templates.card.content.firstElementChild.cloneNode(true) };
    card.element.querySelector("strong").textContent = head;
    card.element.querySelector(".looks__text").textContent = text;
    this.#cards.set(key, card);
    if (!card.asked) this.#queue.push(card);
    return card.element;
  }

  /** Draws one picture at a time. What is being sent needs the disk more. */
  async #drawNext() {
    if (this.#drawing || this.#entries.open > 0) return;
    const card = this.#queue.shift();
    if (!card) return;
    this.#drawing = true;
    card.asked = true;
    place(card, await this.#preflight.draw(card.entry.file));
    this.#drawing = false;
    this.#drawNext();
  }
}

function place(card, { bitmap, none }) {
  const box = card.element.querySelector(".picture");
  if (!bitmap) {
    box.classList.add("picture--none");
    box.querySelector("span").textContent = gettext(NONE[none]);
    return;
  }
  const canvas = box.querySelector("canvas");
  Object.assign(canvas, { width: bitmap.width, height: bitmap.height, hidden: false });
  canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
}

/** `1 patient, 2 exams, 3 series, 160 images` */
function summarize(exams) {
  if (exams.length === 0) return "";
  const patients = new Set(exams.map(({ patient }) => JSON.stringify([patient.id, patient.name]))).size;
  const series = exams.flatMap((exam) => exam.series);
  const images = series.reduce((sum, one) => sum + one.images, 0);
  const told = [
    ngettext("{count} patient", "{count} patients", patients, { count: number(patients) }),
    ngettext("{count} exam", "{count} exams", exams.length, { count: number(exams.length) }),
    ngettext("{count} series", "{count} series", series.length, { count: number(series.length) }),
    counted(images, "image"),
  ];
  return told.join(", ");
}

function describeExam({ patient, study }) {
  const told = [
    patient.id && gettext("ID {id}", { id: patient.id }),
    patient.born && gettext("born {day}", { day: writeDay(patient.born) }),
    study.description,
    study.date && gettext("exam of {day}", { day: writeDay(study.date) }),
  ];
  return told.filter(Boolean).join(" · ");
}

function describeSeries({ shown, images }) {
  const head = [shown.series.modality, counted(images, "image")].filter(Boolean).join(", ");
  return { head, text: shown.series.description };
}
