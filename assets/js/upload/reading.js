import { yieldToPage } from "./queue.js";

const SLICE = 200;
const ASKED_AT_ONCE = 25;

/**
 * Yields what was chosen by an input of type file, in slices of `{ path, file }`, letting the page breathe between
 * them. A chosen folder's files carry their path in it.
 */
export async function* readInput(input) {
  const files = Array.from(input.files);
  // The same file may be chosen again: it fires no event otherwise.
  input.value = "";
  for (let start = 0; start < files.length; start += SLICE) {
    yield files.slice(start, start + SLICE).map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    await yieldToPage();
  }
}

/** Takes hold of what was dropped. To be called in the event itself: afterwards the browser forgets it. */
export function takeDropped(transfer) {
  return Array.from(transfer.items)
    .filter((item) => item.kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
}

/** Yields dropped files and all that is in dropped folders, as `readInput` does. Tells `unreadable` what cannot be. */
export async function* readDrop(items, unreadable) {
  const loose = items.filter(({ entry }) => !entry?.isDirectory).map(({ file }) => ({ path: file.name, file }));
  if (loose.length > 0) yield loose;
  const folders = items.filter(({ entry }) => entry?.isDirectory).map(({ entry }) => entry);
  while (folders.length > 0) {
    for await (const children of readFolder(folders.shift(), unreadable)) {
      folders.push(...children.filter((child) => child.isDirectory));
      yield await openFiles(children.filter((child) => child.isFile), unreadable);
      await yieldToPage();
    }
  }
}

/** A browser hands out a folder's entries a hundred or so at a time, and none at the end. */
async function* readFolder(folder, unreadable) {
  const reader = folder.createReader();
  for (;;) {
    let children;
    try {
      children = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    } catch {
      // The folder was removed, or may not be read: the user is told which.
      unreadable.push(folder.fullPath.slice(1));
      return;
    }
    if (children.length === 0) return;
    yield children;
  }
}

/** Asks for a few files at a time: Chromium handles all answers, and those that come in meanwhile, in one go. */
async function openFiles(children, unreadable) {
  const found = [];
  for (let start = 0; start < children.length; start += ASKED_AT_ONCE) {
    const some = children.slice(start, start + ASKED_AT_ONCE);
    found.push(...(await Promise.all(some.map((child) => openFile(child, unreadable)))));
    await yieldToPage();
  }
  return found.filter(Boolean);
}

async function openFile(child, unreadable) {
  const path = child.fullPath.replace(/^\/+/, "");
  try {
    return { path, file: await new Promise((resolve, reject) => child.file(resolve, reject)) };
  } catch {
    unreadable.push(path);
    return null;
  }
}
