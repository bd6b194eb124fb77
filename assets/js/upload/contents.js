import { gettext, ngettext } from "../language.js";
import { UNDER_WAY } from "./entries.js";
import { counted, number } from "./words.js";

/** Says what a CD's own list names and what of that is not here, while somebody can still add it. */
export class Contents {
  #notice;
  #line;
  #entries;
  #drawnFor = "";

  constructor(notice, line, entries) {
    this.#notice = notice;
    this.#line = line;
    this.#entries = entries;
  }

  draw() {
    const choosing = this.#entries.count("checking") === 0 && this.#entries.count("ready") > 0;
    // Worked out only when other files are chosen: there may be 50,000.
    const key = choosing ? `${this.#entries.all.length} ${this.#entries.count("ready")}` : "";
    if (key === this.#drawnFor) return;
    this.#drawnFor = key;
    const compared = choosing ? compareContents(this.#entries) : null;
    const lacks = compared?.missing > 0;
    this.#notice.hidden = !lacks;
    this.#notice.querySelector("p").textContent = lacks ? compared.text : "";
    this.#line.textContent = lacks ? "" : (compared?.text ?? "");
  }
}

/**
 * Holds what the chosen DICOMDIRs list against the chosen files, by SOP Instance UID or by place on the CD. Returns
 * `{ text, missing }`, or null where none was chosen or nothing can be told.
 */
function compareContents(entries) {
  const chosen = entries.in("ready", ...UNDER_WAY);
  const lists = chosen.filter((entry) => entry.contents?.length > 0);
  // What an archive holds nobody has looked into.
  if (lists.length === 0 || chosen.some((entry) => /\.zip$/i.test(entry.path))) return null;
  const instances = new Set(chosen.map((entry) => entry.instance));
  const places = new Set(chosen.map((entry) => placeOf(entry.path)));
  const listed = lists.flatMap(({ path, contents }) => {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    return contents.map((image) => ({ ...image, here: isHere(image, folder, instances, places) }));
  });
  return describe(listed);
}

function isHere({ uid, path }, folder, instances, places) {
  return instances.has(uid) || places.has(placeOf(folder + path));
}

/** Systems show a CD's names in either case, some with the version or the dot that ISO 9660 puts behind them. */
function placeOf(path) {
  return path.toUpperCase().replace(/\.?(?:;1)?$/, "");
}

function describe(listed) {
  const missing = listed.filter(({ here }) => !here).length;
  const images = counted(listed.length, "image");
  if (missing === 0) return { missing, text: gettext("The CD's list names {images}, and all are among the chosen files.", { images }) };
  const series = new Map();
  for (const { series: name, here } of listed) {
    const counts = series.get(name) ?? { images: 0, missing: 0 };
    series.set(name, { images: counts.images + 1, missing: counts.missing + Number(!here) });
  }
  const lacking = Array.from(series).filter(([, counts]) => counts.missing > 0);
  const told = lacking.map(([name, counts]) =>
    gettext("{missing} of {images} in series {name}", {
      missing: number(counts.missing),
      images: number(counts.images),
      name,
    }),
  );
  const text = ngettext(
    "The CD's list names {images}; {count} of them is not among the chosen files: {series}.",
    "The CD's list names {images}; {count} of them are not among the chosen files: {series}.",
    missing,
    { images, count: number(missing), series: told.join(", ") },
  );
  return { missing, text };
}
