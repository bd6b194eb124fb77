import { PassingError, RefusedError } from "./errors.js";
import { retrying } from "./retrying.js";

const BUSY = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The portal's routes for its own uploader: the session's cookie says who, the token that a page of ours asks. */
export class Portal {
  #csrfToken;

  constructor(csrfToken) {
    this.#csrfToken = csrfToken;
  }

  /** Announces an upload with its first files. The key makes a repeated request the same request. */
  begin(reference, files, key) {
    return this.#send("POST", "/upload/new", { body: { reference, files }, headers: { "Idempotency-Key": key } });
  }

  add(uploadId, files) {
    return this.#send("POST", `/upload/${uploadId}/files`, { body: { files } });
  }

  /** Signs a file's PUT anew, or tells how it is cut and which parts S3 holds. */
  sign(fileId, signal) {
    return this.#send("POST", `/upload/file/${fileId}/sign`, { body: {}, signal });
  }

  signParts(fileId, parts, signal) {
    return this.#send("POST", `/upload/file/${fileId}/parts`, { body: { parts }, signal });
  }

  complete(fileId, signal) {
    return this.#send("POST", `/upload/file/${fileId}/complete`, { body: {}, signal });
  }

  #send(method, path, options) {
    return retrying(() => this.#once(method, path, options), options.signal);
  }

  async #once(method, path, { body, headers = {}, signal }) {
    const response = await reach(path, {
      method,
      signal,
      headers: { ...headers, "X-CSRF-Token": this.#csrfToken, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    if (response.ok) return response.status === 204 ? null : response.json();
    throw await refusal(response);
  }
}

async function reach(path, options) {
  try {
    return await fetch(path, { ...options, redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new PassingError("The portal cannot be reached. Check your network connection.");
  }
}

async function refusal(response) {
  const told = response.headers.get("Content-Type")?.includes("json") ? await response.json() : {};
  if (BUSY.has(response.status)) return new PassingError("The portal is busy.");
  if (response.status === 401) return new RefusedError("Your session has ended. Sign in again, then retry.", response);
  return new RefusedError(told.detail || told.title || "The portal refused this file.", {
    status: response.status,
    errors: told.errors,
  });
}
