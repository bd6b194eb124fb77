import { isCarrierName } from "./carriers.js";
import { kindByName } from "./names.js";

/** The end of a ZIP's directory, with the longest comment that may follow it. */
const LONGEST_END = 22 + 0xffff;
const END = 0x06054b50;
const END_64_LOCATOR = 0x07064b50;
const ENTRY = 0x02014b50;
/** A directory of some 100,000 entries: what is larger is left to the judge. */
const LARGEST_DIRECTORY = 16 * 1024 * 1024;
const DOCUMENTS = /\.(?:pdf|xml|hl7|json|csv|txt|html?|jpe?g|png|tiff?|nii|gz|zip)$/i;

/**
 * Reads a ZIP's directory (APPNOTE 4.3): how many images it holds, by the names of its entries; null where it cannot be
 * told. Only the last bytes of the file are read.
 */
export async function countImages(file) {
  const start = Math.max(0, file.size - LONGEST_END);
  const tail = await view(file, start, file.size);
  const end = findEnd(tail);
  if (end === null || (end >= 20 && tail.getUint32(end - 20, true) === END_64_LOCATOR)) return null;
  const size = tail.getUint32(end + 12, true);
  const at = start + end - size;
  if (size > LARGEST_DIRECTORY || at < 0) return null;
  const directory = await view(file, at, start + end);
  return countNames(directory, tail.getUint16(end + 10, true));
}

/** Whether a path is an image's, as far as a name tells: DICOM files have any name, or none. */
export function mayBeImage(path) {
  const name = path.split("/").at(-1);
  const other = DOCUMENTS.test(name) || name.toUpperCase() === "DICOMDIR" || kindByName(path) !== null;
  return name !== "" && !other && !isCarrierName(path);
}

async function view(file, from, to) {
  return new DataView(await file.slice(from, to).arrayBuffer());
}

function findEnd(tail) {
  for (let at = tail.byteLength - 22; at >= 0; at -= 1) {
    if (tail.getUint32(at, true) === END && at + 22 + tail.getUint16(at + 20, true) === tail.byteLength) return at;
  }
  return null;
}

function countNames(directory, entries) {
  const text = new TextDecoder();
  let images = 0;
  let at = 0;
  for (let entry = 0; entry < entries; entry += 1) {
    if (at + 46 > directory.byteLength || directory.getUint32(at, true) !== ENTRY) return null;
    const [name, extra, comment] = [28, 30, 32].map((field) => directory.getUint16(at + field, true));
    if (at + 46 + name > directory.byteLength) return null;
    const path = text.decode(new Uint8Array(directory.buffer, at + 46, name)).replaceAll("\\", "/");
    if (mayBeImage(path)) images += 1;
    at += 46 + name + extra + comment;
  }
  return images;
}
