"""What is delivered has a licence that somebody allowed."""

import json

from infra.supply_chain.sbom import BUNDLES, CLIENT, WEB, components, listing, objections, write_all


def bill(*licences, name="part"):
    return {"components": [{"name": name, "version": "1", "licenses": list(licences)}]}


def objections_to(*licences, name="part"):
    return objections(components(bill(*licences, name=name)))


def test_an_identifier_that_is_allowed_passes():
    assert objections_to({"license": {"id": "MIT"}}) == []


def test_each_part_of_an_expression_is_looked_at():
    assert objections_to({"expression": "Apache-2.0 OR BSD-3-Clause"}) == []
    assert objections_to({"expression": "MIT AND (BSD-2-Clause AND GPL-3.0-only)"}) == [
        "part 1: MIT, BSD-2-Clause, GPL-3.0-only"
    ]


def test_a_package_that_names_no_licence_is_objected_to_unless_somebody_read_it():
    assert objections_to() == ["part 1: names no licence"]
    assert objections_to(name="htmx.org") == []


def test_a_classifier_counts_only_where_nothing_better_is_said():
    gnu = {"license": {"name": "License :: OSI Approved :: GNU General Public License (GPL)"}}
    assert objections_to({"license": {"name": "License :: OSI Approved :: BSD License"}}) == []
    assert objections_to(gnu) == ["part 1: License :: OSI Approved :: GNU General Public License (GPL)"]
    assert objections_to({"license": {"id": "MIT"}}, {"license": {"name": "License :: OSI Approved"}}) == []


def test_the_listing_names_each_component_once_under_its_licence():
    parts = [*components(bill({"license": {"id": "MIT"}}, name="b")), *components(bill({"license": {"id": "MIT"}}))]
    assert listing(parts) == "  MIT: b 1; part 1"


def test_the_bills_of_what_is_delivered_are_cyclonedx_and_hold_what_the_bundles_hold(tmp_path):
    files = write_all(tmp_path)
    bills = {name: json.loads(file.read_text()) for name, file in files.items()}
    assert set(bills) == {*BUNDLES, CLIENT, WEB}
    assert {each["bomFormat"] for each in bills.values()} == {"CycloneDX"}
    names = {name: {part["name"].lower() for part in each["components"]} for name, each in bills.items()}
    assert {"fastapi", "python-jose", "boto3"} <= names["portal"]
    assert {"boto3", "pydantic"} <= names["processor"]
    assert {"httpx", "typer"} <= names[CLIENT]
    assert {"htmx.org", "esbuild"} <= names[WEB]
    # Neither what the console command needs nor what nothing reaches is in a function.
    assert not {"typer", "ecdsa", "rsa", "pyasn1"} & (names["portal"] | names["processor"])
    assert objections(part for each in bills.values() for part in components(each)) == []
