import { gettext, ngettext } from "../language.js";
import { byFinding, FINDINGS } from "./findings.js";
import { counted, number, size } from "./words.js";

const LISTED = 50;

/** Shows what the look before sending found, a card for each cause, and lets its files be left out or sent anyway. */
export class Review {
  #place;
  #template;
  #entries;
  #cards = new Map();

  constructor(place, template, entries) {
    this.#place = place;
    this.#template = template;
    this.#entries = entries;
  }

  draw() {
    const groups = byFinding(this.#entries.in("ready", "leftOut"));
    const codes = new Set(groups.map(([code]) => code));
    for (const [code, card] of this.#cards) {
      if (codes.has(code)) continue;
      card.element.remove();
      this.#cards.delete(code);
    }
    groups.forEach(([code, entries], index) => {
      const card = this.#cards.get(code) ?? this.#card(code);
      const there = this.#place.children[index];
      if (there !== card.element) this.#place.insertBefore(card.element, there);
      card.update(entries);
    });
  }

  #card(code) {
    const element = this.#template.content.firstElementChild.cloneNode(true);
    const { head, text, quiet } = FINDINGS[code];
    if (!quiet) element.querySelector("h3").textContent = gettext(head);
    element.querySelector("p").textContent = gettext(text);
    element.classList.toggle("finding--quiet", Boolean(quiet));
    element.classList.toggle("tone-warn", !quiet);
    const [leaveOut, send] = element.querySelectorAll("[data-all]");
    const card = { element, head, quiet, listed: LISTED, entries: [], boxes: new Map() };
    for (const button of [leaveOut, send]) {
      button.addEventListener("click", () => this.#decide(card.entries, button.dataset.all));
    }
    element.querySelector("details").addEventListener("toggle", () => this.#list(card));
    element.querySelector("[data-more]").addEventListener("click", () => {
      card.listed += LISTED;
      this.#list(card);
    });
    card.update = (entries) => {
      card.entries = entries;
      this.#update(card, leaveOut, send);
    };
    this.#cards.set(code, card);
    return card;
  }

  #decide(entries, state) {
    for (const entry of entries) this.#entries.change(entry, { state });
  }

  #update(card, leaveOut, send) {
    const { element, entries, head, quiet } = card;
    const kept = entries.filter((entry) => entry.state === "ready").length;
    element.querySelector("details").hidden = entries.length === 1 && !quiet;
    if (quiet) element.querySelector("h3").textContent = head(entries.length - kept);
    element.querySelector(".finding__choice").textContent = quiet && kept === 0 ? "" : choice(kept, entries);
    leaveOut.textContent = ngettext("Leave it out", "Leave all {count} out", entries.length, { count: number(entries.length) });
    send.textContent = ngettext("Send it anyway", "Send all {count} anyway", entries.length, { count: number(entries.length) });
    leaveOut.hidden = kept === 0;
    send.hidden = kept === entries.length;
    this.#list(card);
  }

  /** Lists a card's files while it is open, as many as somebody asked to see. */
  #list({ element, entries, listed, boxes }) {
    if (!element.querySelector("details").open) return;
    const list = element.querySelector(".picks__list");
    const shown = entries.slice(0, listed);
    for (const entry of shown) {
      if (!boxes.has(entry)) list.append(this.#pick(entry, boxes));
      boxes.get(entry).checked = entry.state === "ready";
    }
    const here = new Set(shown);
    for (const [entry, box] of boxes) {
      if (here.has(entry)) continue;
      box.closest("li").remove();
      boxes.delete(entry);
    }
    const more = element.querySelector("[data-more]");
    more.hidden = entries.length <= listed;
    more.textContent = gettext("Show {count} more", { count: number(Math.min(LISTED, entries.length - listed)) });
  }

  #pick(entry, boxes) {
    const item = document.createElement("li");
    const label = document.createElement("label");
    const box = document.createElement("input");
    const name = document.createElement("span");
    const about = document.createElement("span");
    box.type = "checkbox";
    box.addEventListener("change", () => this.#entries.change(entry, { state: box.checked ? "ready" : "leftOut" }));
    name.textContent = entry.path;
    name.className = "picks__name";
    about.textContent = [size(entry.size), entry.finding.about].filter(Boolean).join(" · ");
    about.className = "soft small";
    label.append(box, name, about);
    item.append(label);
    boxes.set(entry, box);
    return item;
  }
}

/** `study/empty.dcm is left out.`, `12 files are left out.`, `3 of 12 files will be sent.` */
function choice(kept, entries) {
  const [{ path, finding }] = entries;
  const who = entries.length > 1 ? counted(entries.length, "file") : [path, finding.about].filter(Boolean).join(", ");
  const { length } = entries;
  if (kept === 0) return ngettext("{who}: left out.", "{who} are left out.", length, { who });
  if (kept === length) return ngettext("{who}: will be sent.", "{who} will be sent.", length, { who });
  return gettext("{count} of {who} will be sent.", { count: number(kept), who });
}
