"""The API tells of itself what is true."""

import re

import jsonschema_rs
import pytest

from portal.api.problem_responses import GATEWAY
from tests.unit.portal.api.snapshot import FILE, snapshot

NO_PROBLEMS = {("/dicomweb/studies", "409"), ("/dicomweb/studies/{study_uid}", "409")}
"""PS3.18 has STOW-RS tell the failure of each instance in a DICOM data set."""

METHODS = {"get", "post", "put", "delete", "patch"}


@pytest.fixture
def document(portal):
    return portal.visitor().get("/api/openapi.json").json()


def operations(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert method in METHODS
            yield path, method, operation


def references(node):
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_the_document_is_openapi_3_1_and_covers_the_api_only(document):
    assert document["openapi"].startswith("3.1")
    assert all(path.startswith(("/api/v1/", "/dicomweb/")) for path in document["paths"])


def test_the_document_is_the_committed_one():
    assert FILE.read_text() == snapshot(), "a change of the API that is meant is committed by `make openapi`"


def test_every_reference_leads_somewhere(document):
    for reference in references(document):
        _, components, kind, name = reference.split("/")
        assert (components, kind) in {("components", "schemas"), ("components", "headers")}
        assert name in document["components"][kind]


def test_every_operation_and_every_error_has_an_example_and_it_is_true(document):
    components = {"components": document["components"]}
    for path, method, operation in operations(document):
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for name, body in bodies.items():
            for media_type, media in body.get("content", {}).items():
                examples = (
                    [media["example"]] if "example" in media else [one["value"] for one in media["examples"].values()]
                )
                assert examples, (path, method, name, media_type)
                if "schema" in media and "json" in media_type:
                    validator = jsonschema_rs.Draft202012Validator({**media["schema"], **components})
                    for example in examples:
                        errors = [str(error) for error in validator.iter_errors(example)]
                        assert not errors, (path, method, name, errors)


def test_every_read_answers_304_to_who_holds_its_answer(document):
    for _, method, operation in operations(document):
        if method == "get":
            assert "304" in operation["responses"]
            assert "If-None-Match" in [parameter["name"] for parameter in operation["parameters"]]


def test_operations_have_names_of_their_own_and_say_what_they_do(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in ids)
    assert all(operation["description"] for _, _, operation in operations(document))


def test_every_operation_asks_for_a_token(document):
    assert all(operation["security"] for _, _, operation in operations(document))


def test_errors_are_documented_as_problems_with_examples(document):
    for path, _, operation in operations(document):
        assert {"401", "403", "500", "503"} <= set(operation["responses"])
        for status, response in operation["responses"].items():
            if int(status) >= 400 and (path, status) not in NO_PROBLEMS:
                own = ["application/problem+json"] + ["application/json"] * (int(status) in GATEWAY)
                assert list(response["content"]) == own
                assert "X-Request-Id" in response["headers"]
                for example in response["content"]["application/problem+json"]["examples"].values():
                    assert example["value"]["status"] == int(status)


def test_every_field_that_clients_send_has_an_example_or_a_meaning(document):
    for name in ("NewUpload", "Announced", "WantedPart"):
        for field in document["components"]["schemas"][name]["properties"].values():
            assert {"examples", "description", "items", "minimum"} & set(field)


def test_the_explorer_is_served_by_ourselves(portal):
    page = portal.visitor().get("/api/docs").text
    assert "/api/openapi.json" in page
    assert "/static/swagger-ui/" in page
    assert "//cdn" not in page
    assert "<script>" not in page
