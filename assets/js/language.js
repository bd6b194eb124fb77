/**
 * What the scripts' texts are called in the page's language: `texts-de.js` brings them, before any other script, and
 * English ones are their own names. A text is named by itself, in one piece, with `{holes}` for what changes.
 */
const TEXTS = Symbol.for("silent-scalper.texts");

export function learn(texts) {
  globalThis[TEXTS] = texts;
}

/** Returns a text with its holes filled. */
export function gettext(text, values = {}) {
  return fill(globalThis[TEXTS]?.[text] ?? text, values);
}

/** Returns the text for one or for more. */
export function ngettext(one, more, count, values = {}) {
  const forms = globalThis[TEXTS]?.[one] ?? [one, more];
  return fill(forms[count === 1 ? 0 : 1], values);
}

/** Marks a text that is translated where it is shown. */
export function mark(text) {
  return text;
}

/** The locale of the page's language: the reader's own kind of it, so that no sentence is half translated. */
export function findLocale() {
  const { lang } = document.documentElement;
  return navigator.languages.find((one) => one.split("-")[0] === lang) ?? (lang === "en" ? "en-GB" : lang);
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}
