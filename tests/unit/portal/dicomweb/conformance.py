"""The tables of docs/conformance.md, made of the code: `make conformance` writes them."""

from collections.abc import Callable, Iterable

from intake.dicom import encoding
from intake.dicom.dictionary.transfer_syntaxes import TRANSFER_SYNTAXES
from portal.dicomweb.json_model.attributes import ATTRIBUTES, Attribute
from portal.dicomweb.pixels.negotiation import offer_frames
from portal.dicomweb.queries import LISTED, RANGED, WITHOUT_WILD_CARDS
from portal.http.access_table import ROUTES
from processor.judge.dicom.dictionary.sop_classes import SOP_CLASSES
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs/conformance.md"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _retired(entry: tuple[str, bool]) -> str:
    return "retired" if entry[1] else ""


def write_routes() -> str:
    rows = (
        [f"`{method}`", f"`{path}`", f"`{access.value}`"]
        for method, _, path, access in ((*key.partition(" "), access) for key, access in ROUTES.items())
        if path.startswith("/dicomweb/")
    )
    return _table(("Method", "Resource", "Scope"), rows)


def write_sop_classes() -> str:
    return _table(
        ("SOP class", "UID", ""), ([entry[0], f"`{uid}`", _retired(entry)] for uid, entry in SOP_CLASSES.items())
    )


def write_transfer_syntaxes() -> str:
    rows = (
        [
            entry[0],
            f"`{uid}`",
            f"`{offer_frames(uid, encapsulated=uid not in encoding.NATIVE).media_type}`",
            ", ".join(filter(None, [_retired(entry), "deflated" if uid in encoding.DEFLATED else ""])),
        ]
        for uid, entry in TRANSFER_SYNTAXES.items()
    )
    return _table(("Transfer syntax", "UID", "Frames", ""), rows)


def _describe_matching(attribute: Attribute) -> str:
    if not attribute.is_searched:
        return "none"
    if not attribute.kept:
        return "none (ignored, with a warning)"
    if attribute.vr == "UI":
        return "single value, list of UIDs"
    ways = ["single value"]
    ways += ["range"] if attribute.vr in RANGED else []
    ways += ["wild card"] if attribute.vr not in WITHOUT_WILD_CARDS else []
    return ", ".join([*ways, *(["several values"] if attribute.keyword in LISTED else [])])


def _describe_return(attribute: Attribute) -> str:
    if not attribute.kept:
        return "without a value"
    return "by `includefield`" if attribute.extra else "always"


def write_attributes() -> str:
    rows = (
        [
            attribute.level.name.lower(),
            attribute.keyword,
            f"({attribute.tag[:4]},{attribute.tag[4:]})",
            attribute.vr,
            _describe_matching(attribute),
            _describe_return(attribute),
        ]
        for attribute in sorted(ATTRIBUTES, key=lambda each: (each.level, each.tag))
    )
    return _table(("Level", "Attribute", "Tag", "VR", "Matching", "Returned"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "routes": write_routes,
    "attributes": write_attributes,
    "transfer-syntaxes": write_transfer_syntaxes,
    "sop-classes": write_sop_classes,
}


def fill(page: str) -> str:
    """Return the page with each table between its marks."""
    for name, write in TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, mark, rest = page.partition(begin)
        _, closing, after = rest.partition(end)
        assert mark, f"the page has no place for the table of {name}"
        assert closing, f"the table of {name} does not end"
        page = f"{before}{begin}\n{write()}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text()))
