// Computes SHA-256 away from the page's own thread: { blob } in, { sha256 } or { error } out.
self.addEventListener("message", async ({ data: { blob } }) => {
  try {
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    self.postMessage({ sha256 });
  } catch (error) {
    // The browser can no longer read the file: it was changed, moved or removed since it was chosen.
    self.postMessage({ error: error.name });
  }
});
