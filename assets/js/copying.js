import { gettext } from "./language.js";

/** Has buttons copy the text that they carry, and say so where they stand: also buttons that come later. */
export function tendCopying() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy]");
    if (!button) return;
    const label = (button.dataset.label ??= button.textContent);
    button.textContent = await copy(button.dataset.copy);
    setTimeout(() => (button.textContent = label), 3000);
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return gettext("Copied");
  } catch {
    // A browser may forbid it, and older ones know it on secure pages only.
    return gettext("Your browser does not allow copying");
  }
}
