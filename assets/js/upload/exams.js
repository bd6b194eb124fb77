/**
 * Finds the series that an image is of, `{ patient, study, series }` as `preflight/identity.js` tells them, among `known`
 * ones: files of one series share it, whose names are thus kept once. Another patient makes it another series.
 */
export function findSeries({ patient, study, series }, known) {
  const key = JSON.stringify([patient.id, patient.name, study.uid, series.uid]);
  if (!known.has(key)) known.set(key, { patient, study, series });
  return known.get(key);
}

/**
 * Groups entries for somebody to recognise them: `[{ patient, study, series: [{ shown, images, middle }] }]`, in the order
 * in which they stand. `shown` is the series, `middle` the entry in the middle of its `images`.
 */
export function groupExams(entries) {
  const series = new Map();
  for (const entry of entries) {
    if (!entry.series) continue;
    if (series.has(entry.series)) series.get(entry.series).push(entry);
    else series.set(entry.series, [entry]);
  }
  const exams = new Map();
  for (const [shown, images] of series) {
    const key = JSON.stringify([shown.patient.id, shown.patient.name, shown.study.uid]);
    if (!exams.has(key)) exams.set(key, { patient: shown.patient, study: shown.study, series: [] });
    exams.get(key).series.push({ shown, images: images.length, middle: findMiddle(images) });
  }
  return Array.from(exams.values());
}

function findMiddle(images) {
  const place = ({ number }) => number ?? Number.MAX_SAFE_INTEGER;
  return Array.from(images).sort((one, other) => place(one) - place(other))[Math.floor(images.length / 2)];
}

/** A person's name (PN: `Family^Given^Middle^Prefix^Suffix`, `=` between scripts), as the portal writes it: `DOE, Jane`. */
export function writeName(text) {
  return text.split("=").map(writeGroup).filter(Boolean).join(" · ");
}

function writeGroup(group) {
  const [family, ...rest] = group.split("^").map((part) => part.trim());
  const others = [...rest.slice(0, 2).map(soften), ...rest.slice(2)].filter(Boolean).join(" ");
  return [family, others].filter(Boolean).join(", ");
}

/** Devices write given names in capitals; initials stay so. */
function soften(name) {
  const shouted = name.length > 2 && name === name.toUpperCase() && name !== name.toLowerCase();
  return shouted ? name.toLowerCase().replace(/(?<!\p{L})\p{L}/gu, (letter) => letter.toUpperCase()) : name;
}
