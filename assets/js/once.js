/** Sends a form that is marked so once, however often its button is pressed; a page that comes back sends it anew. */
export function sendOnce(forms) {
  for (const form of forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent !== undefined) event.preventDefault();
      form.dataset.sent = "";
    });
    addEventListener("pageshow", () => delete form.dataset.sent);
  }
}
