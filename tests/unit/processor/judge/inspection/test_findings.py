"""Every rule has a file that breaks it, and says what the catalogue says of it."""

import base64
import re

import pytest

from intake.files.model import Severity
from processor.judge import judge
from processor.judge.rules.catalogue import DOCUMENT_CHAPTERS, FILING, RULES, SCANNING
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    JPEG_BASELINE,
    PIXEL_DATA,
    UNDEFINED_LENGTH,
    ct_slice,
    data_set,
    element,
    encapsulated,
    item,
    part10,
    text,
    uid,
)
from tests.unit.processor.judge import attacks
from tests.unit.processor.judge.sources import CountedSource

JPEG = b"\xff\xd8\xff\xe0"
SOP_CLASS, SOP, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
PATIENT = (0x00100010, 0x00100020, 0x00100030, 0x00100040)


def ct(**options):
    return ct_slice(rows=8, columns=8, **options)


def changed(tag, value, vr="UI"):
    return ct(changes={tag: (vr, text(value, pad=b"\0"))})


def without(*missing):
    return ct(changes=dict.fromkeys(missing))


def compressed(pixels, transfer_syntax=JPEG_BASELINE):
    return part10(body_of(without(PIXEL_DATA)) + pixels, sop=uid("jpeg"), transfer_syntax=transfer_syntax)


def body_of(whole):
    return whole[meta_end(whole) :]


def meta_end(whole):
    return 144 + int.from_bytes(whole[140:144], "little")


def with_meta_length(length):
    whole = ct()
    return whole[:140] + length.to_bytes(4, "little") + whole[144:]


def repeated_meta():
    """A slice whose transfer syntax is stated again, and otherwise, behind the file meta information."""
    whole = ct()
    again = element(0x00020010, "UI", b"1.2.840.10008.1.2.4.50")
    return whole[: meta_end(whole)] + again + body_of(whole)


def without_meta_element(tag):
    whole = ct()
    mark = element(tag, "UI", b"")[:6]
    start = whole.index(mark)
    end = start + 8 + int.from_bytes(whole[start + 6 : start + 8], "little")
    removed = (int.from_bytes(whole[140:144], "little") - (end - start)).to_bytes(4, "little")
    return whole[:140] + removed + whole[144:start] + whole[end:]


def with_sequence(content, *, length=None, vr="SQ"):
    return part10(attacks.beginning() + element(0x00091010, vr, content, length=length), sop=attacks.SOP)


def stray_vr():
    odd = element(0x00091010, "LO", text("odd")).replace(b"LO\4\0", b"\4\0\0\0")
    return part10(attacks.beginning() + odd, sop=attacks.SOP)


def inserted(fragment, at=0x7FE00010, **options):
    """A slice with an element put before another."""
    whole = ct(**options)
    place = whole.index(element(at, "OW" if at == PIXEL_DATA else "DA", b"")[:6])
    return whole[:place] + fragment + whole[place:]


def with_offsets(*offsets, frames=2):
    """Two compressed frames and a basic offset table."""
    table = item(b"".join(offset.to_bytes(4, "little") for offset in offsets))
    body = body_of(ct(changes={PIXEL_DATA: None, 0x00280008: ("IS", text(str(frames)))}))
    stream = table + item(JPEG) * 2 + element(0xFFFEE0DD, "", b"")
    pixels = element(PIXEL_DATA, "OB", stream, length=UNDEFINED_LENGTH)
    return part10(body + pixels, sop=uid("jpeg"), transfer_syntax=JPEG_BASELINE)


WHOLE = ct()
FILES = {
    "empty-file": b"",
    "kind-unsupported": b"GIF89a" + bytes(20),
    "not-dicom": bytes(range(200, 256)) * 10,
    "all-zero": bytes(1_000),
    "magic-damaged": WHOLE.replace(b"DICM", b"DICN"),
    "bytes-swapped": b"".join(WHOLE[at : at + 2][::-1] for at in range(0, len(WHOLE), 2)),
    "base64-encoded": base64.encodebytes(WHOLE),
    "http-wrapper": b"--boundary\r\nContent-Type: application/dicom\r\n\r\n" + WHOLE,
    "line-endings-altered": ct(pixels=b"\n\1" * 64).replace(b"\n", b"\r\n"),
    "text-encoding-altered": ct(pixels=b"\xc3\1" * 64).decode("latin-1").encode(),
    "polyglot-executable": ct(preamble=b"MZ".ljust(128, b"\0")),
    "polyglot-script": ct(preamble=b"#!/bin/sh".ljust(128, b"\0")),
    "polyglot-document": ct(preamble=b"%PDF-1.7".ljust(128, b"\0")),
    "polyglot-archive": ct(preamble=b"PK\3\4".ljust(128, b"\0")),
    "archive-appended": WHOLE + b"PK\3\4" + bytes(40),
    "second-file-appended": WHOLE + WHOLE,
    "preamble-missing": WHOLE[132:],
    "preamble-unusual": ct(preamble=b"Made by a test".ljust(128, b"\0")),
    "file-meta-missing": body_of(WHOLE),
    "file-meta-incomplete": without_meta_element(0x00020003),
    "file-meta-length-missing": WHOLE[:132] + WHOLE[144:],
    "file-meta-length-wrong": with_meta_length(100),
    "file-meta-repeated": repeated_meta(),
    "file-meta-length-impossible": with_meta_length(0x7FFFFFFF),
    "file-meta-mismatch": part10(body_of(WHOLE), sop="1.2.3"),
    "transfer-syntax-missing": without_meta_element(0x00020010),
    "transfer-syntax-unknown": part10(body_of(WHOLE), sop=uid("x"), transfer_syntax="1.2.3.4"),
    "transfer-syntax-retired": ct(transfer_syntax=EXPLICIT_VR_BIG_ENDIAN),
    "vr-encoding-differs": part10(body_of(WHOLE), sop=uid("x"), transfer_syntax="1.2.840.10008.1.2"),
    "transfer-syntax-contradicted": part10(body_of(WHOLE), sop=uid("x"), transfer_syntax=EXPLICIT_VR_BIG_ENDIAN),
    "data-set-missing": WHOLE[: meta_end(WHOLE)],
    "truncated": WHOLE[:-1],
    "length-impossible": attacks.claims_four_gigabytes(),
    "sequence-unclosed": with_sequence(item(element(0x00081030, "LO", b"")), length=UNDEFINED_LENGTH),
    "structure-invalid": part10(attacks.beginning() + b"\0\0\1\0" * 20, sop=attacks.SOP),
    "sequence-damaged": with_sequence(b"this is not an item."),
    "content-damaged": part10(attacks.beginning() + element(0x30060039, "SQ", b"no items"), sop=attacks.SOP),
    "item-length-wrong": with_sequence(item(encapsulated(JPEG), length=30)),
    "command-elements": WHOLE[: meta_end(WHOLE)] + element(0x00000100, "US", b"\1\0") + body_of(WHOLE),
    "vr-invalid": part10(attacks.beginning() + b"\x08\0\x70\0--\4\0ours", sop=attacks.SOP),
    "element-vr-missing": stray_vr(),
    "trailing-bytes": WHOLE + bytes(1_000),
    "nesting-too-deep": attacks.undefined_depth(100),
    "too-many-elements": attacks.empty_elements(400_000),
    "too-many-items": attacks.empty_items(250_001),
    "deflate-bomb": attacks.bomb_in_pixel_data(),
    "deflate-damaged": part10(b"\xff" * 64, sop=uid("x"))
    .replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99")
    .replace(b"UI\x14\0" + b"1.2.840.10008.1.2.1.99", b"UI\x16\0" + b"1.2.840.10008.1.2.1.99"),
    "pixel-data-missing": without(PIXEL_DATA),
    "pixel-data-too-short": ct(pixels=bytes(126)),
    "pixel-data-too-long": ct(pixels=bytes(256)),
    "image-description-missing": without(0x00280010),
    "image-description-invalid": ct(changes={0x00280010: ("US", b"\0\0")}),
    "frame-count-unreadable": changed(0x00280008, "many", "IS"),
    "frame-count-invalid": changed(0x00280008, "-1", "IS"),
    "pixel-data-not-encapsulated": compressed(element(PIXEL_DATA, "OW", bytes(128))),
    "encapsulation-invalid": compressed(element(PIXEL_DATA, "OB", b"not items", length=UNDEFINED_LENGTH)),
    "encapsulation-empty": compressed(encapsulated()),
    "encapsulation-unended": compressed(encapsulated(JPEG, closed=False)),
    "compressed-stream-mismatch": compressed(encapsulated(b"noise...")),
    "compressed-stream-damaged": compressed(encapsulated(b"\xff\xd8noise.")),
    "sop-class-uid-missing": without(SOP_CLASS),
    "sop-class-uid-invalid": changed(SOP_CLASS, "CT Image"),
    "sop-instance-uid-missing": without(SOP),
    "sop-instance-uid-invalid": changed(SOP, "../../etc/passwd"),
    "study-instance-uid-missing": without(STUDY),
    "study-instance-uid-invalid": changed(STUDY, "1.2';DROP TABLE x;--"),
    "series-instance-uid-missing": changed(SERIES, ""),
    "series-instance-uid-invalid": changed(SERIES, "1." * 40 + "1"),
    "patient-id-missing": without(0x00100020),
    "identity-ambiguous": inserted(element(0x00100020, "LO", b"TEST-0002 ")),
    "patient-id-empty": changed(0x00100020, "", "LO"),
    "patient-module-missing": without(*PATIENT),
    "identity-missing": without(STUDY, SERIES, *PATIENT),
    "object-uids-missing": without(SOP, STUDY, SERIES, *PATIENT),
    "uid-malformed": changed(STUDY, "1.02.3"),
    "sop-class-unknown": changed(SOP_CLASS, "1.2.3.4"),
    "sop-class-retired": changed(SOP_CLASS, "1.2.840.10008.5.1.4.1.1.6"),
    "vr-unexpected": changed(0x00200010, "1", "LO"),
    "value-length-odd": ct(changes={0x00200010: ("SH", b"odd")}),
    "value-count-wrong": changed(0x00080060, "CT\\MR", "CS"),
    "value-too-long": changed(0x00200010, "12345678901234567", "SH"),
    "value-malformed": changed(0x00200011, "one", "IS"),
    "date-invalid": changed(0x00080020, "20230229", "DA"),
    "time-invalid": changed(0x00080030, "2460", "TM"),
    "datetime-invalid": changed(0x0008002A, "20230229101112", "DT"),
    "date-form-old": changed(0x00080020, "1996.10.29", "DA"),
    "character-set-unknown": changed(0x00080005, "LATIN", "CS"),
    "character-set-missing": ct(changes={0x00080005: None, 0x00100010: ("PN", b"Gr\xfcn")}),
    "text-undecodable": ct(changes={0x00080005: ("CS", b"ISO_IR 192"), 0x00100010: ("PN", b"Gr\xfcn")}),
    "elements-unordered": inserted(element(0x00200010, "SH", b"1 ")),
    "private-creator-missing": ct(changes={0x00291010: ("LO", b"ours")}),
    "patient-module-incomplete": without(0x00100040),
    "study-module-incomplete": without(0x00080050),
    "series-module-incomplete": changed(0x00080060, "", "CS"),
    "image-pixel-module-incomplete": without(0x00280103),
    "image-description-inconsistent": ct(changes={0x00280101: ("US", b"\x20\0")}),
    "modality-mismatch": changed(0x00080060, "MR", "CS"),
    "burned-in-annotation": changed(0x00280301, "YES", "CS"),
    "burned-in-annotation-possible": ct(
        changes={SOP_CLASS: ("UI", b"1.2.840.10008.5.1.4.1.1.6.1\0"), 0x00080060: ("CS", b"US")}
    ),
    "pixel-spacing-invalid": changed(0x00280030, "0.5\\0", "DS"),
    "image-orientation-invalid": changed(0x00200037, "1\\0\\0\\1\\0\\0", "DS"),
    "fragments-too-few": with_offsets(frames=3),
    "offset-table-wrong": with_offsets(0, 14),
    "media-directory": part10(
        data_set({0x00041130: ("CS", b"TEST")}), sop=uid("directory"), sop_class="1.2.840.10008.1.3.10"
    ),
}
PLACE = r"|\([0-9A-F]{4},[0-9A-F]{4}\)( [A-Z][A-Za-z]+)?|byte \d+( of the inflated data set)?|[a-z0-9]+"
"""A tag, with its keyword where values are told of; an offset; or a kind."""
MET_ELSEWHERE = {"header-too-large", "header-unchecked", "pixel-data-unchecked"}
"""Need files of gigabytes: see test_attacks, test_reading and test_deflated."""


def test_every_rule_has_a_file_that_breaks_it():
    of_other_kinds = {rule.code for _, rules in DOCUMENT_CHAPTERS for rule in rules}

    found_without_reading = {rule.code for rule in (*FILING, *SCANNING)}
    assert set(RULES) - of_other_kinds == set(FILES) | MET_ELSEWHERE | found_without_reading


@pytest.mark.parametrize("code", FILES)
def test_a_broken_rule_is_found_and_has_its_effect(code):
    judgement = judge(CountedSource(FILES[code]))

    found = {finding.code: finding for finding in judgement.findings}
    assert code in found
    assert found[code].message == RULES[code].message
    assert judgement.rejected == any(finding.severity is Severity.REJECT for finding in judgement.findings)
    if RULES[code].severity is Severity.REJECT:
        assert judgement.rejected
        assert judgement.findings[0].severity is Severity.REJECT


@pytest.mark.parametrize("code", FILES)
def test_no_finding_carries_a_patients_value(code):
    for found in judge(CountedSource(FILES[code])).findings:
        assert found == RULES[found.code].finding(found.where)
        assert re.fullmatch(PLACE, found.where)


def test_codes_are_stable_identifiers_and_texts_are_sentences():
    for code, rule in RULES.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert rule.message.endswith(".")
        assert rule.remedy.endswith(".")
        assert re.fullmatch(r"|PS3\.\d+ [A-Z0-9.]+|(?!PS)[A-Z].+", rule.section)


NOBODYS = (STUDY, SERIES, *PATIENT)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (without(*NOBODYS), ["identity-missing"]),
        (without(SOP, *NOBODYS), ["object-uids-missing", "identity-missing"]),
        (without(SOP_CLASS, *NOBODYS), ["object-uids-missing", "identity-missing"]),
        (without(SOP_CLASS, SOP, *NOBODYS), ["object-uids-missing", "identity-missing"]),
    ],
)
def test_a_file_of_no_study_and_nobody_may_lack_its_own_uids(data, codes):
    assert [finding.code for finding in judge(CountedSource(data)).findings] == codes


@pytest.mark.parametrize("named", [STUDY, SERIES, 0x00100020])
@pytest.mark.parametrize("lacking", [SOP, SOP_CLASS])
def test_a_file_that_names_a_study_a_series_or_a_patient_may_not(named, lacking):
    judgement = judge(CountedSource(without(lacking, *(tag for tag in NOBODYS if tag != named))))

    assert judgement.rejected
    assert "object-uids-missing" not in {finding.code for finding in judgement.findings}


def test_a_good_file_has_no_findings():
    assert judge(CountedSource(WHOLE)).findings == ()


def test_a_deflated_file_has_no_findings():
    assert judge(CountedSource(ct(transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN))).findings == ()
