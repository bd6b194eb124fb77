import dicomParser from "dicom-parser";
import { attempt } from "../dicom.js";

/** How much of a file is read in search of its pixels: most headers are short, those of whole volumes are long. */
const HEADS = [256 * 1024, 4 * 1024 * 1024];
const PIXEL_DATA = "x7fe00010";
const NATIVE = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"];
/** JPEG baseline and extended: what browsers decode themselves, as long as it is of 8 bits. */
const JPEG = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"];
const MONOCHROME = ["MONOCHROME1", "MONOCHROME2"];
/** A JPEG that says RGB would be decoded as if it said YBR. */
const COLOURS = { native: ["RGB", "YBR_FULL"], encapsulated: ["YBR_FULL", "YBR_FULL_422"] };

/**
 * Describes a DICOM file's pixels (PS3.3 C.7.6.3), and where in the file they begin. `drawn` says whether they can be
 * drawn without a codec of our own; null where the header cannot be read that far.
 */
export async function describePixels(file) {
  for (const size of HEADS) {
    const bytes = new Uint8Array(await file.slice(0, size).arrayBuffer());
    const header = attempt(() => dicomParser.parseDicom(bytes, { untilTag: PIXEL_DATA }));
    if (header) return attempt(() => describe(header));
    if (bytes.length < size) return null;
  }
  return null;
}

function describe(header) {
  const element = header.elements[PIXEL_DATA];
  const syntax = header.string("x00020010");
  const [samples, allocated] = [header.uint16("x00280002") ?? 1, header.uint16("x00280100")];
  const rows = header.uint16("x00280010");
  const columns = header.uint16("x00280011");
  const stored = header.uint16("x00280101") ?? allocated;
  const pixels = {
    rows,
    columns,
    samples,
    allocated,
    stored,
    high: header.uint16("x00280102") ?? stored - 1,
    signed: header.uint16("x00280103") === 1,
    planar: header.uint16("x00280006") === 1,
    photometric: header.string("x00280004") ?? "",
    frames: Math.max(1, Number.parseInt(header.string("x00280008") ?? "1", 10) || 1),
    slope: first(header, "x00281053") || 1,
    intercept: first(header, "x00281052") ?? 0,
    window: { center: first(header, "x00281050"), width: first(header, "x00281051") },
    padding: header.elements.x00280120?.length === 2 ? header.uint16("x00280120") : null,
    encapsulated: element?.hadUndefinedLength === true,
    at: element?.dataOffset,
    frameBytes: (rows * columns * samples * allocated) / 8,
  };
  return { ...pixels, drawn: element !== undefined && rows > 0 && columns > 0 && isDrawn(pixels, syntax) };
}

function isDrawn({ samples, allocated, stored, high, photometric, encapsulated }, syntax) {
  if (!(encapsulated ? JPEG : NATIVE).includes(syntax)) return false;
  if (stored < 1 || stored > allocated || high >= allocated || high < stored - 1) return false;
  if (samples === 1) return MONOCHROME.includes(photometric) && (allocated === 8 || (allocated === 16 && !encapsulated));
  return samples === 3 && allocated === 8 && COLOURS[encapsulated ? "encapsulated" : "native"].includes(photometric);
}

/** The first of a decimal string's values (PS3.5 6.2, DS), or undefined. */
function first(header, tag) {
  const text = (header.string(tag) ?? "").split("\\")[0].trim();
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
}
