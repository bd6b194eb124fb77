/** As the portal makes them: 32 random bytes. A mail's full stop or bracket may follow. */
const TOKEN = /^#([\w-]{43})(?![\w-])/;
const KEPT = "scalper-link";
/** What the page's own address says; the skip link leads to the second. */
const NOTHING = new Set(["", "#main"]);

/** Puts the address's token into the form, and out of the address bar; says so where there is none. */
export function mark(form, location, history, storage = globalThis.sessionStorage) {
  if (!form) return;
  // A link that is not whole is not the one of before: its code would be tried on that one.
  const token = TOKEN.exec(location.hash)?.[1] || (NOTHING.has(location.hash) && storage.getItem(KEPT)) || "";
  form.querySelector('[name="token"]').value = token;
  form.hidden = !token;
  document.querySelector("#no-link").hidden = Boolean(token);
  if (!token) return;
  // For a second try, after the portal has answered the first one without it; until the tab is closed.
  storage.setItem(KEPT, token);
  history.replaceState(null, "", location.pathname);
}
