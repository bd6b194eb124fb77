/**
 * A guess at what a file is from its first bytes, as `processor/judge/inspection/envelope.py` makes it; what is not told here
 * is `null`, and for the judge to find out.
 */
const MAGICS = [
  ["%PDF-", "pdf"],
  ["PK\x03\x04", "zip"],
  ["PK\x05\x06", "zip"],
  ["\xff\xd8\xff", "jpeg"],
  ["\x89PNG", "png"],
  ["II*\0", "tiff"],
  ["MM\0*", "tiff"],
  ["II+\0", "tiff"],
  ["MM\0+", "tiff"],
  ["\x1f\x8b", "gzip"],
  ["MZ", "program"],
  ["\x7fELF", "program"],
  ["\xfe\xed\xfa", "program"],
  ["\xcf\xfa\xed\xfe", "program"],
  ["#!", "program"],
  ["7z\xbc\xaf\x27\x1c", "archive"],
  ["Rar!\x1a\x07", "archive"],
  ["\xd0\xcf\x11\xe0", "office"],
  ["{\\rtf", "office"],
  ["GIF8", "media"],
  ["BM", "media"],
  ["ID3", "media"],
  ["OggS", "media"],
  ["\x1aE\xdf\xa3", "media"],
];
const OFFICE_PARTS = /(?:word|xl|ppt)\/|\[Content_Types\]\.xml|mimetypeapplication\/vnd\.oasis/;
const MEDIA_BOXES = /^(?:RIFF....(?:AVI |WAVE|WEBP)|....ftyp)/s;

/** Extension → what its content must be. DICOM has no extension of its own: whatever is not here claims nothing. */
const EXTENSIONS = {
  dcm: ["dicom"],
  dicom: ["dicom"],
  nii: ["nifti"],
  gz: ["gzip"],
  pdf: ["pdf"],
  jpg: ["jpeg"],
  jpeg: ["jpeg"],
  png: ["png"],
  tif: ["tiff", "dicom"],
  tiff: ["tiff", "dicom"],
  zip: ["zip"],
};
const TEXTS = new Set(["csv", "hl7", "json", "xml"]);

export function kindOf(bytes) {
  if (isDicom(bytes)) return "dicom";
  const head = String.fromCharCode(...bytes.subarray(0, 512));
  const [, kind] = MAGICS.find(([magic]) => head.startsWith(magic)) ?? [];
  if (kind === "zip" && OFFICE_PARTS.test(head)) return "office";
  if (kind) return kind;
  if (MEDIA_BOXES.test(head)) return "media";
  return isNifti(bytes) ? "nifti" : null;
}

/** The extension that the content contradicts, or null. */
export function contradiction(path, kind) {
  const extension = extensionOf(path);
  const claimed = EXTENSIONS[extension];
  return claimed && !claimed.includes(kind) ? extension : null;
}

/** Whether an unknown content may be what the name says: a table, a message, a document of text. */
export function mayBeText(path) {
  return TEXTS.has(extensionOf(path));
}

function extensionOf(path) {
  return /\.([a-z0-9]{1,5})$/i.exec(path)?.[1].toLowerCase();
}

function isDicom(bytes) {
  const word = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (word(128) === "DICM" || word(0) === "DICM") return true;
  // Old files have no preamble: they start with an element of group 0002 or 0008, and a VR or a small length.
  const group = bytes[0] | (bytes[1] << 8);
  return bytes.length > 8 && (group === 2 || group === 8) && bytes[3] === 0 && /^[A-Z]{2}|^..\0\0/s.test(word(4));
}

function isNifti(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 348) return false;
  return [true, false].some((little) => [348, 540].includes(view.getInt32(0, little)));
}
