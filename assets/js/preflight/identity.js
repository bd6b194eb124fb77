/**
 * Whom and what an image shows, as its header says: what people recognise an exam by. It is for the page to show, and
 * goes nowhere else.
 */
const CHARACTER_SET = "x00080005";
/** Longer than any value of its kind may be (PS3.5 6.2), in any encoding. */
const LONGEST = 1024;

const REGISTERED = /^ISO(?:_| 2022 )IR /;
/** Defined terms (PS3.3 C.12.1.1.2), those of `ISO_IR` and `ISO 2022 IR` by their numbers → what browsers call them. */
const ENCODINGS = {
  100: "windows-1252",
  101: "iso-8859-2",
  109: "iso-8859-3",
  110: "iso-8859-4",
  126: "iso-8859-7",
  127: "iso-8859-6",
  138: "iso-8859-8",
  144: "iso-8859-5",
  148: "windows-1254",
  203: "iso-8859-15",
  166: "windows-874",
  13: "shift_jis",
  87: "iso-2022-jp",
  159: "iso-2022-jp",
  149: "euc-kr",
  58: "gbk",
  192: "utf-8",
  GB18030: "gb18030",
  GBK: "gbk",
};

/** Returns `{ patient, study, series, number }` of a parsed header; texts are empty and the number null where not said. */
export function readIdentity(header) {
  const encoding = findEncoding(header);
  const text = (tag) => readText(header, tag, encoding);
  const number = Number.parseInt(header.string("x00200013") ?? "", 10);
  return {
    patient: { name: text("x00100010"), id: text("x00100020"), born: text("x00100030") },
    study: { uid: text("x0020000d"), date: text("x00080020"), description: text("x00081030") },
    series: { uid: text("x0020000e"), modality: text("x00080060"), description: text("x0008103e") },
    number: Number.isNaN(number) ? null : number,
  };
}

function findEncoding(header) {
  const terms = (header.string(CHARACTER_SET) ?? "").split("\\").map((term) => term.trim().replace(REGISTERED, ""));
  // Of several, the last is what the language needs beside Latin letters.
  return ENCODINGS[terms.at(-1)] ?? ENCODINGS[terms[0]] ?? "windows-1252";
}

function readText(header, tag, encoding) {
  const element = header.elements[tag];
  if (!element || element.length > LONGEST) return "";
  const bytes = header.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  const text = new TextDecoder(encoding).decode(encoding === "iso-2022-jp" ? bytes : withoutEscapes(bytes));
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").trim();
}

/** ISO 2022 announces what follows by `ESC $ ) C` and the like, which these encodings take for granted. */
function withoutEscapes(bytes) {
  if (!bytes.includes(0x1b)) return bytes;
  const kept = [];
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== 0x1b) kept.push(bytes[at]);
    else at += bytes[at + 1] === 0x24 && bytes[at + 2] >= 0x28 && bytes[at + 2] <= 0x2b ? 3 : 2;
  }
  return new Uint8Array(kept);
}
