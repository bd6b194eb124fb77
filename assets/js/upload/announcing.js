import { gettext } from "../language.js";

/** Above this a file goes in parts, each with its own checksum, so that it is not read twice. */
export const WHOLE_AT_MOST = 64 * 1024 * 1024;

/**
 * Announces a group of entries in an upload, which begins with the first: hashes the small ones, and notes on each
 * its file id and how it is to be sent. Tells `failed(entry, error)` of those that cannot be announced. Returns the upload's
 * id, or null where there is none yet.
 */
export async function announce(group, { portal, hasher, uploadId, facts, failed }) {
  let declared = (await Promise.all(group.map((entry) => describe(entry, hasher, failed)))).filter(Boolean);
  while (declared.length > 0) {
    try {
      return noteAnswer(declared, await reserve(portal, uploadId, facts, declared));
    } catch (error) {
      declared = dropRefused(declared, error, failed);
    }
  }
  return uploadId;
}

async function describe(entry, hasher, failed) {
  try {
    if (entry.size <= WHOLE_AT_MOST) entry.sha256 ??= await hasher.sha256(entry.file);
    return { entry, file: { name: entry.path, size: entry.size, ...(entry.sha256 && { sha256: entry.sha256 }) } };
  } catch (error) {
    failed(entry, error);
    return null;
  }
}

/** The key makes a repeated request the same request. */
function reserve(portal, uploadId, facts, declared) {
  const files = declared.map(({ file }) => file);
  const key = crypto.randomUUID();
  return uploadId ? portal.add(uploadId, files, key) : portal.begin(facts(), files, key);
}

function noteAnswer(declared, answer) {
  declared.forEach(({ entry }, index) => {
    entry.fileId = answer.files[index].file_id;
    entry.plan = answer.files[index];
  });
  return answer.upload_id;
}

/** Returns what may be announced without the files that the portal objected to: all, unless it named some. */
function dropRefused(declared, error, failed) {
  const named = new Map();
  for (const { pointer = "", message } of error.errors ?? []) {
    const [, index] = /^\/files\/(\d+)\b/.exec(pointer) ?? [];
    if (index) named.set(Number(index), new Error(gettext("This file cannot be sent: {message}.", { message })));
  }
  const refused = (index) => (named.size > 0 ? named.get(index) : error);
  declared.forEach(({ entry }, index) => refused(index) && failed(entry, refused(index)));
  return declared.filter((_, index) => !refused(index));
}
