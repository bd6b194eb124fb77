import { gettext, mark } from "../language.js";
import { counted } from "./words.js";

/**
 * What the look before sending can find: what it means and what to do, in plain words. `leaveOut`: not worth sending
 * unless somebody says so. `quiet`: nobody need look; `head` then says how many. The judge's verdict stays the truth
 * for whatever is sent.
 */
export const FINDINGS = {
  empty: {
    head: mark("Empty"),
    text: mark("The file is empty. Export it again from the system that it comes from."),
    leaveOut: true,
  },
  unreadable: {
    head: mark("Cannot be read"),
    text: mark("It was changed, moved or removed after you chose it, or it is open in another program. Choose it again."),
    leaveOut: true,
  },
  "too-large": { head: mark("Too large"), text: mark("No file may be larger than 50 GB."), leaveOut: true },
  program: { head: mark("A program, not a medical file"), text: mark("Programs and scripts are never accepted."), leaveOut: true },
  office: {
    head: mark("An office document"),
    text: mark("Word, Excel and mail files are not accepted. Save it as a PDF document, and send that."),
    leaveOut: true,
  },
  media: {
    head: mark("A sound, a video or a picture of a kind that is not accepted"),
    text: mark("Send pictures as JPEG, PNG or TIFF. Videos are only accepted inside DICOM files."),
    leaveOut: true,
  },
  archive: {
    head: mark("An archive that is not ZIP"),
    text: mark("We can only unpack ZIP archives. Unpack it yourself, and send the folder."),
    leaveOut: true,
  },
  duplicate: {
    head: mark("Chosen twice"),
    text: mark("Another of the chosen files has the same content. Once is enough."),
    about: (path) => gettext("same as {path}", { path }),
    leaveOut: true,
  },
  "no-dicom-header": {
    head: mark("Named like a DICOM file, but it is not one"),
    text: mark("It may be damaged, or come from a broken export. It will probably be rejected: export it again."),
  },
  "dicom-unreadable": {
    head: mark("The DICOM header cannot be read"),
    text: mark("The file is damaged or incomplete. It will probably be rejected: export it again."),
  },
  "dicom-unidentified": {
    head: mark("The DICOM header does not say which image or study this is"),
    text: mark("A SOP Instance, Study or Series UID is missing. It will probably be rejected: export it again."),
  },
  "other-kind": {
    head: mark("Its content is not what its name says"),
    text: mark("It may still be accepted, with a warning. Check that this is the right file."),
    about: (content) => gettext("it is {content}", { content: gettext(content) }),
  },
  "other-content": {
    head: mark("Its content is not what its name says"),
    text: mark("The file may be damaged. It will probably be rejected: check that it opens on your computer."),
  },
  unknown: {
    head: mark("Not a kind of file that we know"),
    text: mark("It will probably be rejected. We accept DICOM, NIfTI, HL7, FHIR, C-CDA, PDF, JPEG, PNG, TIFF, CSV and ZIP."),
  },
  carrier: {
    head: (count) => gettext("{files} left out", { files: counted(count, "other file") }),
    text: mark("No medical files: a CD's viewer and README, or what a computer keeps in its folders."),
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
