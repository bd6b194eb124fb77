"""A file's values are matched all at once or one by one: what both can take, both read alike."""

import random
import secrets

import pytest

from processor.judge.dicom import texts
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.dictionary.attributes import NOTHING, TEXTS
from processor.judge.dicom.texts import find_violation
from processor.judge.inspection.findings import Findings

SEED = secrets.randbits(32)
SAMPLES = {
    "UI": ["1.2.840", "1.02", "1..2", "0.1", "1.0.0", "01", ".1", "1.", "1." + "2" * 62, "1." + "2" * 63],
    "DA": ["20200102", "20240229", "20230229", "20230431", "19000001", "2020.01.02", "202001", "20231131"],
    "TM": ["101112", "10", "1011", "101112.123456", "240000", "235960", "10:11:12", "101112.1234567"],
    "DT": ["20200102101112", "20240229", "20230229101112", "2020", "20200102101112.5+0100", "20201331101112"],
    "CS": ["CT", "A_B 1", "lower", "A" * 16, "A" * 17, "ISO_IR 100", "YES", "A\\B", "A\\", " A"],
    "SH": ["x", "x" * 16, "x" * 17, "a\\b", "a\tb", "a  "],
    "LO": ["x", "x" * 64, "x" * 65, "a\\b", "Gr\xfcn"],
    "PN": ["A^B", "A=B=C", "A=", "x" * 65, "A=B=C=D", "Gr\xfcn^"],
    "IS": ["1", "+1", "-12", "1.0", "1" * 12, " 7", ""],
    "DS": ["1", "1.5", "-1.25e-05", "1.0000000000000000", ".5", "1\\2", " 1\\ 2", "a", "1.", "+1", "-100.1234567890"],
}
"""By VR: values of every kind, right, odd and wrong."""


def some_values(chance):
    values = dict(NOTHING)
    for entry in chance.sample(TEXTS, chance.randint(1, 3)):
        one = chance.choice(SAMPLES[entry.vr])
        text = "\\".join([one] * entry.least) if chance.random() < 0.8 else one
        values[entry.tag] = (text + " " * (len(text) % 2)).encode("latin-1")
    return values


def test_what_is_matched_at_once_is_read_alike_one_by_one_and_breaks_no_rule():
    print(f"SEED={SEED}")
    chance = random.Random(SEED)
    at_once = 0
    for _ in range(3_000):
        values = some_values(chance)
        for part in (texts.SHARED_TEXTS, texts.OWN_TEXTS):
            together = part.match_together(part.values_of(values), values[tags.SPECIFIC_CHARACTER_SET])
            findings = Findings()
            alone = part.read_each(values, findings)
            if together:
                at_once += 1
                assert together.of == alone.of
                assert not findings

    assert at_once > 1_000


@pytest.mark.parametrize(
    ("vr", "text", "code"),
    [
        ("DA", "20240229", ""),
        ("DA", "20230229", "date-invalid"),
        ("DA", "20230431", "date-invalid"),
        ("TM", "235960", ""),
        ("TM", "246000", "time-invalid"),
        ("CS", "lower", "value-malformed"),
        ("SH", "x" * 17, "value-too-long"),
        ("UI", "1.02", "uid-malformed"),
        ("DS", "1.5e-05", ""),
        ("DS", "1,5", "value-malformed"),
        ("IS", "1.0", "value-malformed"),
        ("PN", "A^B=C=D", ""),
        ("PN", "x" * 65, "value-malformed"),
    ],
)
def test_a_value_is_held_against_its_form(vr, text, code):
    attribute = next(entry for entry in TEXTS if entry.vr == vr and entry.least == 1)

    assert find_violation(attribute, text) == code
