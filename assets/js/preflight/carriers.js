/**
 * Carrier files: what brings medical files along and is none itself. The lists are those of
 * `processor/judge/inspection/carriers.py`, which says where they come from; a test holds them equal.
 */
import { kindOf } from "./kinds.js";

/** Bytes of a file's beginning that are enough to tell. */
export const LOOK = 16 * 1024;

/** Whole names, in lower case. */
// prettier-ignore
export const NAMES = [
  "autorun.exe", "autorun.inf", "autorun.ini", "cdinfo.ini", "changelog", "changelog.txt", "copying", "copying.txt",
  "default.htm", "default.html", "desktop.ini", "dvdrom.ini", "ehthumbs.db", "ehthumbs_vista.db", "eula.txt",
  "folder.htt", "icon\n", "icon\r", "iconcache.db", "index.htm", "index.html", "indexervolumeguid", "licence",
  "licence.txt", "license", "license.txt", "lockfile", "picasa.ini", "start.htm", "start.html",
  "synoindex_media_info", "thumbs.db", "version", "version.inf", "version.txt", "wpsettings.dat",
];

/** How names begin. */
// prettier-ignore
export const BEGINNINGS = [
  "~$", "readme", "read_me", "read-me", "read me", "liesmich", "lies_mich", "lisezmoi", "lisez-moi", "leame",
  "leggimi", "leiame", "leesmij", "synophoto_thumb", "synofile_thumb",
];

/** How names end. */
// prettier-ignore
export const ENDINGS = [
  ".exe", ".dll", ".ocx", ".sys", ".drv", ".cpl", ".scr", ".com", ".bat", ".cmd", ".msi", ".msp", ".cab", ".inf",
  ".ini", ".lnk", ".url", ".pif", ".vbs", ".ps1", ".sh", ".jar", ".jnlp", ".class", ".so", ".dylib", ".dmg", ".pkg",
  ".apk", ".app", ".chm", ".hlp", ".ico", ".icns", ".cur", ".manifest", ".tlb", ".webloc", ".ttf", ".tmp", ".part",
  ".crdownload",
];

/** Programs and leaflets that are ZIP archives. */
// prettier-ignore
export const PACKAGES = [
  ".jar", ".apk", ".pkg", ".app", ".docx", ".odt",
];

/** Folders of which nothing is anybody's file but what its content shows to be one. */
// prettier-ignore
export const FOLDERS = [
  "#recycle", "#snapshot", "$recycle.bin", "@eadir", "@tmp", "__macosx", "autorun", "cd-viewer", "cd_viewer",
  "cdviewer", "clearcanvas", "dicom viewer", "dicom-viewer", "dicom_viewer", "dicomviewer", "efilm", "efilm lite",
  "efilmlite", "fastview", "ihe_pdi", "jre", "jre32", "jre64", "k-pacs", "kpacs", "microdicom", "onis", "osirixlite",
  "radiant", "radiant viewer", "radiantviewer", "recycler", "synedra", "synedraview", "system volume information",
  "viewer", "viewer-mac.app", "viewer-win32", "viewers", "weasis", "weasis-portable",
];

/** Of these, pictures are no files either. */
// prettier-ignore
export const PICTURE_FOLDERS = [
  "@eadir",
];

/** Extensions that say of a text what it is, where it says nothing itself. */
// prettier-ignore
export const TEXTS = [
  "csv", "hl7", "json", "xml",
];

const PICTURES = ["jpeg", "png", "tiff"];
const MEDICAL = ["dicom", "nifti", "pdf", "gzip"];
const HL7 = /^\s*(?:MSH|FHS|BHS)[^\w\s]|^[A-Z][A-Z0-9]{2}\|[^\r\n]*[\r\n]+[A-Z][A-Z0-9]{2}\|/;
const FHIR = /^[{[][^]*"resourceType"/;
const CCDA = /^<[^]*[<:]clinicaldocument/i;

/** Whether a path is one of a carrier file, as far as a name tells. */
export function isCarrierName(path) {
  const { folders, name } = split(path);
  return (
    NAMES.includes(name) ||
    isHidden(name) ||
    BEGINNINGS.some((beginning) => name.startsWith(beginning)) ||
    ENDINGS.some((ending) => name.endsWith(ending)) ||
    folders.some(isCarrierFolder)
  );
}

/** Whether a file of `size` bytes that begins with `head` is a carrier file: its content decides, not its name. */
export function isLeftOut(path, head, size) {
  return isCarrierName(path) && !mayBeMedical(split(path), head.subarray(0, LOOK), size);
}

function split(path) {
  const folders = path.replaceAll("\\", "/").toLowerCase().split("/");
  return { name: folders.pop(), folders };
}

function isCarrierFolder(folder) {
  return FOLDERS.includes(folder) || folder.endsWith(".app") || isHidden(folder);
}

function isHidden(name) {
  return name.startsWith(".") && name !== "." && !name.startsWith("..");
}

function mayBeMedical({ folders, name }, head, size) {
  if (head.every((byte) => byte === 0)) return false;
  const words = String.fromCharCode(...head.subarray(0, 4096));
  if (words.startsWith("PK\x03\x04") || words.startsWith("PK\x05\x06")) {
    return !PACKAGES.some((ending) => name.endsWith(ending));
  }
  const kind = kindOf(head);
  if (PICTURES.includes(kind)) return !folders.some((folder) => PICTURE_FOLDERS.includes(folder));
  if (MEDICAL.includes(kind) || saysWhatItIs(words)) return true;
  if (!TEXTS.some((extension) => name.endsWith(`.${extension}`))) return false;
  // What a text is may stand further on, unless a viewer keeps it and this is all of it.
  return size > head.length || !folders.some(isCarrierFolder);
}

function saysWhatItIs(words) {
  const text = words.replace(/^\xef\xbb\xbf/, "").trimStart();
  return HL7.test(text) || FHIR.test(text) || CCDA.test(text) || words.slice(0, 1024).includes("%PDF-");
}
