/** What is known of the way to the portal and to storage; `change` is told when that changes. */
class Network extends EventTarget {
  #failures = 0;

  get offline() {
    return !navigator.onLine;
  }

  /** Whether requests have failed lately without the browser knowing that it is offline. */
  get shaky() {
    return this.#failures > 1;
  }

  works() {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.dispatchEvent(new Event("change"));
  }

  fails() {
    this.#failures += 1;
    this.dispatchEvent(new Event("change"));
  }

  /** Waits that long, but not a moment longer than until the network comes back, and as long as it is away. */
  pause(milliseconds, signal) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const over = () => {
        if (!this.offline) settle(resolve);
      };
      const timer = setTimeout(over, milliseconds);
      const settle = (how) => {
        clearTimeout(timer);
        globalThis.removeEventListener("online", over);
        signal?.removeEventListener("abort", abort);
        how();
      };
      const abort = () => settle(() => reject(signal.reason));
      globalThis.addEventListener("online", over);
      signal?.addEventListener("abort", abort);
    });
  }
}

export const network = new Network();
for (const event of ["online", "offline"]) {
  globalThis.addEventListener(event, () => network.dispatchEvent(new Event("change")));
}
