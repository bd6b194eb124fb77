import { kindOf } from "../kinds.js";
import { describePixels } from "./description.js";
import { findJpeg } from "./fragments.js";
import { readPictureSize } from "./picture-size.js";
import { rasterize } from "./rasterize.js";

/** The longer side of a picture, in pixels: it is shown at half of it, and sharp on dense screens. */
const EDGE = 256;
/** What is read of a file for one picture, at the most. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What a browser may be asked to decode: it takes four bytes for each, whatever the file is compressed to. */
const MOST_PIXELS = 50_000_000;
const HEAD = 512;

const NOTHING = { none: "nothing" };
const LATER = { none: "later" };

/**
 * Draws one picture of a file: `{ bitmap }`, or why there is none, `{ none }`: `nothing` where the file shows nothing,
 * `later` where it takes more than a browser brings. Of a DICOM file it is the middle frame, of which alone is read.
 */
export async function draw(file) {
  const kind = kindOf(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  if (kind === "dicom") return drawImage(file);
  if (kind === "jpeg" || kind === "png") return drawPicture(file);
  return LATER;
}

async function drawImage(file) {
  const pixels = await describePixels(file);
  if (pixels === null) return LATER;
  if (!pixels.drawn) return pixels.rows ? LATER : NOTHING;
  if (pixels.encapsulated) return drawPicture(await findJpeg(file, pixels), pixels.photometric === "MONOCHROME1");
  const start = pixels.at + Math.floor(pixels.frames / 2) * pixels.frameBytes;
  // Cut off: the judge will say so.
  if (pixels.frameBytes > MOST_BYTES || start + pixels.frameBytes > file.size) return LATER;
  const frame = await file.slice(start, start + pixels.frameBytes).arrayBuffer();
  return { bitmap: await createImageBitmap(rasterize(pixels, frame, EDGE)) };
}

/** Lets the browser decode a JPEG or PNG, of which it is known beforehand how much memory that takes. */
async function drawPicture(picture, inverted = false) {
  if (picture === null || picture.size > MOST_BYTES) return LATER;
  const size = await readPictureSize(picture);
  if (size === null || size.width * size.height > MOST_PIXELS) return LATER;
  const side = size.width >= size.height ? "Width" : "Height";
  const edge = Math.min(EDGE, Math.max(size.width, size.height));
  const bitmap = await createImageBitmap(picture, { [`resize${side}`]: edge, resizeQuality: "medium" });
  return { bitmap: inverted ? invert(bitmap) : bitmap };
}

function invert(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  context.globalCompositeOperation = "difference";
  context.fillStyle = "white";
  context.fillRect(0, 0, bitmap.width, bitmap.height);
  return canvas.transferToImageBitmap();
}
