const DAY = 24 * 3600 * 1000;
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const near = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const minutes = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const seconds = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

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

function day(moment, now) {
  const ago = Math.round((midnight(moment) - midnight(now)) / DAY);
  if (ago !== 0 && ago !== -1) return date.format(moment);
  const word = near.format(ago, "day");
  return word.charAt(0).toLocaleUpperCase() + word.slice(1);
}

function midnight(moment) {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
}
