const WINDOW = 10_000;

/** How fast bytes have gone lately. */
export class Speed {
  #moved = 0;
  #samples = [];

  add(bytes) {
    this.#moved += bytes;
  }

  /** Bytes a second over the last ten seconds, or 0 while that is not known. */
  get rate() {
    const now = performance.now();
    this.#samples.push({ at: now, moved: this.#moved });
    while (this.#samples.length > 2 && now - this.#samples[0].at > WINDOW) this.#samples.shift();
    const [{ at, moved }] = this.#samples;
    return now - at < 1000 ? 0 : ((this.#moved - moved) * 1000) / (now - at);
  }

  reset() {
    this.#samples = [];
  }
}
