import { gettext } from "../language.js";
import { OtherFileError, RefusedError } from "./errors.js";
import { retry } from "./retry.js";
import { transfer } from "./transfer.js";

// A presigned request with less time left than this is signed anew before it is used.
const MARGIN = 20_000;
const PARTS_SIGNED_AT_ONCE = 8;
/** Of a file that was chosen again, so many of the parts that S3 holds are compared, from the first to the last. */
const PARTS_COMPARED = 8;

/** Sends one file to S3: in one PUT, or in parts, going on from those that S3 holds already. */
export class Sending {
  #portal;
  #hasher;
  #fileId;
  #blob;
  #plan;
  #chosenAgain;
  #onProgress;

  constructor({ portal, hasher, fileId, blob, plan, chosenAgain, onProgress }) {
    this.#portal = portal;
    this.#hasher = hasher;
    this.#fileId = fileId;
    this.#blob = blob;
    this.#plan = plan;
    this.#chosenAgain = chosenAgain;
    this.#onProgress = onProgress;
  }

  async run(signal) {
    this.#plan ??= await this.#portal.sign(this.#fileId, signal).catch(unlessArrived(this.#chosenAgain));
    if (!this.#plan) return;
    const { multipart } = this.#plan;
    await (multipart ? this.#sendInParts(multipart, signal) : this.#sendWhole(signal));
  }

  #sendWhole(signal) {
    return retry(async (failures) => {
      if (failures > 0 || isLapsed(this.#plan.put)) {
        const plan = await this.#portal.sign(this.#fileId, signal).catch(unlessArrived(failures > 0));
        if (!plan) return;
        this.#plan = plan;
      }
      await transfer(this.#plan.put, this.#blob, { onProgress: this.#onProgress, signal });
    }, signal);
  }

  async #sendInParts({ part_size: partSize, held }, signal) {
    if (this.#chosenAgain) await this.#compareHeld(partSize, held);
    const missing = listMissing(this.#blob.size, partSize, held);
    let sent = held.reduce((sum, part) => sum + part.size, 0);
    this.#onProgress(sent);
    while (missing.length > 0) {
      for (const [part, presigned] of await this.#sign(missing.splice(0, PARTS_SIGNED_AT_ONCE), signal)) {
        await this.#sendPart(part, presigned, sent, signal);
        sent += part.size;
      }
    }
    await this.#portal.complete(this.#fileId, signal);
  }

  /** Makes sure that the rest of one file does not go on to the beginning of another. */
  async #compareHeld(partSize, held) {
    const step = Math.max(1, (held.length - 1) / (PARTS_COMPARED - 1));
    for (let index = 0; index < held.length; index += step) {
      const { number, size, sha256 } = held[Math.min(Math.round(index), held.length - 1)];
      const ours = await this.#hasher.sha256(this.#slice({ start: (number - 1) * partSize, size }));
      if (ours !== sha256) throw new OtherFileError();
    }
  }

  /** Hashes and signs a few parts: each part's checksum is part of its signature. */
  async #sign(parts, signal) {
    const wanted = await Promise.all(
      parts.map(async (part) => ({ number: part.number, sha256: await this.#hasher.sha256(this.#slice(part)) })),
    );
    const { parts: presigned } = await this.#portal.signParts(this.#fileId, wanted, signal);
    return parts.map((part, index) => [part, presigned[index]]);
  }

  #sendPart(part, presigned, sent, signal) {
    let current = presigned;
    return retry(async (failures) => {
      if (failures > 0 || isLapsed(current)) [[, current]] = await this.#sign([part], signal);
      const onProgress = (loaded) => this.#onProgress(sent + loaded);
      const status = await transfer(current, this.#slice(part), { onProgress, signal });
      if (status === 412) throw new RefusedError(gettext("A part of this file was not accepted by storage."), { status });
    }, signal);
  }

  #slice({ start, size }) {
    return this.#blob.slice(start, start + size);
  }
}

/** A file that is no longer awaited after a try whose answer may have been lost has arrived by that try. */
function unlessArrived(tried) {
  return (error) => {
    if (tried && error.status === 409) return null;
    throw error;
  };
}

function isLapsed({ expires_at: expiresAt }) {
  return Date.parse(expiresAt) - Date.now() < MARGIN;
}

function listMissing(total, partSize, held) {
  const there = new Set(held.map((part) => part.number));
  const parts = [];
  for (let start = 0, number = 1; start < total; start += partSize, number += 1) {
    if (!there.has(number)) parts.push({ number, start, size: Math.min(partSize, total - start) });
  }
  return parts;
}
