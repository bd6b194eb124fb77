"""The metadata against pydicom's, on every corpus file that both can read."""

import io
import warnings

import pydicom
import pytest
from pydicom.datadict import keyword_for_tag

from processor.judge import judge
from processor.judge.dicom.dictionary.attributes import NUMBERS, TEXTS
from processor.judge.dicom.metadata import CONTROLS, LISTS, LONGEST_TEXT, MOST_IN_LIST, PATIENT
from tests.dicom_files import ct_slice
from tests.unit.processor.judge.corpus import content, needs_corpus, rows
from tests.unit.processor.judge.sources import CountedSource

KEYWORDS = {
    entry.key: keyword_for_tag(entry.tag)
    for entry in (*TEXTS, *NUMBERS)
    if entry.key and entry.tag >> 16 > 2 and not entry.key.startswith(PATIENT)
}
PATIENT_KEYWORDS = {
    entry.key.removeprefix(PATIENT): keyword_for_tag(entry.tag) for entry in TEXTS if entry.key.startswith(PATIENT)
}

# Where the data set lacks them, the file meta information tells.
META_KEYWORDS = {"sop_class_uid": "MediaStorageSOPClassUID", "sop_instance_uid": "MediaStorageSOPInstanceUID"}


def oracle(data_set, keyword):
    """Return pydicom's value in the metadata's terms: None where there is none."""
    element = data_set.get(pydicom.datadict.tag_for_keyword(keyword))
    if element is None or element.value is None or str(element.value) == "":
        return None
    value = element.value[0] if element.VR in {"IS", "US"} and element.VM > 1 else element.value
    if element.VR in {"IS", "US"}:
        return int(value) if str(value).lstrip("+-").isdigit() else None
    text = "\\".join(map(str, value)) if element.VM > 1 and element.VR != "PN" else str(value)
    return text.strip("\0 ").translate(CONTROLS).strip()[:LONGEST_TEXT] or None


def listed(text):
    """Return a multiple value as the metadata lists it."""
    return None if text is None else [value.strip() for value in text.split("\\")][:MOST_IN_LIST]


def disagreements(row):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = content(row)
        data_set = pydicom.dcmread(io.BytesIO(whole), force=True, stop_before_pixels=True)
        found = judge(CountedSource(whole)).metadata
        expected = {key: oracle(data_set, keyword) for key, keyword in KEYWORDS.items()}
        expected |= {key: listed(expected[key]) for key in LISTS}
        meta = getattr(data_set, "file_meta", {})
        for key, keyword in META_KEYWORDS.items():
            expected[key] = expected[key] or oracle(meta, keyword)
        expected["transfer_syntax_uid"] = oracle(meta, "TransferSyntaxUID")
        patient = {key: oracle(data_set, keyword) for key, keyword in PATIENT_KEYWORDS.items()}
    different = {key: (found.get(key), value) for key, value in expected.items() if found.get(key) != value}
    ours = found.get("patient", {})
    return different | {key: (ours.get(key), value) for key, value in patient.items() if ours.get(key) != value}


@needs_corpus
def test_metadata_agrees_with_pydicom_on_every_accepted_corpus_file():
    wrong = {}
    for row in rows():
        if row["kind"].startswith("dicom/") and row["expected"] != "reject":
            different = disagreements(row)
            if different:
                wrong[row["path"]] = different

    assert wrong == {}


def test_what_identifies_a_patient_stands_under_patient_only():
    metadata = judge(CountedSource(ct_slice(rows=8, columns=8))).metadata

    assert metadata.pop("patient") == {
        "accession_number": "A-0001",
        "id": "TEST-0001",
        "name": "Example^Nobody",
        "birth_date": "19000101",
        "sex": "O",
    }
    assert not any("Nobody" in str(value) or "TEST-0001" in str(value) for value in metadata.values())


def test_values_are_typed_and_named():
    changes = {0x00280008: ("IS", b"1 ")}
    metadata = judge(CountedSource(ct_slice(rows=8, columns=16, changes=changes))).metadata

    assert metadata["sop_class"] == "CT Image Storage"
    assert metadata["transfer_syntax"] == "Explicit VR Little Endian"
    assert (metadata["rows"], metadata["columns"], metadata["frames"]) == (8, 16, 1)
    assert metadata["specific_character_set"] == ["ISO_IR 100"]


@pytest.mark.parametrize(
    ("terms", "encoded", "expected"),
    [
        ("ISO_IR 192", "Grün^Änne".encode(), "Grün^Änne"),
        ("ISO_IR 100", "Grün^Änne".encode("latin-1"), "Grün^Änne"),
        ("ISO-IR 100", "Grün^Änne".encode("latin-1"), "Grün^Änne"),
        ("ISO_IR 101", "Wałęsa".encode("iso8859-2"), "Wałęsa"),
        ("ISO_IR 144", "Люкс".encode("iso8859-5"), "Люкс"),
        ("ISO_IR 126", "Διονυσιος".encode("iso8859-7"), "Διονυσιος"),
        ("ISO_IR 127", "قباني^لنزار".encode("iso8859-6"), "قباني^لنزار"),
        ("ISO_IR 138", "שרון^דבורה".encode("iso8859-8"), "שרון^דבורה"),
        ("ISO_IR 148", "Çavuşoğlu".encode("iso8859-9"), "Çavuşoğlu"),
        ("ISO_IR 166", "นามสกุล".encode("iso8859-11"), "นามสกุล"),
        ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ".encode("shift_jis"), "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("GB18030", "王^小东".encode("gb18030"), "王^小东"),
        ("GBK", "王^小东".encode("gbk"), "王^小东"),
        ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=山田^太郎"),
        ("\\ISO 2022 IR 149", b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "Hong^Gildong=洪^吉洞"),
        ("\\ISO 2022 IR 58", b"Zhang^=\x1b$)A\xd5\xc5^", "Zhang^=张^"),
        ("NO SUCH SET", b"Gr\xfcn", "Grün"),
        ("ISO_IR 192", b"Gr\xfcn", "Gr\ufffdn"),
    ],
)
def test_a_name_is_decoded_by_its_character_set(terms, encoded, expected):
    changes = {
        0x00080005: ("CS", terms.encode() + b" " * (len(terms) % 2)),
        0x00100010: ("PN", encoded + b" " * (len(encoded) % 2)),
    }

    metadata = judge(CountedSource(ct_slice(rows=8, columns=8, changes=changes))).metadata

    assert metadata["patient"]["name"] == expected


def test_a_long_value_is_cut_and_control_characters_are_taken_out():
    changes = {0x00080070: ("LO", b"\x1b[31m" + b"x" * 5_000)}

    maker = judge(CountedSource(ct_slice(rows=8, columns=8, changes=changes))).metadata["manufacturer"]

    assert len(maker) == LONGEST_TEXT
    assert maker.isprintable()
