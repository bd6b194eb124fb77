import { gettext } from "../language.js";

/** What a browser that cannot write straight to disk may pack: it keeps the whole ZIP to itself meanwhile. */
export const LARGEST_KEPT = 2_000_000_000;

/**
 * Asks where the ZIP goes, where the browser can ask; it must be called in a click. Returns
 * `{ largest, write(stream, signal), discard() }`, or null where somebody thought better of it.
 */
export async function chooseTarget(name) {
  if (!globalThis.showSaveFilePicker) return { largest: LARGEST_KEPT, write: keep(name), discard() {} };
  try {
    const types = [{ description: gettext("ZIP archive"), accept: { "application/zip": [".zip"] } }];
    const handle = await globalThis.showSaveFilePicker({ suggestedName: name, types });
    return { largest: Infinity, write: (stream, signal) => pour(stream, handle, signal), discard: () => discard(handle) };
  } catch (error) {
    if (error.name === "AbortError") return null;
    throw error;
  }
}

async function pour(stream, handle, signal) {
  // Nothing stands under the file's name before the stream has ended well.
  await stream.pipeTo(await handle.createWritable(), { signal });
}

/** Removes the empty file that the dialog made. Not every browser can. */
async function discard(handle) {
  try {
    const file = await handle.getFile();
    if (file.size === 0) await handle.remove?.();
  } catch {
    // It stays, empty.
  }
}

function keep(name) {
  return async (stream) => {
    const blob = await new Response(stream, { headers: { "Content-Type": "application/zip" } }).blob();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    // The browser has taken it up by then.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
}
