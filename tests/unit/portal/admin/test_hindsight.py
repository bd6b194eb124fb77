"""What another profile would have done is told from records exactly as the judge would have done it."""

import random
from dataclasses import replace

import pytest

from intake.files.model import FileRecord, Severity, TimelineEntry
from intake.files.states import State
from intake.files.weighing import Weights
from intake.rules import catalogue
from intake.tenants.model import profile_version
from portal.admin.hindsight import Fate, Hindsight, Outcome, was_judged
from processor.judge import Facts, judge
from processor.judge.inspection.findings import CONFLICTS, LEVELS, Profile
from processor.judge.rules.catalogue import RULES
from processor.judge.rules.mandatory_rules import PROTECTED
from tests.dicom_files import ct_slice
from tests.document_files import pdf
from tests.records import NOON, a_file
from tests.unit.processor.judge.documents.broken import FILES as DOCUMENTS
from tests.unit.processor.judge.inspection.test_findings import FILES as IMAGES
from tests.unit.processor.judge.sources import CountedSource

ENCRYPTED = pdf(trailer=b"/Encrypt 4 0 R")
NO_PREAMBLE = ct_slice(rows=4, columns=4)[132:]
SOFT = sorted(set(RULES) - set(PROTECTED))


def read_sample(sample):
    data, facts = sample if isinstance(sample, tuple) else (sample, Facts())
    return (data() if callable(data) else data), facts


SAMPLES = [read_sample(sample) for sample in (*IMAGES.values(), *DOCUMENTS.values(), ENCRYPTED, NO_PREAMBLE)]
SMALL = [(data, facts) for data, facts in SAMPLES if len(data) < 50_000]


def judge_by(data, facts, profile):
    return judge(CountedSource(data), replace(facts, profile=profile))


def record(judgement, size, profile, **changes) -> FileRecord:
    """Return the record that is kept of a judgement."""
    kept = {
        "state": State.REJECTED if judgement.rejected else State.ACCEPTED,
        "size": size,
        "kind": judgement.kind,
        "findings": judgement.findings,
        "shadow": judgement.shadow,
        "metadata": judgement.metadata,
        "rules_version": "today",
        "profile_version": profile_version(profile.as_dict()),
    }
    return a_file(**{**kept, **changes})


def look_back(wanted, *used):
    profiles = {profile_version(one.as_dict()): Weights.read(one.as_dict()) for one in (Profile(), wanted, *used)}
    return Hindsight(Weights.read(wanted.as_dict()), profiles)


def choose_profile(rng, levels, codes):
    kinds = catalogue().kinds
    limits = {kind: rng.choice([20, 300, 3000]) for kind in rng.sample((*kinds, "*"), rng.choice([0, 0, 1, 3]))}
    allowed = frozenset(rng.sample(kinds, rng.choice([4, 9]))) if rng.random() < 0.3 else None
    return Profile(allowed, limits, {code: rng.choice(levels) for code in codes}, rng.choice(CONFLICTS))


def choose_codes(rng, broken):
    """Return some of the rules that a file breaks, and others."""
    return sorted({*rng.sample(broken, rng.randint(0, len(broken))), *rng.sample(SOFT, 4)})


def find_softenable(data, facts):
    """Return the rules that a file breaks and that a clinic may soften, with those that are hidden behind others."""
    counted = Profile(rules=dict.fromkeys(SOFT, "shadow"))
    return list(judge_by(data, facts, counted).shadow)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_told_is_what_the_judge_would_have_done(seed):
    rng = random.Random(seed)
    told = dict.fromkeys(Fate, 0)
    for data, facts in SMALL:
        broken = find_softenable(data, facts)
        for _ in range(2):
            used, wanted = (choose_profile(rng, LEVELS, choose_codes(rng, broken)) for _ in range(2))
            then, really = judge_by(data, facts, used), judge_by(data, facts, wanted)
            outcome = look_back(wanted, used).tell(record(then, len(data), used), {})
            told[outcome.fate] += 1
            check_told(outcome, then, really, (seed, used, wanted, data[:40]))
    assert min(told[fate] for fate in Fate if fate is not Fate.PACKED) > 0, told


def check_told(outcome, then, really, context):
    expected = {
        (False, False): {Fate.SAME, Fate.WARNED, Fate.WARNINGS_UNKNOWN},
        (False, True): {Fate.REJECTED},
        (True, False): {Fate.ACCEPTED},
        (True, True): {Fate.SAME},
    }[then.rejected, really.rejected]
    assert outcome.fate in {*expected, Fate.UNKNOWN}, context
    if outcome.fate is Fate.REJECTED:
        assert set(outcome.causes) <= {found.code for found in really.findings}, context
    if outcome.fate is Fate.SAME and not then.rejected:
        assert {found.code for found in then.findings} == {found.code for found in really.findings}, context


@pytest.mark.parametrize("seed", [7])
def test_of_rules_that_were_on_everything_can_be_told_and_warnings_too(seed):
    rng = random.Random(seed)
    on = ("warn", "reject", "shadow")
    for data, facts in SMALL:
        broken = find_softenable(data, facts)
        used = choose_profile(rng, on, choose_codes(rng, broken))
        wanted = choose_profile(rng, LEVELS, choose_codes(rng, broken))
        then, really = judge_by(data, facts, used), judge_by(data, facts, wanted)
        outcome = look_back(wanted, used).tell(record(then, len(data), used), {})
        context = (seed, used, wanted, data[:40], outcome)
        if outcome.fate in {Fate.UNKNOWN, Fate.WARNINGS_UNKNOWN}:
            # One fault is one warning: what it breaks besides is not kept.
            assert set(outcome.causes) <= {"preamble-missing", "file-meta-length-missing", "file-meta-incomplete",
                                           "patient-module-incomplete", "study-module-incomplete"}, context  # fmt: skip
            continue
        check_told(outcome, then, really, context)
        before, after = ({found.code for found in one.findings} for one in (then, really))
        if outcome.fate is Fate.WARNED:
            differing = {f"+{code}" for code in after - before} | {f"-{code}" for code in before - after}
            assert set(outcome.causes) == differing, context


@pytest.mark.parametrize("seed", [8])
def test_the_profile_that_a_file_was_judged_with_changes_nothing(seed):
    rng = random.Random(seed)
    for data, facts in SMALL:
        used = choose_profile(rng, LEVELS, choose_codes(rng, find_softenable(data, facts)))
        kept = record(judge_by(data, facts, used), len(data), used)
        assert look_back(used).tell(kept, {}) == Outcome(Fate.SAME), (seed, used, data[:40])


def test_every_rule_that_a_clinic_may_soften_is_broken_by_the_kinds_that_the_catalogue_names():
    rules = catalogue().rules
    for data, facts in SAMPLES:
        judgement = judge_by(data, facts, Profile())
        if judgement.kind in catalogue().kinds:
            for found in judgement.findings:
                rule = rules[found.code]
                assert rule.protected or not rule.kinds or judgement.kind in rule.kinds, (found.code, judgement.kind)


def tell(data, used, wanted, **changes):
    used, wanted = Profile(**used), Profile(**wanted)
    kept = record(judge_by(data, Facts(), used), len(data), used, **changes)
    return look_back(wanted, used).tell(kept, {})


def test_a_rule_that_was_off_leaves_nothing_to_tell_by():
    off = {"rules": {"pdf-encrypted": "off"}}
    assert tell(ENCRYPTED, off, {}) == Outcome(Fate.UNKNOWN, ("pdf-encrypted",))
    assert tell(ENCRYPTED, off, {"rules": {"pdf-encrypted": "warn"}}) == Outcome(
        Fate.WARNINGS_UNKNOWN, ("pdf-encrypted",)
    )
    assert tell(ENCRYPTED, off, {"rules": {"pdf-encrypted": "shadow"}}) == Outcome(Fate.SAME)


def test_a_rule_that_was_off_is_no_question_for_another_kind_of_file_or_for_one_that_is_rejected_anyhow():
    off = {"rules": {"pdf-encrypted": "off"}}
    assert tell(NO_PREAMBLE, off, {}) == Outcome(Fate.SAME)
    assert tell(b"", off, {}) == Outcome(Fate.SAME)


def test_what_was_only_counted_is_known():
    assert tell(ENCRYPTED, {"rules": {"pdf-encrypted": "shadow"}}, {}) == Outcome(Fate.REJECTED, ("pdf-encrypted",))


def test_what_a_warning_hid_cannot_be_told():
    kept = a_file(
        state=State.ACCEPTED, kind="dicom", findings=(RULES["file-meta-missing"].finding(),),
        profile_version=profile_version(None),
    )  # fmt: skip
    wanted = Profile(rules={"preamble-missing": "reject"})
    assert look_back(wanted).tell(kept, {}) == Outcome(Fate.UNKNOWN, ("preamble-missing",))
    assert look_back(Profile(rules={"preamble-missing": "off"})).tell(kept, {}) == Outcome(Fate.SAME)


@pytest.mark.parametrize("level", ["reject", "shadow"])
def test_what_no_warning_can_hide_was_not_there(level):
    used = Profile(rules={"preamble-missing": level})
    kept = a_file(
        state=State.ACCEPTED, kind="dicom", findings=(RULES["file-meta-missing"].finding(),),
        profile_version=profile_version(used.as_dict()),
    )  # fmt: skip
    assert look_back(Profile(rules={"preamble-missing": "reject"}), used).tell(kept, {}) == Outcome(Fate.SAME)


def test_what_another_finding_hides_is_hidden_again():
    shadow = Profile(rules={"file-meta-missing": "shadow"})
    kept = a_file(
        state=State.ACCEPTED, kind="dicom", findings=(RULES["preamble-missing"].finding(),),
        shadow=("file-meta-missing",), profile_version=profile_version(shadow.as_dict()),
    )  # fmt: skip
    told = look_back(Profile(), shadow).tell(kept, {})
    assert told == Outcome(Fate.WARNED, ("+file-meta-missing", "-preamble-missing"))


def test_a_severity_that_no_profile_set_is_the_catalogues_of_that_day():
    """A rule that rejects since last week did not make a profile reject what it let in before."""
    found = replace(RULES["pdf-encrypted"].finding(), severity=Severity.WARN)
    kept = a_file(state=State.ACCEPTED, kind="pdf", findings=(found,), profile_version=profile_version(None))
    assert look_back(Profile(rules={"csv-formula": "off"})).tell(kept, {}) == Outcome(Fate.SAME)
    wanted = Profile(rules={"pdf-encrypted": "reject"})
    assert look_back(wanted).tell(kept, {}) == Outcome(Fate.REJECTED, ("pdf-encrypted",))


def test_a_rule_that_there_no_longer_is_stays_as_it_was_told():
    found = replace(RULES["pdf-encrypted"].finding(), code="gone")
    kept = a_file(state=State.REJECTED, kind="pdf", findings=(found,), profile_version=profile_version(None))
    assert look_back(Profile(rules={"csv-formula": "off"})).tell(kept, {}) == Outcome(Fate.SAME)


def clashed(code, state, where="(0010,0010)", **changes):
    return a_file(1, state=state, kind="dicom", findings=(RULES[code].finding(where),), **changes)


@pytest.mark.parametrize(
    ("code", "where", "wanted", "outcome"),
    [
        ("sop-instance-conflict", "x", "keep-first", Outcome(Fate.ACCEPTED, ("sop-instance-conflict",))),
        ("sop-instance-conflict", "x", "reject", Outcome(Fate.SAME)),
        ("sop-instance-refused", "x", "keep-first", Outcome(Fate.ACCEPTED, ("sop-instance-refused",))),
        ("sop-instance-refused", "", "keep-first", Outcome(Fate.SAME)),
        ("sop-instance-uncompared", "", "keep-first", Outcome(Fate.SAME)),
        ("sop-instance-first-kept", "x", "hold", Outcome(Fate.REJECTED, ("sop-instance-conflict",))),
        ("sop-instance-first-kept", "x", "keep-first", Outcome(Fate.SAME)),
    ],
)
def test_another_image_under_a_known_uid_goes_as_the_profile_wants_it(code, where, wanted, outcome):
    state = State.ACCEPTED if code == "sop-instance-first-kept" else State.REJECTED
    assert look_back(Profile(conflicts=wanted)).tell(clashed(code, state, where), {}) == outcome


def test_what_clashed_with_a_file_that_would_have_been_rejected_cannot_be_told():
    first = a_file(2, state=State.ACCEPTED, kind="dicom", findings=(RULES["date-invalid"].finding(),))
    later = clashed("sop-instance-conflict", State.REJECTED, conflicts_with=first.file_id)
    wanted = Profile(rules={"date-invalid": "reject"})
    assert look_back(wanted).tell(later, {first.file_id: first}) == Outcome(Fate.UNKNOWN, ("earlier-rejected",))
    assert look_back(Profile()).tell(later, {first.file_id: first}) == Outcome(Fate.SAME)


def test_what_an_archive_holds_goes_with_the_archive():
    archive = a_file(2, state=State.ACCEPTED, kind="zip", size=5000)
    entry = a_file(3, state=State.ACCEPTED, kind="dicom", size=10, parent=archive.file_id)
    others = {archive.file_id: archive}
    assert look_back(Profile(max_bytes={"zip": 100})).tell(entry, others) == Outcome(Fate.PACKED, ("too-large",))
    assert look_back(Profile(max_bytes={"zip": 100})).tell(archive, {}) == Outcome(Fate.REJECTED, ("too-large",))
    refused = replace(entry, state=State.REJECTED, findings=(RULES["truncated"].finding(),))
    assert look_back(Profile(max_bytes={"zip": 100})).tell(refused, others) == Outcome(Fate.SAME)


@pytest.mark.parametrize("code", ["archive-nothing-accepted", "archive-entries-rejected"])
def test_what_its_entries_say_of_an_archive_is_no_verdict_of_its_own(code):
    state = State.REJECTED if code == "archive-nothing-accepted" else State.ACCEPTED
    archive = a_file(state=state, kind="zip", size=5000, findings=(RULES[code].finding("1 of 1 entries"),))
    assert look_back(Profile(rules={"date-invalid": "off"})).tell(archive, {}) == Outcome(Fate.SAME)
    assert look_back(Profile(kinds=frozenset({"dicom"}))).tell(archive, {}).fate is Fate.REJECTED


def test_what_two_admins_accepted_is_no_verdict_of_the_judges():
    accepted = a_file(state=State.ACCEPTED, timeline=(TimelineEntry(NOON, "admin-2", "review-confirmed"),))
    assert not was_judged(accepted)
    assert was_judged(replace(accepted, timeline=()))
    assert was_judged(replace(accepted, state=State.DELETED))
    assert not was_judged(replace(accepted, state=State.FAILED, timeline=()))
