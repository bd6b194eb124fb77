import { gettext } from "../language.js";
import { PassingError, RefusedError, UnreadableFileError } from "./errors.js";

// The browser sets these by itself and lets nobody else do so.
const FORBIDDEN = new Set(["host", "content-length"]);

/** A connection on which nothing moves for this long is dead, whatever the browser believes. */
const STALLED = 90_000;

/**
 * Sends bytes by a presigned request, with exactly its headers, and tells how many have gone.
 * Resolves to the status: 2xx, or 412 where S3 holds the object already.
 */
export function transfer(presigned, bytes, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const lost = () => reject(new PassingError(gettext("The connection to storage was lost."), { unreached: true }));
    const watch = watchdog(() => {
      lost();
      request.abort();
    });
    signal.addEventListener("abort", abort, { once: true });
    request.open("PUT", presigned.url);
    for (const [name, value] of Object.entries(presigned.headers)) {
      if (!FORBIDDEN.has(name.toLowerCase())) request.setRequestHeader(name, value);
    }
    request.upload.onprogress = ({ loaded }) => {
      // A file that is on its way keeps the session alive, however long it takes.
      document.dispatchEvent(new Event("scalper:active"));
      watch.moved();
      onProgress(loaded);
    };
    request.onload = () => (arrived(request.status) ? resolve(request.status) : reject(refusal(request.status)));
    // A file that was changed or removed looks like a lost connection, too.
    request.onerror = () => readable(bytes).then(lost, () => reject(new UnreadableFileError()));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => {
      watch.leave();
      signal.removeEventListener("abort", abort);
    };
    request.send(bytes);
  });
}

function readable(bytes) {
  return bytes.slice(0, 1).arrayBuffer();
}

function watchdog(bark) {
  let timer = setTimeout(bark, STALLED);
  return {
    moved() {
      clearTimeout(timer);
      timer = setTimeout(bark, STALLED);
    },
    leave: () => clearTimeout(timer),
  };
}

function arrived(status) {
  return (status >= 200 && status < 300) || status === 412;
}

function refusal(status) {
  if (status === 400) {
    // Length and checksum are part of the signature: S3 refuses anything but the bytes that were announced.
    return new RefusedError(gettext("This file has changed since you chose it. Choose it again."), { status });
  }
  return new PassingError(gettext("Storage answered {status}.", { status }));
}
