import { PassingError, RefusedError } from "./errors.js";

// The browser sets these by itself and lets nobody else do so.
const FORBIDDEN = new Set(["host", "content-length"]);

/**
 * Sends bytes by a presigned request, with exactly its headers, and tells how many have gone.
 * Resolves to the status: 2xx, or 412 where S3 holds the object already.
 */
export function transfer(presigned, bytes, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort, { once: true });
    request.open("PUT", presigned.url);
    for (const [name, value] of Object.entries(presigned.headers)) {
      if (!FORBIDDEN.has(name.toLowerCase())) request.setRequestHeader(name, value);
    }
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => (arrived(request.status) ? resolve(request.status) : reject(refusal(request.status)));
    request.onerror = () => reject(new PassingError("The connection to storage was lost."));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => signal.removeEventListener("abort", abort);
    request.send(bytes);
  });
}

function arrived(status) {
  return (status >= 200 && status < 300) || status === 412;
}

function refusal(status) {
  if (status === 400) {
    // Length and checksum are part of the signature: S3 refuses anything but the bytes that were announced.
    return new RefusedError("This file changed after you chose it. Choose it again.", { status });
  }
  return new PassingError(`Storage answered ${status}.`);
}
