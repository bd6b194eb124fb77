"""What a clinic may set for itself, and what it may not."""

import json

import pytest

from intake.files.model import Severity
from processor.judge import Facts, judge
from processor.judge.inspection.findings import CONFLICTS, Profile
from processor.judge.rules.catalogue import RULES
from processor.judge.rules.mandatory_rules import PROTECTED, REASONS
from tests.dicom_files import ct_slice
from tests.document_files import pdf, png
from tests.unit.processor.judge.sources import CountedSource

ENCRYPTED = pdf(trailer=b"/Encrypt 4 0 R")
NO_PREAMBLE = ct_slice(rows=4, columns=4)[132:]


def judged(data, **profile):
    return judge(CountedSource(data), Facts(profile=Profile(**profile)))


def codes(judgement):
    return [(found.code, found.severity) for found in judgement.findings]


def test_a_rule_can_be_turned_off():
    judgement = judged(ENCRYPTED, rules={"pdf-encrypted": "off"})

    assert (codes(judgement), judgement.shadow) == ([], ())


def test_a_rejection_can_become_a_warning():
    judgement = judged(ENCRYPTED, rules={"pdf-encrypted": "warn"})

    assert codes(judgement) == [("pdf-encrypted", Severity.WARN)]
    assert not judgement.rejected


def test_a_warning_can_become_a_rejection():
    judgement = judged(NO_PREAMBLE, rules={"preamble-missing": "reject"})

    assert codes(judgement) == [("preamble-missing", Severity.REJECT)]
    assert judgement.rejected


def test_a_rule_in_shadow_only_counts():
    judgement = judged(ENCRYPTED, rules={"pdf-encrypted": "shadow"})

    assert (codes(judgement), judgement.shadow, judgement.rejected) == ([], ("pdf-encrypted",), False)


def test_rejections_come_first_whoever_made_them_so():
    data = pdf(b"<< /Type /EmbeddedFile >>", trailer=b"/Encrypt 4 0 R")
    judgement = judged(data, rules={"pdf-encrypted": "warn", "pdf-embedded-file": "reject"})

    assert codes(judgement) == [("pdf-embedded-file", Severity.REJECT), ("pdf-encrypted", Severity.WARN)]


def test_kinds_that_a_clinic_does_not_send_are_rejected():
    assert codes(judged(png(), kinds=frozenset({"dicom"}))) == [("kind-not-allowed", Severity.REJECT)]
    assert codes(judged(png(), kinds=frozenset({"dicom", "png"}))) == []


def test_a_kind_that_nobody_may_send_is_called_so():
    assert codes(judged(b"GIF89a", kinds=frozenset({"dicom"}))) == [("kind-unsupported", Severity.REJECT)]


@pytest.mark.parametrize(
    ("limits", "found"), [({"png": 20}, True), ({"*": 20}, True), ({"*": 20, "png": 2000}, False), ({"pdf": 20}, False)]
)
def test_sizes_are_limited_by_kind(limits, found):
    assert codes(judged(png(), max_bytes=limits)) == [("too-large", Severity.REJECT)] * found


@pytest.mark.parametrize("code", PROTECTED)
def test_what_protects_the_pipeline_cannot_be_softened(code):
    for level in ("off", "warn", "shadow"):
        with pytest.raises(ValueError, match="always rejects"):
            Profile(rules={code: level})
    Profile(rules={code: "reject"})


def test_protected_rules_exist_reject_and_have_one_reason():
    assert set(PROTECTED) <= set(RULES)
    assert {RULES[code].severity for code in PROTECTED} == {Severity.REJECT}
    assert sum(map(len, REASONS.values())) == len(PROTECTED)


@pytest.mark.parametrize("part", ["bomb", "polyglot", "too-deep", "too-many", "truncated", "overlap", "entities"])
def test_bombs_polyglots_and_cut_files_are_protected(part):
    rejecting = {code for code, rule in RULES.items() if part in code and rule.severity is Severity.REJECT}

    assert rejecting
    assert rejecting <= set(PROTECTED)


def test_a_profile_survives_being_written():
    profile = Profile(frozenset({"dicom", "pdf"}), {"*": 5, "pdf": 7}, {"pdf-encrypted": "warn"})

    assert Profile.parse(json.loads(json.dumps(profile.as_dict()))) == profile
    assert Profile.parse({}) == Profile()
    assert Profile.parse(Profile().as_dict()) == Profile()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "object"),
        (None, "object"),
        ({"kind": []}, "no 'kind'"),
        ({"kinds": "dicom"}, "list of kinds"),
        ({"kinds": [["dicom"]]}, "list of kinds"),
        ({"kinds": ["gif"]}, "no kind 'gif'"),
        ({"max_bytes": {"gif": 1}}, "no kind 'gif'"),
        ({"max_bytes": {"pdf": 0}}, "positive"),
        ({"max_bytes": {"pdf": True}}, "positive"),
        ({"max_bytes": {"pdf": "1"}}, "positive"),
        ({"max_bytes": []}, "objects"),
        ({"rules": {"no-such-rule": "off"}}, "no rule"),
        ({"rules": {"pdf-encrypted": "perhaps"}}, "perhaps"),
        ({"rules": {"pdf-encrypted": ["off"]}}, "can be"),
        ({"rules": "off"}, "objects"),
    ],
)
def test_a_wrong_profile_says_what_is_wrong(data, says):
    with pytest.raises(ValueError, match=says):
        Profile.parse(data)


@pytest.mark.parametrize("conflicts", CONFLICTS)
def test_what_becomes_of_conflicts_survives_being_written(conflicts):
    assert Profile.parse(Profile(conflicts=conflicts).as_dict()).conflicts == conflicts


@pytest.mark.parametrize("conflicts", ["", "overwrite", None, ["hold"]])
def test_conflicts_are_nothing_else(conflicts):
    with pytest.raises(ValueError, match="conflicts can be"):
        Profile.parse({"conflicts": conflicts})
