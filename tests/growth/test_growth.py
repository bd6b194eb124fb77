"""The measuring itself: a square is told as one, what is linear is not, and what outsiders write is found."""

import ast

import pytest

from tests.growth import fields
from tests.growth.measure import Growth, Step, grow
from tests.growth.rows import Row
from tests.growth.screening import screen
from tests.unit.portal.portal_fixture import Portal


def quadratic(size):
    return lambda: sum(1 for left in range(size) for right in range(size) if left == right)


def linear(size):
    return lambda: sum(1 for left in range(size * 400) if left % 7)


def hoarding(size):
    return lambda: (sum(range(200_000)), [bytes(1000) for _ in range(size * size // 8)])


def test_a_square_is_told():
    assert not grow("a square", quadratic, smallest=128, largest=1024).is_linear


def test_what_is_linear_is_not():
    found = grow("a line", linear, smallest=128, largest=512)

    assert found.is_linear, str(found)


def test_memory_that_grows_with_the_square_is_told():
    assert not grow("a hoard", hoarding, smallest=64, largest=256).is_linear


def test_what_costs_too_little_to_be_measured_is_no_square():
    found = Growth("little", (Step(1, 0.0001, 0), Step(2, 0.004, 0)))

    assert found.is_linear


def test_a_screening_finds_the_row_that_grows_too_fast():
    screening = screen([Row("a line", linear, 512), Row("a square", quadratic, 1024)])

    assert [growth.subject for growth in screening.grown if not growth.is_linear] == ["a square"]


@pytest.fixture(scope="module")
def app():
    return Portal().app


def test_what_requests_are_made_of_is_found(app):
    found = {(field.path, field.place, field.name) for field in fields.fields(app)}

    assert ("/api/v1/uploads", "json", "files.0.name") in found
    assert ("/api/v1/webhooks", "json", "url") in found
    assert ("/admin/quarantine", "query", "code") in found
    assert ("/admin/quarantine", "form", "reason") in found
    assert ("/files", "query", "modality") in found
    assert ("/files/search", "form", fields.EVERY) in found
    assert ("/dicomweb/studies", "query", "StudyDescription") in found
    assert ("/uploads/{upload_id}", "path", "upload_id") in found


def test_names_of_forms_are_found_in_templates_and_sources():
    assert {"patient", "reference", "email", "reason", "note", "csrf_token"} <= set(fields.form_names())


def test_headers_that_are_read_are_found(app):
    assert {"accept", "content-type", "if-none-match", "idempotency-key", "hx-current-url"} <= fields.headers(app)


@pytest.mark.parametrize(
    "source",
    [
        'request.headers.get("x-new")',
        '"x-new" in request.headers',
        'request.headers["x-new"]',
        'NEW = "x-new"\nrequest.headers.get(NEW)',
        'dict(scope["headers"]).get(b"x-new")',
    ],
)
def test_a_new_header_is_found_however_it_is_read(source):
    assert "x-new" in set(fields._headers_read(ast.parse(source)))
