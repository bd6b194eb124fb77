/** Shows a page's print button, which needs scripts, and has it print. */
export function offerPrinting(button) {
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => globalThis.print());
}
