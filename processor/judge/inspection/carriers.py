"""Carrier files: what brings medical files along and is none itself, as patient CDs, computers and servers leave it.

They are *left out*: neither sent nor unpacked nor judged, and only counted. A name alone never decides, for DICOM files
have any: what begins as a kind that is taken, or as a damaged DICOM file, is a file like any other (docs/adr/0044).

Sources: IHE PDI (RAD TF-2, 4.47.4.1.2) and DICOM PS3.10 8 for CDs; Finder, Explorer, Synology's DSM and Windows' shell
for the rest. `assets/js/preflight/carriers.js` holds the same lists for the browser, and a test holds them equal.
"""

from intake.files.keys import extension
from processor.judge.inspection.envelope import open_envelope
from processor.judge.inspection.findings import Findings
from processor.judge.rules.catalogue import TAKEN

LOOK = 16 * 1024
"""Bytes of a file's beginning that are enough to tell."""

NAMES = frozenset({
    "autorun.inf", "autorun.ini", "autorun.exe", "dvdrom.ini", "cdinfo.ini", "lockfile", "version", "version.txt",
    "version.inf", "license", "license.txt", "licence", "licence.txt", "eula.txt", "copying", "copying.txt",
    "changelog", "changelog.txt", "index.htm", "index.html", "start.htm", "start.html", "default.htm", "default.html",
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "folder.htt", "picasa.ini", "icon\r", "icon\n",
    "iconcache.db", "indexervolumeguid", "wpsettings.dat", "synoindex_media_info",
})  # fmt: skip
"""Whole names, in lower case."""

BEGINNINGS = (
    "~$", "readme", "read_me", "read-me", "read me", "liesmich", "lies_mich", "lisezmoi", "lisez-moi", "leame",
    "leggimi", "leiame", "leesmij", "synophoto_thumb", "synofile_thumb",
)  # fmt: skip
"""How names begin: Office's locks, and the leaflet that IHE PDI wants on a CD, in some languages."""

ENDINGS = (
    ".exe", ".dll", ".ocx", ".sys", ".drv", ".cpl", ".scr", ".com", ".bat", ".cmd", ".msi", ".msp", ".cab", ".inf",
    ".ini", ".lnk", ".url", ".pif", ".vbs", ".ps1", ".sh", ".jar", ".jnlp", ".class", ".so", ".dylib", ".dmg", ".pkg",
    ".apk", ".app", ".chm", ".hlp", ".ico", ".icns", ".cur", ".manifest", ".tlb", ".webloc", ".ttf", ".tmp", ".part",
    ".crdownload",
)  # fmt: skip
"""How names end: programs and what belongs to them, links, and downloads that are not done."""

PACKAGES = (".jar", ".apk", ".pkg", ".app", ".docx", ".odt")
"""Programs and leaflets that are ZIP archives."""

FOLDERS = frozenset({
    "__macosx", "@eadir", "@tmp", "#recycle", "#snapshot", "$recycle.bin", "recycler", "system volume information",
    "viewer", "viewers", "dicomviewer", "dicom viewer", "dicom_viewer", "dicom-viewer", "cdviewer", "cd_viewer",
    "cd-viewer", "viewer-win32", "viewer-mac.app", "weasis", "weasis-portable", "microdicom", "radiant",
    "radiantviewer", "radiant viewer", "k-pacs", "kpacs", "efilm", "efilmlite", "efilm lite", "osirixlite",
    "fastview", "synedra", "synedraview", "clearcanvas", "onis", "jre", "jre32", "jre64", "autorun", "ihe_pdi",
})  # fmt: skip
"""Folders, in lower case, of which nothing is anybody's file but what its content shows to be one."""

PICTURE_FOLDERS = frozenset({"@eadir"})
"""Of these, pictures are no files either: thumbnails that a server drew of what lies beside them."""

PICTURES = frozenset({"jpeg", "png", "tiff"})
TEXTS = frozenset({"csv", "hl7", "json", "xml"})
"""Extensions that say of a text what it is, where it says nothing itself."""


def is_carrier_name(path: str) -> bool:
    """Say whether a path is one of a carrier file, as far as a name tells."""
    *folders, name = path.replace("\\", "/").lower().split("/")
    return (
        name in NAMES
        or _is_hidden(name)
        or name.startswith(BEGINNINGS)
        or name.endswith(ENDINGS)
        or any(_is_carrier_folder(folder) for folder in folders)
    )


def is_left_out(path: str, head: bytes, size: int) -> bool:
    """Say whether a file of `size` bytes that begins with `head` (LOOK bytes, or all of it) is a carrier file."""
    return is_carrier_name(path) and not _may_be_medical(path.replace("\\", "/").lower(), head, size)


def _is_carrier_folder(folder: str) -> bool:
    return folder in FOLDERS or folder.endswith(".app") or _is_hidden(folder)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and name != "." and not name.startswith("..")


def _may_be_medical(path: str, head: bytes, size: int) -> bool:
    if not head.strip(b"\0"):
        return False
    kind = open_envelope(head, size, Findings()).kind
    *folders, name = path.split("/")
    called_text = extension(name) in TEXTS
    if kind in TAKEN:
        furniture = kind in PICTURES and not PICTURE_FOLDERS.isdisjoint(folders)
        program = kind == "zip" and name.endswith(PACKAGES)
        # Lines with equally many commas are a table where somebody calls them one.
        remarks = kind == "csv" and not called_text
        return not (furniture or program or remarks)
    # What a text is may stand further on, unless a viewer keeps it and this is all of it.
    return called_text and (size > len(head) or not any(map(_is_carrier_folder, folders)))
