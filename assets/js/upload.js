// The upload page: a drop zone whose files go straight to S3, and beneath it the receipt with their verdicts.
import Uppy from "@uppy/core";
import Dashboard from "@uppy/dashboard";
import { Receipt } from "./upload/receipt.js";
import { Uploader } from "./upload/uploader.js";
import { strings } from "./upload/strings.js";

const form = document.querySelector("#intake");
const reference = form.querySelector("#reference");
const trouble = document.querySelector("#intake-trouble");
const receipt = new Receipt(document.querySelector("#receipt"));

const uppy = new Uppy({ id: "intake", autoProceed: false, locale: { strings } });

uppy.use(Dashboard, {
  inline: true,
  target: "#drop",
  width: "100%",
  height: 320,
  theme: "auto",
  fileManagerSelectionType: "both",
  disableThumbnailGenerator: true,
  proudlyDisplayPoweredByUppy: false,
  singleFileFullScreen: false,
  doneButtonHandler: startAfresh,
  locale: { strings },
});

uppy.use(Uploader, {
  csrfToken: form.dataset.csrf,
  hashWorker: form.dataset.hashWorker,
  reference: () => reference.value.trim(),
  onAnnounced: (uploadId) => {
    reference.readOnly = true;
    receipt.show(uploadId);
  },
});

uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) => {
  receipt.progress(file.meta.fileId, bytesTotal ? Math.min(bytesUploaded / bytesTotal, 0.99) : 0);
});
uppy.on("upload-success", (file) => receipt.progress(file.meta.fileId, 1));

// Uppy's list of files scrolls, and does not say so to those who use the keyboard.
new MutationObserver(() => {
  const list = document.querySelector("#drop .uppy-Dashboard-files:not([tabindex])");
  if (list) list.tabIndex = 0;
}).observe(document.querySelector("#drop"), { childList: true, subtree: true });

globalThis.addEventListener("beforeunload", (event) => {
  if (Object.keys(uppy.getState().currentUploads).length > 0) event.preventDefault();
});
form.addEventListener("submit", (event) => event.preventDefault());

/** Clears the drop zone for another upload; the receipt of the last one stays beneath until that begins. */
function startAfresh() {
  uppy.clear();
  uppy.getPlugin("Uploader").startAfresh();
  reference.readOnly = false;
  reference.value = "";
}

document.querySelector("#no-script").hidden = true;
if (globalThis.isSecureContext) {
  form.hidden = false;
} else {
  trouble.textContent = "This page must be opened over https: your browser computes checksums on secure pages only.";
}
