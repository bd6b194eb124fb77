"""docs/conformance.md says what the code does."""

from portal.dicomweb import wado
from portal.dicomweb.queries import MOST_ROWS, ROWS
from portal.http.messages import LONGEST_BOUNDARY, MOST_PARTS
from portal.http.request_bounds import MAX_DICOMWEB_BODY
from tests.unit.portal.dicomweb.conformance import PAGE, TABLES, fill

MIB = 1024 * 1024


def test_every_table_of_the_conformance_statement_is_that_of_the_code():
    page = PAGE.read_text()
    assert fill(page) == page, "run `make conformance`"


def test_a_table_that_is_not_there_is_noticed():
    page = PAGE.read_text()
    for name in TABLES:
        changed = page.replace(f"<!-- {name} -->\n|", f"<!-- {name} -->\n| wrong |", 1)
        assert changed != page
        assert fill(changed) == page


def test_the_bounds_that_the_statement_names_are_those_of_the_code():
    page = " ".join(PAGE.read_text().split())
    for bound in (
        f"messages of up to {MAX_DICOMWEB_BODY // MIB} MiB and {MOST_PARTS} instances",
        f"boundaries of up to {LONGEST_BOUNDARY} characters",
        f"answers of up to {wado.LARGEST_MESSAGE // MIB} MiB and {wado.MOST_IN_A_MESSAGE} instances",
        f"metadata of up to {wado.MOST_DESCRIBED} instances",
        f"{ROWS} rows where `limit` is not given, {MOST_ROWS} at most",
    ):
        assert bound in page, bound
