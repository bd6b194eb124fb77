"""What docs/cost.md says is what the program computes, it keeps to the limits, and nothing that costs is left out."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.costs import idle, report
from infra.stages import EXAMPLE, PROD
from portal.costs import marginal
from portal.costs.assumptions import FILE_BYTES, JUDGED_AT_ONCE, RENDERER_MIB
from portal.costs.estimate import estimate_cost
from portal.costs.metered import load_metered, load_sweep
from portal.costs.pictures import SERIES, list_picture_lines
from portal.costs.prices import PRICES
from processor.ingest.process import AT_ONCE
from tests.metering.units import Index, item_size, read_units, table_units

PATTERNS = load_metered()


@pytest.fixture(scope="module")
def months():
    return {config: report.list_idle_lines(config) for config in (PROD, report.WITHOUT)}


def billed(lines):
    """Return the names of the prices that lines multiply."""
    return {line.price for line in lines if line.amount}


def test_the_document_holds_what_the_program_computes():
    text = Path("docs/cost.md").read_text()
    assert report.insert_tables(text, report.compute_tables()) == text, "run `make cost`"


def test_an_idle_month_keeps_to_its_limits(months):
    assert sum(line.usd for line in months[PROD]) <= report.LIMITS["idle"]
    assert sum(line.usd for line in months[report.WITHOUT]) <= report.LIMITS["plain"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_million_files_keep_to_their_limit_in_bursts_and_one_by_one(pattern):
    assert marginal.add_up(marginal.list_lines(PATTERNS[pattern])) <= report.LIMITS[pattern]


def test_pictures_of_a_million_slices_keep_to_their_limit():
    assert marginal.add_up(list_picture_lines(SERIES["ct"])) <= report.LIMITS["pictures"] == 1.0


def test_pictures_are_priced_as_production_draws_them():
    assert PROD.renderer.memory_mib == RENDERER_MIB
    assert (SERIES["ct"].times, SERIES["single"].times) == (3 / 150, 1)
    assert {"lambda time", "lambda request", "s3 put", "s3 get", "s3 storage", "sqs request", "trail"} <= billed(
        list_picture_lines(SERIES["ct"])
    )


def test_copies_in_the_vault_cost_less_than_the_tables_that_they_stand_for():
    kept = {line.what: line.usd for line in marginal.list_kept_lines()}
    copies = sum(usd for what, usd in kept.items() if what.startswith("AWS Backup"))
    assert copies < sum(usd for what, usd in kept.items() if what.startswith("DynamoDB"))


def test_a_clinics_month_on_the_portals_page_is_what_the_document_says_of_the_same_files():
    month = estimate_cost("northside", files=10**6, stored=10**6 * FILE_BYTES, judged=10**6)
    burst = PATTERNS["burst"]
    assert month.processing == pytest.approx(marginal.add_up(marginal.list_lines(burst)))
    assert month.storage == pytest.approx(marginal.add_up(marginal.list_kept_lines()))
    text = Path("docs/cost.md").read_text()
    assert f"| A million files in bursts | {month.processing:,.2f} |" in text
    assert f"| **Together** |  | **{month.storage:,.2f}** |" in text


def test_files_are_priced_as_production_is_set_up():
    assert report.describe_setup(PROD) == marginal.PRODUCTION
    assert JUDGED_AT_ONCE == AT_ONCE


def test_each_call_that_was_metered_is_billed():
    """An entry of the ledger that no line multiplies would be work for nothing."""
    said = {"call": "", "bytes": "", "items": "", "write units": "dynamodb write", "read units": "dynamodb read"}
    said |= {"s3 put": "s3 put", "s3 copy": "s3 put", "s3 get": "s3 get", "s3 list": "s3 put"}
    said |= {"sns requests": "sns publish", "sqs requests": "sqs request"}
    # S3 takes deletions for nothing, and API Gateway questions about itself.
    free = {"s3 delete", "apigatewayv2 requests", "s3 put by clinics"}
    lines = [line for found in PATTERNS.values() for line in marginal.list_lines(found)]
    for function in [*(one for found in PATTERNS.values() for one in found.raw["functions"].values())]:
        entries = {name.partition(",")[0] for name in function["entries"] if not name.startswith("call ")} - free
        assert {said[name] for name in entries} - {""} <= billed(lines)
    swept = {name.partition(",")[0] for name in load_sweep()["entries"] if not name.startswith("call ")} - free
    assert {said[name] for name in swept} - {""} <= billed(report.list_idle_lines(PROD))


def test_each_kind_of_resource_has_a_line_or_a_reason_why_none(months):
    """Of production, with what some stages have beside it: the program stops at any other kind."""
    burst = PATTERNS["burst"]
    told = [*marginal.list_kept_lines(), *marginal.list_passing_lines(), *marginal.list_trail_lines(burst)]
    told += [line for found in PATTERNS.values() for line in marginal.list_lines(found)]
    told += [*marginal.list_scan_lines(), *months[PROD]]
    beside = {"person", "machine token"}, {"dashboard"}, {"trace"}
    by_whom, past_three, switched_off = beside
    known = billed(told) | by_whom | past_three | switched_off
    assert [(kind, price) for kind, prices in idle.BY_USE.items() for price in prices if price not in known] == []
    assert all(reason for reason in idle.FREE.values())
    assert not (idle.BY_USE.keys() | idle.BY_THE_MONTH.keys() - {"AWS::WAFv2::WebACL"}) & idle.FREE.keys()


def test_every_price_is_multiplied_somewhere(months):
    sources = [Path("infra/costs/elsewhere.py").read_text(), Path("infra/costs/report.py").read_text()]
    burst = PATTERNS["burst"]
    told = [*marginal.list_kept_lines(), *marginal.list_trail_lines(burst), *marginal.list_scan_lines()]
    known = billed([*told, *marginal.list_lines(burst), *months[PROD]])
    assert [price for price in PRICES if price not in known and not any(f'"{price}"' in one for one in sources)] == [
        "dashboard"
    ], "three of them are free"


def test_what_is_kept_and_noted_stands_in_lines_of_its_own(months):
    burst, whole, plain = PATTERNS["burst"], months[PROD], months[report.WITHOUT]
    assert {"backup", "cold backup", "dynamodb recovery", "dynamodb storage", "s3 storage"} == billed(
        marginal.list_kept_lines()
    )
    assert {"trail", "searched logs", "logs storage", "s3 storage"} == billed(marginal.list_trail_lines(burst))
    assert {"dynamodb write", "dynamodb read", "s3 put", "sqs request", "schedule"} <= billed(plain)
    assert {"trail", "searched logs", "kms request"} <= billed(whole) - billed(plain)


def test_what_the_sweep_writes_and_what_the_trail_notes_of_it_are_in_an_idle_month(months):
    lines = {line.what: line for line in months[PROD]}
    sweeps = lines["Lambda: the sweep's invocations"].amount
    assert lines["DynamoDB: the sweep's writes"].amount >= sweeps
    calls = sum(count for what, count in load_sweep()["entries"].items() if what.startswith(("call dyn", "call s3")))
    assert lines["CloudTrail: data events"].amount >= sweeps * calls
    assert not [what for what in (line.what for line in months[report.WITHOUT]) if "trail" in what.lower()]


def test_traces_are_billed_where_a_stage_has_them():
    single = PATTERNS["single"]
    traced = marginal.list_lines(single, report.describe_setup(replace(PROD, traces=True)))
    (line,) = [one for one in traced if one.price == "trace"]
    assert line.amount == pytest.approx(sum(single.function(name, "invocations") for name in marginal.FUNCTIONS))
    assert "trace" not in billed(marginal.list_lines(single))
    assert EXAMPLE.traces, "`make lint` looks at every switch"


def test_a_resource_that_nobody_priced_is_no_resource_for_nothing():
    with pytest.raises(idle.UnpricedError, match="AWS::EC2::NatGateway"):
        idle.list_lines([{"Type": "AWS::EC2::NatGateway"}], PROD)


def test_a_new_kind_of_a_service_that_is_known_is_none_for_nothing_either():
    with pytest.raises(idle.UnpricedError, match="AWS::GuardDuty::Detector"):
        idle.list_lines([{"Type": "AWS::GuardDuty::Detector"}], PROD)


def test_an_item_is_as_large_as_its_names_and_values():
    item = {
        "pk": {"S": "é"},
        "n": {"N": "-1230"},
        "b": {"B": b"12345"},
        "l": {"L": [{"S": "ab"}, {"BOOL": True}]},
        "m": {"M": {"x": {"NULL": True}}},
        "s": {"SS": ["a", "bc"]},
    }
    assert item_size(item) == (2 + 2) + (1 + 4) + (1 + 5) + (1 + 3 + 1 + 2 + 1 + 1) + (1 + 3 + 1 + 1 + 1) + (1 + 3)


def _item(size, **more):
    return {"pk": {"S": "x" * (size - 2)}, **more}


@pytest.mark.parametrize(("old", "new", "units"), [(0, 1024, 1), (0, 1025, 2), (3000, 10, 3)])
def test_a_write_is_billed_by_the_larger_of_before_and_after_and_twice_in_a_transaction(old, new, units):
    before, after = _item(old) if old else None, _item(new)
    assert table_units(before, after, transactional=False) == units
    assert table_units(before, after, transactional=True) == 2 * units


def test_an_index_is_billed_for_what_changes_in_it():
    index = Index("by_state", ("state",), frozenset({"pk", "state", "name"}))
    one, renamed = _item(5, state={"S": "a"}, name={"S": "n"}), _item(5, state={"S": "a"}, name={"S": "m"})
    moved, hidden = _item(5, state={"S": "b"}, name={"S": "n"}), _item(5, name={"S": "n"})
    other = one | {"size": {"N": "1"}}
    found = [
        index.units(*change) for change in [(None, one), (one, other), (one, renamed), (one, moved), (one, hidden)]
    ]
    assert found == [1, 0, 1, 2, 1]


def test_what_is_read_consistently_is_billed_twice_and_nothing_is_billed_like_a_little():
    assert read_units(0, consistent=False) == 0.5
    assert read_units(4097, consistent=True) == 2.0
