"""What docs/cost.md says is what the program computes, and it keeps to the limits."""

from pathlib import Path

import pytest

from infra.costs import idle, marginal, report
from infra.costs.metered import load_metered
from infra.stages import PROD
from tests.metering.units import Index, item_size, read_units, table_units


@pytest.fixture(scope="module")
def months():
    return {config: sum(line.usd for line in report.list_idle_lines(config)) for config in (PROD, report.WITHOUT)}


def test_the_document_holds_what_the_program_computes():
    text = Path("docs/cost.md").read_text()
    assert report.insert_tables(text, report.compute_tables()) == text, "run `make cost`"


def test_an_idle_month_keeps_to_its_limits(months):
    assert months[PROD] <= report.LIMITS["idle"]
    assert months[report.WITHOUT] <= report.LIMITS["plain"]


def test_a_million_files_in_bursts_keep_to_their_limit():
    assert marginal.add_up(marginal.list_lines(load_metered()["burst"])) <= report.LIMITS["marginal"]


def test_a_resource_that_nobody_priced_is_no_resource_for_nothing():
    with pytest.raises(idle.UnpricedError, match="AWS::EC2::NatGateway"):
        idle.list_lines([{"Type": "AWS::EC2::NatGateway"}], PROD)


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
