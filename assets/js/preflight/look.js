import { digest } from "../digest.js";
import { countImages } from "./archive.js";
import { headerTrouble } from "./dicom.js";
import { contradiction, kindOf, mayBeText } from "./kinds.js";
import { isLeftBehind, kindByName } from "./names.js";

const HEAD = 256 * 1024;
const LARGEST = 50 * 1024 ** 3;

/**
 * Looks at one file, `{ path, file }`, reading its head. Returns `{ code, about, sha256, images }`: the code of what is
 * odd about it (see `upload/findings.js`) or none, what that is about, its SHA-256 where that is known by then, and how
 * many images it is or holds (null where that cannot be told).
 */
export async function look(one, twins) {
  const { path, file } = one;
  if (isLeftBehind(path)) return { code: "left-behind" };
  if (file.size === 0) return { code: "empty" };
  if (file.size > LARGEST) return { code: "too-large" };
  const buffer = await file.slice(0, HEAD).arrayBuffer();
  one.head = await digest(buffer);
  one.sha256 = file.size <= HEAD ? one.head : null;
  const bytes = new Uint8Array(buffer);
  const odd = oddity(path, bytes, file.size <= HEAD);
  const twin = odd ? null : await twins.of(one);
  const { sha256 } = one;
  if (twin) return { code: "duplicate", about: twin.path, sha256, images: 0 };
  return { ...odd, sha256, images: await imagesIn(one, kindOf(bytes)) };
}

/** A DICOMDIR is the table of contents of a CD, and no image. */
async function imagesIn({ path, file }, kind) {
  if (kind === "zip") return countImages(file);
  return Number(kind === "dicom" && !/(?:^|\/)DICOMDIR$/i.test(path));
}

function oddity(path, bytes, whole) {
  const kind = kindOf(bytes);
  if (kind === "dicom") {
    const code = headerTrouble(bytes, whole) ?? (contradiction(path, kind) ? "other-kind" : null);
    return code && { code, about: "a DICOM file" };
  }
  if (contradiction(path, kind)) return misnamed(path, kind);
  if (["program", "office", "media", "archive"].includes(kind)) return { code: kind };
  if (kind !== null || mayBeText(path)) return null;
  return { code: kindByName(path) ?? "unknown" };
}

const CONTENTS = {
  pdf: "a PDF document",
  zip: "a ZIP archive",
  jpeg: "a JPEG image",
  png: "a PNG image",
  tiff: "a TIFF image",
};

function misnamed(path, kind) {
  if (CONTENTS[kind]) return { code: "other-kind", about: CONTENTS[kind] };
  if (["program", "office", "media", "archive"].includes(kind)) return { code: kind };
  return { code: /\.(?:dcm|dicom)$/i.test(path) ? "no-dicom-header" : "other-content" };
}
