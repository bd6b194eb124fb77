import { writeDate } from "./times.js";

/** Shows a page's print button, which needs scripts, and has it print. */
export function offerPrinting(button) {
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => globalThis.print());
}

/** Has paper tell when it was printed, and each moment by its date: "Today" is wrong tomorrow. */
export function tendPrinting(printed) {
  const shown = new Map();
  globalThis.addEventListener("beforeprint", () => {
    if (printed) printed.textContent = writeDate(new Date());
    for (const time of document.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      if (shown.has(time) || Number.isNaN(moment.valueOf())) continue;
      shown.set(time, time.textContent);
      time.textContent = writeDate(moment);
    }
  });
  globalThis.addEventListener("afterprint", () => {
    for (const [time, text] of shown) time.textContent = text;
    shown.clear();
  });
}
