import { PassingError } from "./errors.js";

const ATTEMPTS = 8;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/**
 * Runs `attempt` until it succeeds, waiting longer each time, with jitter, and until the network is back.
 * Only a PassingError is tried again; `attempt` is told how often it failed before.
 */
export async function retrying(attempt, signal) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt(failures);
    } catch (error) {
      if (!(error instanceof PassingError) || failures + 1 >= ATTEMPTS) throw error;
      await pause(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + Math.random() / 2), signal);
      await online(signal);
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

function online(signal) {
  if (navigator.onLine) return undefined;
  return new Promise((resolve, reject) => {
    globalThis.addEventListener("online", resolve, { once: true });
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
