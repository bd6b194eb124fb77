import { RefusedError } from "./errors.js";
import { retrying } from "./retrying.js";
import { transfer } from "./transfer.js";

// A presigned request with less time left than this is signed anew before it is used.
const MARGIN = 20_000;
const PARTS_SIGNED_AT_ONCE = 8;

/** Sends one file to S3: in one PUT, or in parts, going on from those that S3 holds already. */
export class Sending {
  #portal;
  #hasher;
  #fileId;
  #blob;
  #plan;
  #onProgress;

  constructor({ portal, hasher, fileId, blob, plan, onProgress }) {
    this.#portal = portal;
    this.#hasher = hasher;
    this.#fileId = fileId;
    this.#blob = blob;
    this.#plan = plan;
    this.#onProgress = onProgress;
  }

  async run(signal) {
    const plan = this.#plan ?? (await this.#portal.sign(this.#fileId, signal));
    // What S3 holds of a file changes while it is sent: a second run asks anew.
    this.#plan = plan.multipart ? null : plan;
    await (plan.multipart ? this.#inParts(plan.multipart, signal) : this.#whole(signal));
  }

  #whole(signal) {
    return retrying(async (failures) => {
      if (failures > 0 || lapsed(this.#plan.put)) {
        const plan = await this.#portal.sign(this.#fileId, signal).catch(unlessArrived(failures));
        if (!plan) return;
        this.#plan = plan;
      }
      await transfer(this.#plan.put, this.#blob, { onProgress: this.#onProgress, signal });
    }, signal);
  }

  async #inParts({ part_size: partSize, held }, signal) {
    const missing = partsOf(this.#blob.size, partSize, held);
    let sent = held.reduce((sum, part) => sum + part.size, 0);
    this.#onProgress(sent);
    while (missing.length > 0) {
      for (const [part, presigned] of await this.#signed(missing.splice(0, PARTS_SIGNED_AT_ONCE), signal)) {
        await this.#part(part, presigned, sent, signal);
        sent += part.size;
      }
    }
    await this.#portal.complete(this.#fileId, signal);
  }

  /** Hashes and signs a few parts: each part's checksum is part of its signature. */
  async #signed(parts, signal) {
    const wanted = await Promise.all(
      parts.map(async (part) => ({ number: part.number, sha256: await this.#hasher.sha256(this.#slice(part)) })),
    );
    const { parts: presigned } = await this.#portal.signParts(this.#fileId, wanted, signal);
    return parts.map((part, index) => [part, presigned[index]]);
  }

  #part(part, presigned, sent, signal) {
    let current = presigned;
    return retrying(async (failures) => {
      if (failures > 0 || lapsed(current)) [[, current]] = await this.#signed([part], signal);
      const onProgress = (loaded) => this.#onProgress(sent + loaded);
      const status = await transfer(current, this.#slice(part), { onProgress, signal });
      if (status === 412) throw new RefusedError("Storage refused a part of this file.", { status });
    }, signal);
  }

  #slice({ start, size }) {
    return this.#blob.slice(start, start + size);
  }
}

/** A file that is no longer awaited after a try whose answer was lost has arrived by that try. */
function unlessArrived(failures) {
  return (error) => {
    if (failures > 0 && error.status === 409) return null;
    throw error;
  };
}

function lapsed({ expires_at: expiresAt }) {
  return Date.parse(expiresAt) - Date.now() < MARGIN;
}

function partsOf(total, partSize, held) {
  const there = new Set(held.map((part) => part.number));
  const parts = [];
  for (let start = 0, number = 1; start < total; start += partSize, number += 1) {
    if (!there.has(number)) parts.push({ number, start, size: Math.min(partSize, total - start) });
  }
  return parts;
}
