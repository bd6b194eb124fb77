/** What may stand before a JPEG's frame header: a camera's own thumbnail, a colour profile. */
const HEAD = 1024 * 1024;
const PNG = 0x89504e47;
const JPEG = 0xffd8;
/** Baseline, extended and progressive (T.81 table B.1), which browsers decode at 8 bits. */
const FRAMES = [0xc0, 0xc1, 0xc2];
const SCAN = 0xda;

/** Reads how large a JPEG or PNG is, in pixels: `{ width, height }`, or null where a browser could not decode it. */
export async function readPictureSize(picture) {
  const view = new DataView(await picture.slice(0, HEAD).arrayBuffer());
  if (view.byteLength < 24) return null;
  if (view.getUint32(0) === PNG) return { width: view.getUint32(16), height: view.getUint32(20) };
  return view.getUint16(0) === JPEG ? readFrameHeader(view) : null;
}

function readFrameHeader(view) {
  for (let at = 2; at + 9 <= view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    // Before a marker any number of FFs may stand.
    if (marker === 0xff) at += 1;
    else if (FRAMES.includes(marker)) {
      return view.getUint8(at + 4) === 8 ? { height: view.getUint16(at + 5), width: view.getUint16(at + 7) } : null;
    } else if (marker === SCAN) return null;
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}
