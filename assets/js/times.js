const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const precise = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Writes each `<time>` in the reader's zone; the server's text, in UTC, becomes what hovering tells. */
export function localiseTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const text = (time.dataset.precise === undefined ? local : precise).format(moment);
    if (time.textContent === text) continue;
    time.title = time.textContent;
    time.textContent = text;
  }
}
