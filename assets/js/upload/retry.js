import { PassingError } from "./errors.js";
import { network } from "./network.js";

/** How often a server that answers may be busy before a file is given up, until somebody retries it. */
const ATTEMPTS = 8;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/**
 * Runs `attempt` until it succeeds, waiting longer each time, with jitter. Only a PassingError is tried again: as often
 * as it takes where the network was at fault. `attempt` is told how often it failed before.
 */
export async function retry(attempt, signal) {
  for (let failures = 0; ; failures += 1) {
    try {
      const result = await attempt(failures);
      network.works();
      return result;
    } catch (error) {
      if (!(error instanceof PassingError)) throw error;
      if (!error.unreached && failures + 1 >= ATTEMPTS) throw error;
      if (error.unreached) network.fails();
      const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 10));
      await network.pause(wait * (0.5 + Math.random() / 2), signal);
    }
  }
}
