import { findLocale } from "./language.js";

const DAY = 24 * 3600 * 1000;
const locale = findLocale();
const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const near = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const minutes = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const seconds = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
const zoned = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" });

/** Writes each `<time>` in the reader's zone; the server's text, in UTC, becomes what hovering tells. */
export function localiseTimes(root) {
  const now = new Date();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const text = `${day(moment, now)}, ${(time.dataset.precise === undefined ? minutes : seconds).format(moment)}`;
    // What was written before stays: only the server's own text tells UTC.
    if (!time.textContent.endsWith("UTC")) continue;
    time.title = time.textContent;
    time.textContent = text;
  }
}

/** `30 Nov 2026, 09:15:00 GMT+1`: what stays true on paper. */
export function writeDate(moment) {
  return zoned.format(moment);
}

function day(moment, now) {
  const ago = Math.round((midnight(moment) - midnight(now)) / DAY);
  if (ago !== 0 && ago !== -1) return date.format(moment);
  const word = near.format(ago, "day");
  return word.charAt(0).toLocaleUpperCase() + word.slice(1);
}

function midnight(moment) {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
}
