// Computes SHA-256 away from the page's own thread: { blob } in, { sha256 } or { error } out.
import { digest } from "./digest.js";

self.addEventListener("message", async ({ data: { blob } }) => {
  try {
    self.postMessage({ sha256: await digest(await blob.arrayBuffer()) });
  } catch (error) {
    // The browser can no longer read the file: it was changed, moved or removed since it was chosen.
    self.postMessage({ error: error.name });
  }
});
