import { gettext } from "../language.js";
import { PassingError, RefusedError, SessionEndedError } from "./errors.js";
import { retry } from "./retry.js";

const WITHDRAWN_AT_ONCE = 100;
const BUSY = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The portal's routes for its own uploader: the session's cookie says who, the token that a page of ours asks. */
export class Portal {
  #csrfToken;

  constructor(csrfToken) {
    this.#csrfToken = csrfToken;
  }

  /** Announces an upload with its first files. */
  begin(facts, files, key) {
    return this.#send("POST", "/upload/new", { body: { ...facts, files }, headers: { "Idempotency-Key": key } });
  }

  add(uploadId, files, key) {
    return this.#send("POST", `/upload/${uploadId}/files`, { body: { files }, headers: { "Idempotency-Key": key } });
  }

  /** Says which files are not coming after all. */
  async withdraw(fileIds) {
    for (let start = 0; start < fileIds.length; start += WITHDRAWN_AT_ONCE) {
      const some = fileIds.slice(start, start + WITHDRAWN_AT_ONCE);
      await this.#send("POST", "/upload/withdraw", { body: { file_ids: some } });
    }
  }

  /** Yields an upload's files, `{ file_id, name, size, sha256, state }`, a page at a time. */
  async *announced(uploadId) {
    let cursor = "";
    do {
      const page = await this.#send("GET", `/upload/${uploadId}/files${cursor}`, {});
      yield page.files;
      cursor = page.next ? `?cursor=${encodeURIComponent(page.next)}` : "";
    } while (cursor);
  }

  /** Takes the token of whoever has signed in meanwhile, in another tab. */
  async renew() {
    const response = await reach("/upload", { redirect: "manual" });
    if (!response.ok) throw new SessionEndedError();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    this.#csrfToken = page.querySelector("#intake")?.dataset.csrf ?? this.#csrfToken;
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
    return retry(() => this.#once(method, path, options), options.signal);
  }

  async #once(method, path, { body, headers = {}, signal }) {
    const response = await reach(path, {
      method,
      signal,
      redirect: "error",
      headers: { ...headers, "X-CSRF-Token": this.#csrfToken, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    if (response.ok) return response.status === 204 ? null : response.json();
    throw await refusal(response);
  }
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new PassingError(gettext("The portal cannot be reached. Check your network connection."), { unreached: true });
  }
}

async function refusal(response) {
  const told = response.headers.get("Content-Type")?.includes("json") ? await response.json() : {};
  if (BUSY.has(response.status)) return new PassingError(gettext("The portal is busy."));
  // 403: somebody has signed in anew meanwhile, and this page's token is of the session before.
  if (response.status === 401 || response.status === 403) return new SessionEndedError();
  return new RefusedError(told.detail || told.title || gettext("This file was not accepted."), {
    status: response.status,
    errors: told.errors,
  });
}
