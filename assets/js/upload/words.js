import { gettext, ngettext } from "../language.js";

/** How this page says numbers: as the portal's own pages do. */
const { lang } = document.documentElement;
const locale = lang === "en" ? "en-GB" : lang;
const numbers = new Intl.NumberFormat(locale);
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false });
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0, useGrouping: false });

const days = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });

export function number(count) {
  return numbers.format(count);
}

const NOUNS = {
  byte: (count) => ngettext("byte", "bytes", count),
  "failed file": (count) => ngettext("failed file", "failed files", count),
  file: (count) => ngettext("file", "files", count),
  image: (count) => ngettext("image", "images", count),
  minute: (count) => ngettext("minute", "minutes", count),
  "more file": (count) => ngettext("more file", "more files", count),
  "other file": (count) => ngettext("other file", "other files", count),
};

/** `1 file`, `2,000 files`. */
export function counted(count, word) {
  return `${number(count)} ${NOUNS[word](count)}`;
}

/** `512 bytes`, `1.4 MB` (of 1000, as systems and disks tell them). */
export function size(bytes) {
  if (bytes < 1000) return counted(bytes, "byte");
  const units = ["kB", "MB", "GB", "TB"];
  let amount = bytes / 1000;
  let unit = 0;
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${(amount < 9.95 ? tenths : whole).format(amount)} ${units[unit]}`;
}

/** A DICOM date (`YYYYMMDD`) as the portal's pages write it, `3 Jan 2020`; anything else stays as it is. */
export function writeDay(text) {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? [];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCDate() === Number(day) ? days.format(date) : text;
}

/** `less than a minute left`, `about 4 minutes left`, `about 2 h 5 min left`. */
export function timeLeft(seconds) {
  if (seconds < 50) return gettext("less than a minute left");
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return gettext("about {minutes} left", { minutes: counted(Math.max(1, minutes), "minute") });
  return gettext("about {hours} h {minutes} min left", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}
