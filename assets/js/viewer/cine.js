const FASTEST = 60;

/** Plays a stack, from its end on from its beginning. It waits for images that are not there yet. */
export class Cine {
  #stage;
  #timer = 0;

  constructor(stage) {
    this.#stage = stage;
  }

  get plays() {
    return this.#timer !== 0;
  }

  begin(rate) {
    this.end();
    this.#timer = setInterval(() => this.#turn(), 1000 / Math.min(FASTEST, Math.max(1, rate)));
  }

  end() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #turn() {
    const { viewport } = this.#stage;
    // What was asked for last is not shown yet.
    if (viewport.getCurrentImageIdIndex() !== viewport.getTargetImageIdIndex()) return;
    this.#stage.go((viewport.getTargetImageIdIndex() + 1) % viewport.getImageIds().length);
  }
}
