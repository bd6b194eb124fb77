const NAME = "dicomImageLoader";
const MOST = 4;
/** How long nothing is decoded until workers are replaced, in milliseconds, and after how many images it is worth it. */
const IDLE = 2000;
const MANY = 32;

/** The workers that decode. Each keeps some megabytes of what it decoded, until it ends. */
export class Decoders {
  #address;
  #manager;
  #underWay = 0;
  #decoded = 0;
  #timer = 0;

  constructor(address, manager) {
    this.#address = address;
    this.#manager = manager;
    this.#register();
  }

  get count() {
    return Math.max(1, Math.min(MOST, Math.floor(navigator.hardwareConcurrency / 2)));
  }

  /** Keeps the workers as long as `promise` is not settled. */
  async watch(promise) {
    clearTimeout(this.#timer);
    this.#underWay += 1;
    await Promise.allSettled([promise]);
    this.#underWay -= 1;
    this.#decoded += 1;
    if (!this.#underWay && this.#decoded >= MANY) this.#timer = setTimeout(() => this.#renew(), IDLE);
  }

  #renew() {
    this.#decoded = 0;
    this.#manager.terminate(NAME);
    this.#register();
  }

  #register() {
    const begin = () => new Worker(this.#address, { type: "module" });
    this.#manager.registerWorker(NAME, begin, { maxWorkerInstances: this.count, overwrite: true });
  }
}
