import { gettext } from "../language.js";
import { digest } from "../digest.js";
import { PassingError, RefusedError } from "../upload/errors.js";
import { retry } from "../upload/retry.js";

/** A connection on which nothing moves for this long is dead, whatever the browser believes. */
const STALLED = 90_000;
/** How often a file's connection may break off without a byte in between. */
const BREAKS = 5;

/**
 * Yields a file's bytes from `at` on. A connection that breaks off goes on where it was. `moved` hears of bytes as they
 * come. Raises RefusedError, PassingError, SessionEndedError.
 */
export async function* readFrom(at, file, { listing, moved, signal }) {
  let breaks = 0;
  while (at < file.size) {
    const before = at;
    const { reader, ahead } = await retry(() => open(at, file, listing, signal), signal);
    let skipped = 0;
    try {
      for (let given = await next(reader); given; given = await next(reader)) {
        const chunk = given.subarray(Math.min(given.length, ahead - skipped));
        skipped += given.length - chunk.length;
        if (!chunk.length) continue;
        at += chunk.length;
        if (at > file.size) throw new RefusedError(gettext("Storage sent more than was accepted."));
        moved(chunk.length);
        yield chunk;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RefusedError) throw error;
    } finally {
      reader.cancel().catch(() => {});
    }
    breaks = at > before ? 0 : breaks + 1;
    if (breaks >= BREAKS) throw new PassingError(gettext("The connection to storage breaks off."));
  }
}

/** Returns a file's bytes, which are those that were accepted. Raises as `readFrom`. */
export async function readWhole(file, { listing, moved, signal }) {
  const whole = new Uint8Array(file.size);
  let at = 0;
  try {
    for await (const chunk of readFrom(0, file, { listing, moved, signal })) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    if (file.sha256 && (await digest(whole)) !== file.sha256) {
      throw new RefusedError(gettext("The bytes that came are not those that were accepted."));
    }
    return whole;
  } catch (error) {
    moved(-at);
    throw error;
  }
}

async function open(at, file, listing, signal) {
  for (const anew of [false, true]) {
    const url = await listing.url(file, { anew, signal });
    const response = await reach(url, at, signal);
    // Whoever does not know ranges gives the whole (RFC 9110, 14.2).
    if (response.ok) return { reader: response.body.getReader(), ahead: response.status === 206 ? 0 : at };
    await response.body?.cancel();
    // Storage takes no address that has lapsed, or was signed with keys that have.
    if ([400, 403].includes(response.status) && !anew) continue;
    if (response.status >= 500 || response.status === 429) throw new PassingError(gettext("Storage is busy."));
    throw new RefusedError(gettext("Storage did not return it ({status}).", { status: response.status }), { status: response.status });
  }
  return null;
}

async function reach(url, at, signal) {
  const headers = at ? { Range: `bytes=${at}-` } : {};
  try {
    return await fetch(url, { headers, signal, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new PassingError(gettext("Storage cannot be reached. Check your network connection."), { unreached: true });
  }
}

/** Returns the next chunk, or undefined at the end. */
async function next(reader) {
  let timer = 0;
  const stalled = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new PassingError(gettext("Nothing comes."))), STALLED);
  });
  try {
    const { done, value } = await Promise.race([reader.read(), stalled]);
    return done ? undefined : value;
  } finally {
    clearTimeout(timer);
  }
}
