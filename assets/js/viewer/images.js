import { cache, imageLoader, metaData } from "@cornerstonejs/core";
import dicomImageLoader, { wadouri } from "@cornerstonejs/dicom-image-loader";
import { gettext } from "../language.js";
import { readWhole } from "../retrieval/reading.js";
import { RefusedError } from "../upload/errors.js";
import { size } from "../upload/words.js";

const SCHEME = "stored";
const MIB = 1024 ** 2;
/** Decoded images that are kept at a time; the oldest go first. */
const CACHE = 384 * MIB;
/** Larger files are not brought into a browser's memory. */
export const LARGEST = 512 * MIB;
const MOST_FRAMES = 65_535;
const PLANE = "imagePlaneModule";
const BEFORE_THE_LOADERS = 20_000;
const PIXELS = ["x7fe00010", "x7fe00008", "x7fe00009"];

const { dataSetCacheManager } = wadouri;
/** File id → `{ file, listing, signal }`. */
const sources = new Map();

/** Has images read from storage, and decoded by the worker at `decoder`. Once a page. */
export function prepare(decoder, manager) {
  cache.setMaxCacheSize(CACHE);
  // Registered first, so that the loader starts no worker from an address of its own.
  const workers = Math.max(1, Math.min(4, Math.floor(navigator.hardwareConcurrency / 2)));
  manager.registerWorker("dicomImageLoader", () => new Worker(decoder, { type: "module" }), { maxWorkerInstances: workers });
  dicomImageLoader.init({ maxWebWorkers: workers, useLegacyMetadataProvider: true });
  imageLoader.registerImageLoader(SCHEME, loadImage);
  metaData.addProvider(describeDetector, BEFORE_THE_LOADERS);
}

/** Returns an image's plane where nothing but the detector's spacing is known of it (PS3.3 10.7.1.3). */
function describeDetector(type, imageId) {
  if (type !== PLANE || Array.isArray(imageId)) return undefined;
  const plane = wadouri.metaData.metaDataProvider(type, imageId);
  if (!plane?.usingDefaultValues) return undefined;
  const dataSet = dataSetCacheManager.get(wadouri.parseImageId(imageId).url);
  const [row, column] = [0, 1].map((index) => dataSet?.floatString("x00181164", index));
  if (!(row > 0 && column > 0)) return undefined;
  const spacing = { pixelSpacing: [row, column], rowPixelSpacing: row, columnPixelSpacing: column };
  return { ...plane, ...spacing, usingDefaultValues: false, isMeasuredAtDetector: true };
}

/** Makes files known, and returns an image id for each. */
export function register(files, listing, signal) {
  for (const file of files) sources.set(file.file_id, { file, listing, signal });
  return files.map((file) => `${SCHEME}:${file.file_id}`);
}

/** Returns ids of all of a file's frames, where it is loaded and has many; else its own. */
export function listFrames(imageId) {
  const { url } = wadouri.parseImageId(imageId);
  const dataSet = dataSetCacheManager.get(url);
  // A file may say what it likes: no frame is smaller than a byte.
  const frames = Math.min(dataSet?.intString("x00280008") ?? 1, dataSet?.byteArray.length ?? 1, MOST_FRAMES);
  if (!(frames > 1)) return [imageId];
  return Array.from({ length: frames }, (_, index) => `${SCHEME}:${url}?frame=${index + 1}`);
}

export function findFile(imageId) {
  return sources.get(wadouri.parseImageId(imageId).url)?.file;
}

/** Returns what an image says of itself, or nothing where it is not loaded. */
export function describe(imageId) {
  const dataSet = dataSetCacheManager.get(wadouri.parseImageId(imageId).url);
  const plane = metaData.get(PLANE, imageId) ?? {};
  return {
    isOriented: Boolean(plane.imageOrientationPatient),
    isMeasured: plane.usingDefaultValues === false || Boolean(dataSet?.elements.x00186011),
    isMeasuredAtDetector: Boolean(plane.isMeasuredAtDetector),
    rate: dataSet?.floatString("x00180040") ?? (1000 / dataSet?.floatString("x00181063") || undefined),
  };
}

function loadImage(imageId, options) {
  const { url, pixelDataFrame } = wadouri.parseImageId(imageId);
  const dataSet = dataSetCacheManager.load(url, fetchFile, imageId).then((loaded) => {
    if (!PIXELS.some((tag) => loaded.elements[tag])) throw new RefusedError(gettext("There is no image in this file."));
    // Asked here first: what the loader cannot find, it would be waited for without an end.
    wadouri.getPixelData(loaded, pixelDataFrame ?? 0);
    return loaded;
  });
  return wadouri.loadImageFromPromise(dataSet, imageId, pixelDataFrame ?? 0, url, options);
}

async function fetchFile(fileId) {
  const { file, listing, signal } = sources.get(fileId);
  if (file.size > LARGEST) {
    throw new RefusedError(gettext("The file is too large to be shown here ({size}). Download it.", { size: size(file.size) }));
  }
  const bytes = await readWhole(file, { listing, moved: () => {}, signal });
  return bytes.buffer;
}
