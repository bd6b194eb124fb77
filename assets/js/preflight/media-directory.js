import dicomParser from "dicom-parser";
import { attempt } from "./dicom.js";

const LARGEST = 32 * 1024 * 1024;
const LONGEST_LIST = 50_000;
const FIRST_RECORD = "x00041200";
const RECORDS = "x00041220";
const NEXT = "x00041400";
const LOWER = "x00041420";

/**
 * Reads what a DICOMDIR lists (PS3.3 F.3): `[{ uid, path, series }]`, an image each, with its place on the CD and the
 * name of its series; null where it cannot be told.
 */
export async function readMediaDirectory(file) {
  if (file.size > LARGEST) return null;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const found = attempt(() => dicomParser.parseDicom(bytes));
  const items = found?.elements[RECORDS]?.items ?? [];
  if (items.length > LONGEST_LIST) return null;
  return attempt(() => longer(images(inTree(items, found.uint32(FIRST_RECORD))), images(items)));
}

/** Where the offsets lead nowhere, the order in which the records stand is taken for the tree. */
function longer(linked, standing) {
  return linked.length >= standing.length ? linked : standing;
}

/** The records from the top down, each once, whatever circles the offsets make. */
function inTree(items, first) {
  // Records are named by where their item's tag begins, 8 bytes before its content.
  const left = new Map(items.map((item) => [item.dataOffset - 8, item]));
  const open = [first];
  const found = [];
  while (open.length > 0) {
    const at = open.pop();
    const item = left.get(at);
    if (!item) continue;
    left.delete(at);
    found.push(item);
    open.push(item.dataSet.uint32(NEXT), item.dataSet.uint32(LOWER));
  }
  return found;
}

function images(items) {
  const found = [];
  let series = null;
  for (const { dataSet } of items) {
    const type = dataSet.string("x00041430");
    if (["PATIENT", "STUDY"].includes(type)) series = null;
    else if (type === "SERIES") series = nameOf(dataSet);
    else if (series && dataSet.uint16("x00041410") !== 0 && dataSet.string("x00041511")) {
      const path = (dataSet.string("x00041500") ?? "").split("\\").map((step) => step.trim()).join("/");
      found.push({ uid: dataSet.string("x00041511"), path, series });
    }
  }
  return found;
}

/** `2 (CT)`; its UID where it has no number. */
function nameOf(series) {
  const modality = series.string("x00080060");
  const name = series.string("x00200011") || series.string("x0020000e");
  return modality ? `${name} (${modality})` : name;
}
