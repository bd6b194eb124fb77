import { EventManager } from "@uppy/core";

/** Pauses, resumes and gives up the sending of one file, as its user says. */
export class Steering {
  #events;
  #controller = new AbortController();
  #resumed = null;
  #resume = null;

  constructor(uppy, id) {
    this.#events = new EventManager(uppy);
    this.#events.onFilePause(id, (paused) => (paused ? this.#pause() : this.#goOn()));
    this.#events.onPauseAll(id, () => this.#pause());
    this.#events.onResumeAll(id, () => this.#goOn());
    this.#events.onFileRemove(id, () => this.#giveUp());
    this.#events.onCancelAll(id, () => this.#giveUp());
  }

  /** Runs `work`, and runs it again after a pause: it goes on from what S3 holds. */
  async run(work) {
    for (;;) {
      try {
        return await work(this.#controller.signal);
      } catch (error) {
        if (error.name !== "AbortError" || !this.#resumed) throw error;
        await this.#resumed;
      }
    }
  }

  leave() {
    this.#events.remove();
  }

  #pause() {
    if (this.#resumed) return;
    this.#resumed = new Promise((resolve) => (this.#resume = resolve));
    this.#controller.abort();
  }

  #goOn() {
    if (!this.#resumed) return;
    this.#controller = new AbortController();
    this.#resumed = null;
    this.#resume();
  }

  #giveUp() {
    this.#goOn();
    this.#controller.abort();
  }
}
