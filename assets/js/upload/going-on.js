import { RefusedError } from "./errors.js";
import { Unfinished } from "./resuming.js";
import { counted, number, size } from "./words.js";

/**
 * Asks the portal what was announced of an upload, and adds an entry for each file that has not arrived. Returns
 * `{ unfinished, announced, text }`, or null where nothing is left to do, or the upload is not this user's to see.
 */
export async function whatIsLeft(uploadId, { portal, entries, memory, hasher }) {
  const remembered = memory.upload?.uploadId === uploadId ? memory.upload.chosen : 0;
  const unfinished = new Unfinished(hasher);
  let announced = 0;
  try {
    for await (const files of portal.announced(uploadId)) {
      announced += files.length;
      for (const file of files) unfinished.add({ ...file, entry: isSent(file, memory) ? null : needed(file, entries) });
    }
  } catch (error) {
    if (error instanceof RefusedError) return null;
    throw error;
  }
  const unannounced = Math.max(0, remembered - announced);
  if (entries.count("needed") === 0 && unannounced === 0) return null;
  return { unfinished, announced, text: told(entries, announced, unannounced) };
}

function isSent({ file_id: fileId, state }, memory) {
  return state !== "awaiting_upload" || memory.hasSent(fileId);
}

function needed({ file_id: fileId, name, size: bytes }, entries) {
  return entries.add({ path: name, size: bytes, file: null, state: "needed", fileId, chosenAgain: true });
}

function told(entries, announced, unannounced) {
  const left = entries.count("needed");
  const text = [`${number(announced - left)} of ${counted(announced + unannounced, "file")} have arrived.`];
  if (left > 0) text.push(`Listed below: ${counted(left, "file")} (${size(entries.bytes("needed"))}) still needed.`);
  if (unannounced > 0) text.push(`${counted(unannounced, "further file")} had been chosen, whose names only you know.`);
  return text.join(" ");
}
