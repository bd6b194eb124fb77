import { mark } from "../language.js";
import { digest } from "../digest.js";
import { countImages } from "./archive.js";
import { isLeftOut } from "./carriers.js";
import { readHeader } from "./dicom.js";
import { contradiction, kindOf, mayBeText } from "./kinds.js";
import { readMediaDirectory } from "./media-directory.js";
import { kindByName } from "./names.js";

const HEAD = 256 * 1024;
const LARGEST = 50 * 1024 ** 3;

/**
 * Looks at one file, `{ path, file }`, reading its head. Returns `{ code, about, sha256, images, instance, image,
 * isPicture, contents }`: the code of what is odd about it (see `upload/findings.js`) or none, what that is about, its
 * SHA-256 where that is known by then, how many images it is or holds (null where that cannot be told), its SOP Instance
 * UID, whom and what it shows, whether it is a picture as browsers show them, and of a DICOMDIR what that lists.
 */
export async function look(one, twins) {
  const { path, file } = one;
  const buffer = await file.slice(0, HEAD).arrayBuffer();
  if (isLeftOut(path, new Uint8Array(buffer), file.size)) return { code: "carrier" };
  if (file.size === 0) return { code: "empty" };
  if (file.size > LARGEST) return { code: "too-large" };
  one.head = await digest(buffer);
  one.sha256 = file.size <= HEAD ? one.head : null;
  const bytes = new Uint8Array(buffer);
  const kind = kindOf(bytes);
  const header = kind === "dicom" ? readHeader(bytes, file.size <= HEAD) : null;
  const odd = oddity(path, kind, header);
  const twin = odd ? null : await twins.of(one);
  const { sha256 } = one;
  if (twin) return { code: "duplicate", about: twin.path, sha256, images: 0 };
  if (header?.isDirectory) return { ...odd, sha256, images: 0, contents: await readMediaDirectory(file) };
  const images = kind === "zip" ? await countImages(file) : Number(kind === "dicom");
  const isPicture = kind === "jpeg" || kind === "png";
  return { ...odd, sha256, images, instance: header?.instance ?? null, image: header?.image, isPicture };
}

function oddity(path, kind, header) {
  if (kind === "dicom") {
    const code = header.trouble ?? (contradiction(path, kind) ? "other-kind" : null);
    return code && { code, about: mark("a DICOM file") };
  }
  if (contradiction(path, kind)) return misnamed(path, kind);
  if (["program", "office", "media", "archive"].includes(kind)) return { code: kind };
  if (kind !== null || mayBeText(path)) return null;
  return { code: kindByName(path) ?? "unknown" };
}

const CONTENTS = {
  pdf: mark("a PDF document"),
  zip: mark("a ZIP archive"),
  jpeg: mark("a JPEG image"),
  png: mark("a PNG image"),
  tiff: mark("a TIFF image"),
};

function misnamed(path, kind) {
  if (CONTENTS[kind]) return { code: "other-kind", about: CONTENTS[kind] };
  if (["program", "office", "media", "archive"].includes(kind)) return { code: kind };
  return { code: /\.(?:dcm|dicom)$/i.test(path) ? "no-dicom-header" : "other-content" };
}
