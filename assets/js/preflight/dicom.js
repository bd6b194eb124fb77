import dicomParser from "dicom-parser";
import { readIdentity } from "./identity.js";

const TRANSFER_SYNTAX = "x00020010";
const MEDIA_STORAGE_CLASS = "x00020002";
const SOP_INSTANCE = "x00080018";
const STUDY = "x0020000d";
const SERIES = "x0020000e";
const INSTANCE_NUMBER = "x00200013";
const DEFLATED = "1.2.840.10008.1.2.1.99";
const IDENTITIES = [SOP_INSTANCE, STUDY, SERIES];
/** Media Storage Directory Storage: a DICOMDIR. */
const MEDIA_DIRECTORY = "1.2.840.10008.1.3.10";

/**
 * Looks at a DICOM file's header: returns `{ trouble, instance, image, isDirectory }`, where `trouble` is
 * `dicom-unreadable`, `dicom-unidentified`, or null where nothing is wrong or the head does not tell; `instance` its SOP
 * Instance UID, or null; `image` whom and what it shows, as `readIdentity` tells it, or null. `whole` says that `bytes`
 * is all of the file.
 */
export function readHeader(bytes, whole) {
  // dicom-parser wants the preamble; without one the judge looks alone.
  if (String.fromCharCode(...bytes.subarray(128, 132)) !== "DICM") return header(null);
  const meta = attempt(() => dicomParser.readPart10Header(bytes));
  if (!meta) return header(whole ? "dicom-unreadable" : null);
  if (meta.string(MEDIA_STORAGE_CLASS) === MEDIA_DIRECTORY) return { ...header(null), isDirectory: true };
  // Inflating is the judge's business: a small file can hold a very large data set.
  if (meta.string(TRANSFER_SYNTAX) === DEFLATED) return header(null);
  // Without a number, what follows on the series is looked through for it, and may be cut off.
  const found = parseUntil(bytes, INSTANCE_NUMBER) ?? parseUntil(bytes, SERIES);
  if (!found) return header(whole ? "dicom-unreadable" : null);
  const identified = IDENTITIES.every((tag) => found.string(tag));
  if (!identified) return header("dicom-unidentified", found.string(SOP_INSTANCE));
  return { ...header(null, found.string(SOP_INSTANCE)), image: attempt(() => readIdentity(found)) };
}

function parseUntil(bytes, untilTag) {
  return attempt(() => dicomParser.parseDicom(bytes, { untilTag }));
}

function header(trouble, instance = null) {
  return { trouble, instance, image: null, isDirectory: false };
}

/** dicom-parser throws strings and errors alike at whatever it cannot read, above all at a head that is cut short. */
export function attempt(read) {
  try {
    return read();
  } catch {
    return null;
  }
}
