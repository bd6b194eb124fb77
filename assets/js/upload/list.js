import { gettext, mark } from "../language.js";
import { describe } from "./entries.js";
import { size } from "./words.js";

const ACTS = {
  pause: mark("Pause"),
  resume: mark("Resume"),
  cancel: mark("Cancel"),
  remove: mark("Remove"),
  retry: mark("Retry"),
};
/** Rows kept ready above and below those in sight. */
const MARGIN = 6;

/** Shows entries as rows of one height, and has elements for those in sight only: 50,000 files scroll like 50. */
export class FileList {
  #box;
  #list;
  #template;
  #onAct;
  #entries = [];
  #rows = new Map();
  #height = 0;

  constructor(box, template, onAct) {
    this.#box = box;
    this.#list = box.querySelector("ul");
    this.#template = template;
    this.#onAct = onAct;
    box.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(box);
  }

  show(entries) {
    this.#entries = entries;
    if (!this.#height) this.#measure();
    else this.#draw();
  }

  #measure() {
    if (this.#entries.length === 0) return;
    const probe = this.#row(this.#entries[0]);
    this.#list.append(probe.element);
    this.#height = probe.element.offsetHeight;
    probe.element.remove();
    this.#draw();
  }

  #draw() {
    if (!this.#height) return;
    const { scrollTop, clientHeight } = this.#box;
    this.#list.style.height = `${this.#entries.length * this.#height}px`;
    const first = Math.max(0, Math.floor(scrollTop / this.#height) - MARGIN);
    const inSight = this.#entries.slice(first, first + Math.ceil(clientHeight / this.#height) + 2 * MARGIN);
    this.#leave(new Set(inSight));
    let next = this.#list.firstElementChild;
    inSight.forEach((entry, index) => {
      const row = this.#rows.get(entry) ?? this.#enter(entry);
      if (row.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row.element, next);
      row.element.style.transform = `translateY(${(first + index) * this.#height}px)`;
      row.element.ariaPosInSet = first + index + 1;
      row.element.ariaSetSize = this.#entries.length;
      row.update();
    });
  }

  #enter(entry) {
    const row = this.#row(entry);
    this.#rows.set(entry, row);
    return row;
  }

  #leave(inSight) {
    for (const [entry, { element }] of this.#rows) {
      if (inSight.has(entry)) continue;
      // Who acts on a row by keyboard goes on with the list when the row is gone.
      if (element.contains(document.activeElement)) this.#box.focus();
      element.remove();
      this.#rows.delete(entry);
    }
  }

  #row(entry) {
    const element = this.#template.content.firstElementChild.cloneNode(true);
    const [name, sub, bar, state, acts] = ["name", "sub", "bar", "state", "acts"].map((part) =>
      element.querySelector(`.file-row__${part}`),
    );
    name.textContent = entry.path;
    name.title = entry.path;
    let drawn = null;
    const update = () => {
      bar.hidden = entry.state !== "sending";
      if (!bar.hidden) bar.value = entry.size ? entry.sent / entry.size : 0;
      if (describe(entry) === drawn) return;
      const { label, tone } = describe(entry);
      sub.textContent = [size(entry.size), entry.trouble].filter(Boolean).join(" · ");
      sub.title = entry.trouble;
      state.textContent = gettext(label);
      state.className = `file-row__state tone-${tone}`;
      this.#offer(acts, entry, drawn !== null && acts.contains(document.activeElement));
      drawn = describe(entry);
    };
    update();
    return { element, update };
  }

  #offer(place, entry, focused) {
    const buttons = describe(entry).acts.map((act) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain-act";
      button.textContent = gettext(ACTS[act]);
      button.setAttribute("aria-label", `${gettext(ACTS[act])} ${entry.path}`);
      button.addEventListener("click", () => this.#onAct(act, entry));
      return button;
    });
    place.replaceChildren(...buttons, ...(entry.verdict ? [findingsLink(entry)] : []));
    if (focused) (buttons[0] ?? this.#box).focus();
  }
}

function findingsLink({ fileId, path }) {
  const link = document.createElement("a");
  link.href = `/files/${fileId}`;
  link.textContent = gettext("Details");
  link.setAttribute("aria-label", gettext("Details of {path}", { path }));
  return link;
}
