// Decodes images in a thread of its own: the codecs are WebAssembly, which this script alone may run.
import "../../node_modules/@cornerstonejs/dicom-image-loader/dist/esm/decodeImageFrameWorker.js";
