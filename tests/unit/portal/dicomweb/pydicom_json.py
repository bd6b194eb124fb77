"""pydicom's DICOM JSON as an oracle, and what ours says otherwise, each difference by its reason."""

import base64
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pydicom

from intake.dicom.reader import scan
from portal.dicomweb.json_model.values import LARGEST_BINARY
from portal.dicomweb.json_model.writer import JsonWriter
from portal.dicomweb.wado import budget
from tests.unit.portal.dicomweb.archive import Bytes

WHY = {
    "group-length": "Group lengths shall not be included (PS3.18 F.2.2); zeros behind the content look like one.",
    "no-items": "An attribute without a value has no `Value` (F.2.5), sequences too; pydicom writes an empty list.",
    "empty-among-others": "An empty value among others is `null` (F.2.5); pydicom writes an empty text.",
    "big-endian": "JSON tells no byte order, and bulk data is little endian; pydicom does not swap the bytes of words.",
    "invalid-value": "A value that breaks its VR's form is told as it stands: a reader learns what the file "
    "says; pydicom leaves the attribute out, and a whole sequence for one such value within it.",
    "damaged": "A damaged sequence is told without items, for some may be missing; pydicom tells of what it found.",
}
"""Reason of a difference → the argument for ours."""

Model = dict[str, Any]


def ours(data: bytes) -> Model:
    """Raises what `scan` and `JsonWriter.write` raise, and ValueError for what is no strict JSON."""
    spent = budget()
    return strict_json(JsonWriter(spent, 1 << 26).write(scan(Bytes(data), spent)))


def strict_json(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse, object_pairs_hook=_without_doubles)


def _without_doubles(pairs: list[tuple[str, Any]]) -> Model:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def oracle(data: bytes, *, lenient: bool = False) -> Model:
    """Return pydicom's model: it leaves invalid values out unless it read them before (`lenient`), as it did here once.

    Raises what pydicom raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            found = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True, force=True)
            if lenient:
                list(found.iterall())
            model = json.loads(json.dumps(found.to_json_dict(suppress_invalid_tags=True)))
        finally:
            logging.disable(logging.NOTSET)
    return _without_large_values(model)


def _without_large_values(model: Model) -> Model:
    for attribute in model.values():
        if len(base64.b64decode(attribute.get("InlineBinary", ""))) > LARGEST_BINARY:
            del attribute["InlineBinary"]
        if attribute["vr"] == "SQ":
            attribute["Value"] = [_without_large_values(item) for item in attribute["Value"]]
    return model


Difference = tuple[str, Model | None, Model | None]
"""Path, pydicom's attribute, ours."""


def differences(theirs: Model, own: Model, path: str = "") -> Iterator[Difference]:
    """Yield what differs, as deep within sequences as it can be told."""
    for tag in sorted(theirs.keys() | own.keys()):
        one, other = theirs.get(tag), own.get(tag)
        if one == other:
            continue
        here = f"{path}.{tag}" if path else tag
        items, others = _items(one), _items(other)
        if items and len(items) == len(others):
            for item, other_item in zip(items, others, strict=True):
                yield from differences(item, other_item, here)
        else:
            yield here, one, other


def _items(attribute: Model | None) -> list[Model]:
    return attribute.get("Value", []) if attribute and attribute["vr"] == "SQ" else []


def reason(difference: Difference, lenient: Model, *, big: bool) -> str:  # noqa: PLR0911 - a table in order
    """Return the reason for a difference, or nothing for one that has none."""
    path, theirs, own = difference
    if path.endswith("0000") and own is None:
        return "group-length"
    if theirs == {"vr": "SQ", "Value": []} and own == {"vr": "SQ"}:
        return "no-items"
    if theirs is None and own is not None and "." not in path:
        return "invalid-value" if _says(lenient.get(path), own) else ""
    if theirs is None or own is None:
        return ""
    if theirs["vr"] == "SQ" and own == {"vr": "SQ"}:
        return "damaged"
    if own.get("Value") == [value if value != "" else None for value in theirs.get("Value", [])]:
        return "empty-among-others"
    if big and own["vr"] == "OW" and _swapped(own.get("InlineBinary", "")) == theirs.get("InlineBinary"):
        return "big-endian"
    return ""


def _says(lenient: Model | None, own: Model) -> bool:
    """Say whether pydicom tells the same where it is lenient, or cannot tell a number where ours tells the text."""
    if lenient == own:
        return True
    if lenient is None:
        return own["vr"] in {"DS", "IS", "SQ"} or own["vr"] == "UN"
    return not list(differences({"x": lenient}, {"x": own}))


def _swapped(text: str) -> str:
    data = base64.b64decode(text)
    return base64.b64encode(b"".join(data[at : at + 2][::-1] for at in range(0, len(data), 2))).decode()


def argued(theirs: Model, own: Model, lenient: Model, *, big: bool) -> dict[str, list[str]]:
    """Return reasons and what they stand for, each attribute by its path; those that have none stand under nothing."""
    found: dict[str, list[str]] = {}
    for difference in differences(theirs, own):
        found.setdefault(reason(difference, lenient, big=big), []).append(difference[0])
    return found
