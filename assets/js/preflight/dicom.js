import dicomParser from "dicom-parser";

const TRANSFER_SYNTAX = "x00020010";
const SOP_INSTANCE = "x00080018";
const STUDY = "x0020000d";
const SERIES = "x0020000e";
const DEFLATED = "1.2.840.10008.1.2.1.99";
const IDENTITIES = [SOP_INSTANCE, STUDY, SERIES];

/**
 * Looks at a DICOM file's header: returns `dicom-unreadable`, `dicom-unidentified`, or null where nothing is wrong or
 * the head does not tell. `whole` says that `bytes` is all of the file.
 */
export function headerTrouble(bytes, whole) {
  // dicom-parser wants the preamble; without one the judge looks alone.
  if (String.fromCharCode(...bytes.subarray(128, 132)) !== "DICM") return null;
  const meta = attempt(() => dicomParser.readPart10Header(bytes));
  if (!meta) return whole ? "dicom-unreadable" : null;
  // Inflating is the judge's business: a small file can hold a very large data set.
  if (meta.string(TRANSFER_SYNTAX) === DEFLATED) return null;
  const found = attempt(() => dicomParser.parseDicom(bytes, { untilTag: SERIES }));
  if (!found) return whole ? "dicom-unreadable" : null;
  return IDENTITIES.every((tag) => found.string(tag)) ? null : "dicom-unidentified";
}

/** dicom-parser throws strings and errors alike at whatever it cannot read, above all at a head that is cut short. */
function attempt(read) {
  try {
    return read();
  } catch {
    return null;
  }
}
