import { BasePlugin } from "@uppy/core";
import { TaskQueue, filterFilesToEmitUploadStarted, filterFilesToUpload } from "@uppy/core/utils";
import { Hasher } from "./hashing.js";
import { Portal } from "./portal.js";
import { Sending } from "./sending.js";
import { Steering } from "./steering.js";

const FILES_AT_ONCE = 200;
const BYTES_AT_ONCE = 256 * 1024 * 1024;
const CONNECTIONS = 5;
const WAITING_AT_MOST = 2 * FILES_AT_ONCE;

/** Above this a file goes in parts, each with its own checksum, so that it is not read twice. */
export const WHOLE_AT_MOST = 64 * 1024 * 1024;

/**
 * Uppy's uploader for this portal. It announces files in groups, so that the first bytes go while later files are
 * still being hashed, and sends each by the requests that the portal signed.
 *
 * Uppy's own S3 plugin opens, lists and completes multipart uploads from the browser and signs no checksum; here the
 * portal does the former, and each signature covers exactly the bytes that were announced.
 */
export class Uploader extends BasePlugin {
  #portal;
  #hasher;
  #queue = new TaskQueue({ concurrency: CONNECTIONS });
  #uploadId = null;
  #waiting = 0;

  constructor(uppy, options) {
    super(uppy, options);
    this.id = "Uploader";
    this.type = "uploader";
    this.#portal = new Portal(options.csrfToken);
    this.#hasher = new Hasher(options.hashWorker);
  }

  install() {
    const { capabilities } = this.uppy.getState();
    this.uppy.setState({ capabilities: { ...capabilities, resumableUploads: true } });
    this.uppy.addUploader((ids) => this.#upload(ids));
  }

  /** The next files begin an upload of their own. */
  startAfresh() {
    this.#uploadId = null;
  }

  async #upload(ids) {
    const files = filterFilesToUpload(this.uppy.getFilesByIds(ids));
    this.uppy.emit("upload-start", filterFilesToEmitUploadStarted(files));
    const sent = [];
    for (const group of groupsOf(files)) {
      await this.#room();
      const plans = await this.#announce(group);
      for (const file of group) {
        if (!this.uppy.getFile(file.id)?.meta.fileId) continue;
        this.#waiting += 1;
        sent.push(this.#queue.add(() => this.#send(file.id, plans.get(file.id))).finally(() => (this.#waiting -= 1)));
      }
    }
    await Promise.allSettled(sent);
  }

  /** Waits until few enough files are announced and unsent: their signatures live for minutes only. */
  async #room() {
    while (this.#waiting > WAITING_AT_MOST) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  /** Announces what was not announced before, and returns the plans by Uppy's file id. */
  async #announce(group) {
    let declared = await this.#declared(group.filter((file) => !file.meta.fileId && this.uppy.getFile(file.id)));
    while (declared.length > 0) {
      try {
        return this.#noted(declared, await this.#reserve(declared.map(([, declaration]) => declaration)));
      } catch (error) {
        declared = this.#without(declared, error);
      }
    }
    return new Map();
  }

  /** Returns what may be announced without the files that the portal objected to: all, unless it named some. */
  #without(declared, error) {
    const named = new Map();
    for (const { pointer = "", message } of error.errors ?? []) {
      const [, index] = /^\/files\/(\d+)\b/.exec(pointer) ?? [];
      if (index) named.set(Number(index), new Error(`The portal cannot take this file: ${message}.`));
    }
    const refused = (index) => (named.size > 0 ? named.get(index) : error);
    declared.forEach(([file], index) => {
      if (refused(index)) this.uppy.emit("upload-error", this.uppy.getFile(file.id), refused(index));
    });
    return declared.filter((_, index) => !refused(index));
  }

  async #declared(files) {
    const declared = await Promise.all(
      files.map(async (file) => {
        try {
          return [file, await this.#declaration(file)];
        } catch (error) {
          this.uppy.emit("upload-error", this.uppy.getFile(file.id), error);
          return null;
        }
      }),
    );
    return declared.filter((one) => one !== null);
  }

  async #declaration({ data, meta }) {
    const declaration = { name: (meta.relativePath || meta.name).replace(/^\/+/, ""), size: data.size };
    if (data.size <= WHOLE_AT_MOST) declaration.sha256 = await this.#hasher.sha256(data);
    return declaration;
  }

  async #reserve(declarations) {
    if (this.#uploadId) return this.#portal.add(this.#uploadId, declarations);
    const answer = await this.#portal.begin(this.opts.reference(), declarations, crypto.randomUUID());
    this.#uploadId = answer.upload_id;
    return answer;
  }

  #noted(declared, { upload_id: uploadId, files }) {
    const plans = new Map();
    declared.forEach(([file], index) => {
      this.uppy.setFileMeta(file.id, { fileId: files[index].file_id, uploadId });
      plans.set(file.id, files[index]);
    });
    this.opts.onAnnounced(uploadId);
    return plans;
  }

  async #send(id, plan) {
    const file = this.uppy.getFile(id);
    if (!file) return;
    const steering = new Steering(this.uppy, id);
    const sending = this.#sending(file, plan);
    try {
      await steering.run((signal) => sending.run(signal));
      if (this.uppy.getFile(id)) this.uppy.emit("upload-success", this.uppy.getFile(id), { status: 200, body: {} });
    } catch (error) {
      if (this.uppy.getFile(id) && error.name !== "AbortError") this.uppy.emit("upload-error", this.uppy.getFile(id), error);
    } finally {
      steering.leave();
    }
  }

  #sending(file, plan) {
    const uploadStarted = Date.now();
    return new Sending({
      portal: this.#portal,
      hasher: this.#hasher,
      fileId: file.meta.fileId,
      blob: file.data,
      plan,
      onProgress: (bytesUploaded) => {
        const current = this.uppy.getFile(file.id);
        const progress = { uploadStarted, bytesUploaded, bytesTotal: file.data.size };
        if (current) this.uppy.emit("upload-progress", current, progress);
      },
    });
  }
}

/** Yields groups of at most 200 files and about 256 MiB to be hashed, in the order of selection. */
function* groupsOf(files) {
  let group = [];
  let bytes = 0;
  for (const file of files) {
    const hashed = file.data.size <= WHOLE_AT_MOST ? file.data.size : 0;
    if (group.length > 0 && (group.length >= FILES_AT_ONCE || bytes + hashed > BYTES_AT_ONCE)) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(file);
    bytes += hashed;
  }
  if (group.length > 0) yield group;
}
