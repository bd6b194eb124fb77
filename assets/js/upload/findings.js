import { counted } from "./words.js";

/**
 * What the look before sending can find: what it means and what to do, in plain words. `leaveOut`: not worth sending
 * unless somebody says so. `quiet`: nobody need look; `head` then says how many. The judge's verdict stays the truth
 * for whatever is sent.
 */
export const FINDINGS = {
  empty: {
    head: "Empty",
    text: "The file is empty. Export it again from the system that it comes from.",
    leaveOut: true,
  },
  unreadable: {
    head: "Cannot be read",
    text: "It was changed, moved or removed after you chose it, or it is open in another program. Choose it again.",
    leaveOut: true,
  },
  "too-large": { head: "Too large", text: "No file may be larger than 50 GB.", leaveOut: true },
  program: { head: "A program, not a medical file", text: "Programs and scripts are never accepted.", leaveOut: true },
  office: {
    head: "An office document",
    text: "Word, Excel and mail files are not accepted. Save it as a PDF document, and send that.",
    leaveOut: true,
  },
  media: {
    head: "A sound, a video or a picture of a kind that is not accepted",
    text: "Send pictures as JPEG, PNG or TIFF. Videos are only accepted inside DICOM files.",
    leaveOut: true,
  },
  archive: {
    head: "An archive that is not ZIP",
    text: "We can only unpack ZIP archives. Unpack it yourself, and send the folder.",
    leaveOut: true,
  },
  duplicate: {
    head: "Chosen twice",
    text: "Another of the chosen files has the same content. Once is enough.",
    about: (path) => `same as ${path}`,
    leaveOut: true,
  },
  "no-dicom-header": {
    head: "Named like a DICOM file, but it is not one",
    text: "It may be damaged, or come from a broken export. It will probably be rejected: export it again.",
  },
  "dicom-unreadable": {
    head: "The DICOM header cannot be read",
    text: "The file is damaged or incomplete. It will probably be rejected: export it again.",
  },
  "dicom-unidentified": {
    head: "The DICOM header does not say which image or study this is",
    text: "A SOP Instance, Study or Series UID is missing. It will probably be rejected: export it again.",
  },
  "other-kind": {
    head: "Its content is not what its name says",
    text: "It may still be accepted, with a warning. Check that this is the right file.",
    about: (content) => `it is ${content}`,
  },
  "other-content": {
    head: "Its content is not what its name says",
    text: "The file may be damaged. It will probably be rejected: check that it opens on your computer.",
  },
  unknown: {
    head: "Not a kind of file that we know",
    text: "It will probably be rejected. We accept DICOM, NIfTI, HL7, FHIR, C-CDA, PDF, JPEG, PNG, TIFF, CSV and ZIP.",
  },
  carrier: {
    head: (count) => `${counted(count, "other file")} left out`,
    text: "No medical files: a CD's viewer and README, or what a computer keeps in its folders.",
    leaveOut: true,
    quiet: true,
  },
};

const ORDER = Object.keys(FINDINGS);

/** Groups entries by what was found, in the order above: `[code, entries]`. */
export function byFinding(entries) {
  const groups = new Map();
  for (const entry of entries) {
    if (!entry.finding) continue;
    const { code } = entry.finding;
    if (groups.has(code)) groups.get(code).push(entry);
    else groups.set(code, [entry]);
  }
  return Array.from(groups).sort(([one], [other]) => ORDER.indexOf(one) - ORDER.indexOf(other));
}
