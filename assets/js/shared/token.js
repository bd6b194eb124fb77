/** As the portal makes them: 32 random bytes. */
const TOKEN = /^#([\w-]{43})$/;
const KEPT = "scalper-link";

/** Puts the address's token into the form, and out of the address bar; says so where there is none. */
export function mark(form, location, history, storage = globalThis.sessionStorage) {
  if (!form) return;
  const token = TOKEN.exec(location.hash)?.[1] ?? storage.getItem(KEPT) ?? "";
  form.querySelector('[name="token"]').value = token;
  form.hidden = !token;
  document.querySelector("#no-link").hidden = Boolean(token);
  if (!token) return;
  // For a second try, after the portal has answered the first one without it; until the tab is closed.
  storage.setItem(KEPT, token);
  history.replaceState(null, "", location.pathname);
}
