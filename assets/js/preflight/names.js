const OFFICE = /\.(?:docx?|xlsx?|pptx?|odt|ods|odp|rtf|pages|numbers|key|msg|eml)$/i;
const PROGRAM = /\.(?:exe|dll|msi|bat|cmd|com|scr|ps1|vbs|app|apk|dmg|jar)$/i;
const MEDIA = /\.(?:mp[34]|m4[av]|mov|avi|wmv|mkv|wav|gif|bmp|webp|heic)$/i;

/** What a name alone tells: `office`, `program`, `media`, or null. */
export function kindByName(path) {
  if (PROGRAM.test(path)) return "program";
  if (OFFICE.test(path)) return "office";
  return MEDIA.test(path) ? "media" : null;
}
