/** How this page says numbers: as the portal's own pages do. */
const numbers = new Intl.NumberFormat("en-GB");

export function number(count) {
  return numbers.format(count);
}

/** `1 file`, `2,000 files`. */
export function counted(count, word) {
  return `${number(count)} ${word}${count === 1 ? "" : "s"}`;
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
  return `${amount < 9.95 ? amount.toFixed(1) : amount.toFixed(0)} ${units[unit]}`;
}

/** `less than a minute left`, `about 4 minutes left`, `about 2 h 5 min left`. */
export function timeLeft(seconds) {
  if (seconds < 50) return "less than a minute left";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `about ${counted(Math.max(1, minutes), "minute")} left`;
  return `about ${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
}
