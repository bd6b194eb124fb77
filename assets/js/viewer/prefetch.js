import { cache, imageLoader } from "@cornerstonejs/core";
import { findFile, isFetched, measureKept } from "./images.js";

/** Images that are on their way at a time, besides the one that is looked at. */
const AT_ONCE = 4;
/** What of the cache is filled ahead: the rest is for what is looked at. */
const SHARE = 0.8;
/** A larger file is fetched when somebody comes to it: all of it would be, for one of its frames. */
const LARGEST = 16 * 1024 ** 2;

/** Loads the images around the shown one, the nearest first, as far as the cache goes. */
export class Prefetch {
  #ids = [];
  #index = 0;
  #running = 0;
  #asked = new Set();
  #moved;

  /** `moved` hears how many images are there, of how many. */
  constructor(moved) {
    this.#moved = moved;
  }

  begin(ids, index) {
    this.#ids = ids;
    this.#index = index;
    this.#asked = new Set(ids.filter((id) => cache.isLoaded(id)));
    this.#go();
  }

  /** Goes on around another image. */
  follow(index) {
    this.#index = index;
    this.#asked.add(this.#ids[index]);
    this.#go();
  }

  end() {
    this.#ids = [];
  }

  #go() {
    this.#moved(this.#ids.filter((id) => cache.isLoaded(id)).length, this.#ids.length);
    while (this.#running < AT_ONCE && measureKept() < SHARE * cache.getMaxCacheSize()) {
      const id = this.#findNearest();
      if (!id) return;
      this.#load(id);
    }
  }

  async #load(id) {
    this.#asked.add(id);
    this.#running += 1;
    try {
      await imageLoader.loadAndCacheImage(id, { priority: 5, requestType: "prefetch" });
    } catch {
      // Whoever comes to it is told why: nothing of it is kept.
    } finally {
      this.#running -= 1;
    }
    this.#go();
  }

  #findNearest() {
    for (let distance = 1; distance < this.#ids.length; distance += 1) {
      for (const at of [this.#index + distance, this.#index - distance]) {
        const id = this.#ids[at];
        if (id && !this.#asked.has(id) && (isFetched(id) || findFile(id).size <= LARGEST)) return id;
      }
    }
    return undefined;
  }
}
