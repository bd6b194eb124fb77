/** Tags as they stand in the file: an item, and what ends them (PS3.5 A.4). */
const ITEM = 0xe000fffe;
const UNDEFINED = 0xffffffff;
/** More pieces than any encoder cuts one frame into. */
const MOST_FRAGMENTS = 1000;
const LONGEST_TABLE = 4 * 65_536;

/**
 * Finds the middle frame's JPEG in encapsulated pixel data (PS3.5 A.4), without reading it; null where there is none.
 * Without an offset table nothing tells where a frame ends: then the first fragment is taken for the first frame.
 */
export async function findJpeg(file, { at, frames }) {
  const table = await readItem(file, at);
  if (table === null) return null;
  const begin = at + 8 + table;
  if (frames === 1) return collect(file, begin, Infinity, MOST_FRAGMENTS);
  if (table !== 4 * frames || table > LONGEST_TABLE) return collect(file, begin, Infinity, 1);
  const offsets = new DataView(await file.slice(at + 8, begin).arrayBuffer());
  const offset = (frame) => (frame < frames ? offsets.getUint32(4 * frame, true) : Infinity);
  const middle = Math.floor(frames / 2);
  return collect(file, begin + offset(middle), begin + offset(middle + 1), MOST_FRAGMENTS);
}

async function collect(file, from, to, most) {
  const parts = [];
  for (let at = from; at < to && parts.length < most; ) {
    const length = await readItem(file, at);
    if (length === null) break;
    parts.push(file.slice(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return parts.length > 0 ? new Blob(parts, { type: "image/jpeg" }) : null;
}

/** The length of the item that begins at a place, or null where none does. */
async function readItem(file, at) {
  const view = new DataView(await file.slice(at, at + 8).arrayBuffer());
  if (view.byteLength < 8 || view.getUint32(0, true) !== ITEM) return null;
  const length = view.getUint32(4, true);
  return length === UNDEFINED ? null : length;
}
