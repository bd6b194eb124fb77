// Files that are dragged over a page which takes none lead to the one that does: it opens under the pointer, and takes
// them when they are let go. Otherwise the browser would open the folder in the page's place.
document.addEventListener("dragenter", (drag) => {
  if (!drag.dataTransfer?.types.includes("Files")) return;
  drag.preventDefault();
  globalThis.location.assign("/upload");
});
