import { gettext } from "../language.js";
import { number } from "../upload/words.js";
import { describe } from "./images.js";
import { listSides } from "./orientation.js";

/** What stands over a picture: its sides, its place in the stack, and its window. */
export class Overlay {
  #place;

  constructor(place) {
    this.#place = place;
  }

  tell(stage) {
    const { viewport } = stage;
    const id = viewport.getCurrentImageId();
    if (!id) return;
    const { isOriented, isMeasured, isMeasuredAtDetector } = describe(id);
    const sides = isOriented ? listSides(viewport) : {};
    for (const side of ["left", "right", "top", "bottom"]) this.#write(side, sides[side] ?? "");
    const { window } = stage;
    this.#write("window", window ? gettext("Window {center} / {width}", { center: round(window.center), width: round(window.width) }) : "");
    const place = { place: number(viewport.getCurrentImageIdIndex() + 1), count: number(viewport.getImageIds().length) };
    this.#write("place", gettext("Image {place} of {count}", place));
    const atDetector = isMeasuredAtDetector ? gettext("Lengths as at the detector, not in the body") : "";
    this.#write("scale", isMeasured ? atDetector : gettext("No scale in the file: lengths are in pixels"));
  }

  #write(name, text) {
    this.#place.querySelector(`[data-overlay="${name}"]`).textContent = text;
  }
}

function round(value) {
  return number(Math.round(value));
}
