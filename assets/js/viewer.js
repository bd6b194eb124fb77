// The viewer: a study's images, stacked by series, read from storage by the browser itself.
import { Enums, eventTarget, getWebWorkerManager, init as initCore } from "@cornerstonejs/core";
import { init as initTools } from "@cornerstonejs/tools";
import { gettext } from "./language.js";
import { Listing } from "./retrieval/listing.js";
import { RefusedError, SessionEndedError } from "./upload/errors.js";
import { number } from "./upload/words.js";
import { Cine } from "./viewer/cine.js";
import { describe, findFile, listFrames, prepare, register } from "./viewer/images.js";
import { Overlay } from "./viewer/overlay.js";
import { Prefetch } from "./viewer/prefetch.js";
import { CT_WINDOWS } from "./viewer/presets.js";
import { HANDS, Stage } from "./viewer/stage.js";

const PAGE = 10;
const SLOWEST = 15;

class Viewer {
  #root;
  #stage;
  #overlay;
  #cine;
  #prefetch;
  #slider;
  #state = "";
  #opened = new AbortController();
  /** Series id → its listing, once it was read. */
  #stacks = new Map();

  constructor(root) {
    this.#root = root;
    this.#stage = new Stage(root.querySelector("[data-stage]"));
    this.#overlay = new Overlay(root);
    this.#cine = new Cine(this.#stage);
    this.#slider = root.querySelector("[data-slider]");
    const bar = root.querySelector("[data-loaded]");
    this.#prefetch = new Prefetch((there, all) => {
      bar.max = all || 1;
      bar.value = there;
    });
    this.#listen();
  }

  async open(button) {
    this.#opened.abort();
    this.#opened = new AbortController();
    const { signal } = this.#opened;
    this.#stopCine();
    this.#prefetch.end();
    for (const one of this.#root.querySelectorAll("[data-series]")) one.ariaPressed = String(one === button);
    this.#tell(gettext("The images are being fetched."), "busy");
    try {
      const ids = await this.#list(button.dataset.series, signal, (first) => this.#show(first, 0));
      if (!signal.aborted) await this.#extend(ids);
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error);
    }
  }

  /** Returns the ids of a series' images; `begun` is given those of the first page, while the others are listed. */
  async #list(series, signal, begun) {
    const known = this.#stacks.get(series);
    const listing = known ?? new Listing(`/studies/${this.#root.dataset.study}/content`, { series, viewing: true });
    let first;
    if (!known) {
      await listing.read(signal, () => {
        first ??= begun(register(listing.files, listing, signal));
        // Awaited once all is listed; where that fails, it is what is told.
        first.catch(() => {});
      });
      this.#stacks.set(series, listing);
    }
    // The listing is sorted as a ZIP is; a stack, as its images are numbered.
    const ids = register(listing.files.toSorted((one, other) => one.place - other.place), listing, signal);
    await (first ?? begun(ids));
    return ids;
  }

  /** Has a stack hold all images, of which the first are shown. */
  async #extend(ids) {
    const shown = this.#stage.viewport.getImageIds();
    const known = new Set(shown.map((id) => findFile(id)?.file_id));
    const more = ids.filter((id) => !known.has(findFile(id).file_id));
    if (!more.length) return;
    await this.#stage.extend([...shown, ...more]);
    this.#settle();
    this.#prefetch.begin(this.#stage.viewport.getImageIds(), this.#stage.viewport.getCurrentImageIdIndex());
  }

  async #show(ids, index) {
    if (!ids.length) throw new Error(gettext("There is no image in this series."));
    await this.#stage.show(ids, index);
    if (this.#spread()) return;
    this.#settle();
    this.#prefetch.begin(this.#stage.viewport.getImageIds(), index);
  }

  /** Puts all frames of the shown file in its place, where it has many. */
  #spread() {
    const { viewport } = this.#stage;
    const ids = viewport.getImageIds();
    const at = viewport.getCurrentImageIdIndex();
    const frames = ids[at].includes("?frame=") ? [ids[at]] : listFrames(ids[at]);
    if (frames.length < 2) return false;
    this.#show(ids.toSpliced(at, 1, ...frames), at).catch((error) => this.#fail(error));
    return true;
  }

  #settle() {
    const { viewport } = this.#stage;
    const count = viewport.getImageIds().length;
    this.#slider.max = count - 1;
    this.#slider.disabled = count < 2;
    this.#root.querySelector('[data-act="cine"]').disabled = count < 2;
    // What was told of an image that failed stays: nothing says of it that it came.
    if (this.#state !== "failed") this.#tell("");
    this.#follow();
  }

  #follow() {
    const { viewport } = this.#stage;
    const index = viewport.getCurrentImageIdIndex();
    this.#slider.value = index;
    this.#slider.ariaValueText = gettext("Image {place} of {count}", { place: number(index + 1), count: number(viewport.getImageIds().length) });
    this.#overlay.tell(this.#stage);
  }

  #listen() {
    const { element } = this.#stage;
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, () => {
      if (this.#spread()) return;
      this.#tell("");
      this.#follow();
      this.#prefetch.follow(this.#stage.viewport.getCurrentImageIdIndex());
    });
    for (const kind of [Enums.Events.VOI_MODIFIED, Enums.Events.CAMERA_MODIFIED, Enums.Events.IMAGE_RENDERED]) {
      element.addEventListener(kind, () => this.#overlay.tell(this.#stage));
    }
    eventTarget.addEventListener(Enums.Events.IMAGE_LOAD_ERROR, ({ detail }) => {
      if (detail.imageId === this.#stage.viewport.getImageIds()[this.#stage.viewport.getTargetImageIdIndex()]) this.#fail(detail.error);
    });
    // The right button zooms.
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    for (const button of this.#root.querySelectorAll("[data-series]")) button.addEventListener("click", () => this.open(button));
    for (const button of this.#root.querySelectorAll("[data-hand]")) button.addEventListener("click", () => this.#take(button.dataset.hand));
    for (const button of this.#root.querySelectorAll("[data-act]")) button.addEventListener("click", () => this.#act(button.dataset.act));
    this.#root.querySelector("[data-window]").addEventListener("change", ({ target }) => this.#choose(target.value));
    this.#slider.addEventListener("input", () => this.#stage.go(Number(this.#slider.value)));
    element.addEventListener("keydown", (event) => this.#press(event));
    new ResizeObserver(() => this.#stage.resize()).observe(element);
  }

  #take(hand) {
    this.#stage.take(hand);
    for (const one of this.#root.querySelectorAll("[data-hand]")) one.ariaPressed = String(one.dataset.hand === hand);
  }

  #act(act) {
    const acts = {
      invert: () => this.#stage.invert(),
      rotate: () => this.#stage.rotate(),
      flip: () => this.#stage.flip(),
      reset: () => this.#reset(),
      cine: () => this.#play(),
    };
    acts[act]();
    this.#overlay.tell(this.#stage);
  }

  #reset() {
    this.#stage.reset();
    this.#root.querySelector("[data-window]").value = "";
  }

  #choose(name) {
    if (name) this.#stage.setWindow(CT_WINDOWS[name]);
    else this.#stage.viewport.resetProperties();
    this.#stage.viewport.render();
    this.#overlay.tell(this.#stage);
  }

  #play() {
    if (this.#cine.plays) return this.#stopCine();
    this.#cine.begin(describe(this.#stage.viewport.getCurrentImageId()).rate ?? SLOWEST);
    this.#root.querySelector('[data-act="cine"]').ariaPressed = "true";
    return undefined;
  }

  #stopCine() {
    this.#cine.end();
    this.#root.querySelector('[data-act="cine"]').ariaPressed = "false";
  }

  #press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.#stage.viewport.getImageIds().length - 1;
    const keys = {
      ArrowDown: () => this.#stage.step(1),
      ArrowRight: () => this.#stage.step(1),
      ArrowUp: () => this.#stage.step(-1),
      ArrowLeft: () => this.#stage.step(-1),
      PageDown: () => this.#stage.step(PAGE),
      PageUp: () => this.#stage.step(-PAGE),
      Home: () => this.#stage.go(0),
      End: () => this.#stage.go(last),
      "+": () => this.#stage.zoom(1.25),
      "-": () => this.#stage.zoom(0.8),
      i: () => this.#act("invert"),
      r: () => this.#act("rotate"),
      f: () => this.#act("flip"),
      0: () => this.#act("reset"),
      " ": () => this.#play(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  #fail(error) {
    this.#stopCine();
    const cause = error?.error ?? error;
    const { viewport } = this.#stage;
    const file = findFile(viewport.getImageIds()[viewport.getTargetImageIdIndex()] ?? "");
    const told =
      cause instanceof SessionEndedError
        ? gettext("Your session has ended. Load this page again to sign in.")
        : cause instanceof RefusedError
          ? cause.message
          : gettext("This image cannot be shown here. The file itself is as it was sent.");
    this.#tell(told, "failed", file);
  }

  #tell(text, state = "", file = null) {
    const place = this.#root.querySelector("[data-message]");
    this.#state = state;
    place.dataset.message = state;
    place.querySelector("span").textContent = text;
    const link = place.querySelector("a");
    link.hidden = !file;
    if (file) link.href = `/files/${file.file_id}`;
    place.hidden = !text;
  }
}

async function begin(root) {
  await initCore();
  await initTools();
  prepare(root.dataset.decoder, getWebWorkerManager());
  const viewer = new Viewer(root);
  for (const name of Object.keys(HANDS)) root.querySelector(`[data-hand="${name}"]`).disabled = false;
  const chosen = root.querySelector('[data-series][aria-pressed="true"]') ?? root.querySelector("[data-series]");
  if (chosen) await viewer.open(chosen);
}

await begin(document.querySelector("#viewer"));
