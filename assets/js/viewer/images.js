import { cache, imageLoader, metaData } from "@cornerstonejs/core";
import dicomImageLoader, { wadouri } from "@cornerstonejs/dicom-image-loader";
import { parseDicom } from "dicom-parser";
import { gettext } from "../language.js";
import { readWhole } from "../retrieval/reading.js";
import { RefusedError } from "../upload/errors.js";
import { size } from "../upload/words.js";
import { Decoders } from "./decoders.js";

const SCHEME = "stored";
const MIB = 1024 ** 2;
/** Decoded images that are kept at a time; the oldest go first. */
const CACHE = 384 * MIB;
/** Larger files are not brought into a browser's memory. */
export const LARGEST = 512 * MIB;
const MOST_FRAMES = 65_535;
const PLANE = "imagePlaneModule";
const BEFORE_THE_LOADERS = 20_000;
const DEFLATED = "1.2.840.10008.1.2.1.99";
const PIXELS = ["x7fe00010", "x7fe00008", "x7fe00009"];

const { dataSetCacheManager } = wadouri;
/** File id → `{ file, listing, signal }`. */
const sources = new Map();
/** What images failed with. */
const failures = new WeakSet();
let decoders;

/** Has images read from storage, and decoded by workers at `decoder`. Once a page. */
export function prepare(decoder, manager) {
  cache.setMaxCacheSize(CACHE);
  // Registered first, so that the loader starts no worker from an address of its own.
  decoders = new Decoders(decoder, manager);
  dicomImageLoader.init({ maxWebWorkers: decoders.count, useLegacyMetadataProvider: true });
  imageLoader.registerImageLoader(SCHEME, loadImage);
  metaData.addProvider(describeDetector, BEFORE_THE_LOADERS);
  // The library's cache throws once more, to nobody, what it has told by IMAGE_LOAD_ERROR.
  addEventListener("unhandledrejection", (event) => failures.has(event.reason) && event.preventDefault());
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

/** Tells whether the file of an image is in memory. */
export function isFetched(imageId) {
  return dataSetCacheManager.isLoaded(wadouri.parseImageId(imageId).url);
}

/** Returns the bytes of decoded images and of files that are kept for them. */
export function measureKept() {
  return cache.getCacheSize() + dataSetCacheManager.getInfo().cacheSizeInBytes;
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
    // Asked here first: what the loader cannot find, it would be waited for without an end.
    const isThere = PIXELS.some((tag) => loaded.elements[tag]) && wadouri.getPixelData(loaded, pixelDataFrame ?? 0);
    if (!isThere) throw new RefusedError(gettext("No image can be read from this file here."));
    return loaded;
  });
  const loading = wadouri.loadImageFromPromise(dataSet, imageId, pixelDataFrame ?? 0, url, options);
  decoders.watch(loading.promise);
  loading.promise = loading.promise.then(
    (image) => {
      if (listFrames(imageId).length === 1 && pixelDataFrame === undefined) dropPixels(url, image);
      return image;
    },
    (error) => {
      // What failed is not cached, so nothing else would let its bytes go.
      dataSetCacheManager.unload(url);
      failures.add(error);
      throw error;
    },
  );
  return loading;
}

/** Keeps of a decoded file what stands before its pixels: the image holds these. */
function dropPixels(url, image) {
  const whole = dataSetCacheManager.get(url);
  const tag = PIXELS.find((one) => whole.elements[one]);
  // Deflated, the elements lie elsewhere than in the file.
  if (whole.string("x00020010") === DEFLATED) return;
  const header = parseDicom(whole.byteArray.slice(0, whole.elements[tag].dataOffset), { untilTag: tag });
  dataSetCacheManager.update(url, header);
  image.data = header;
}

async function fetchFile(fileId) {
  const { file, listing, signal } = sources.get(fileId);
  if (file.size > LARGEST) {
    throw new RefusedError(gettext("The file is too large to be shown here ({size}). Download it.", { size: size(file.size) }));
  }
  const bytes = await readWhole(file, { listing, moved: () => {}, signal });
  return bytes.buffer;
}
