"""What is known of files of other kinds, held against independent readers."""

import csv
import io
import json
import warnings
import xml.etree.ElementTree as ET

import pypdf
import pytest
from PIL import Image

from processor.judge import judge
from tests.document_files import (
    OBSERVATION,
    PATIENT,
    SEEDS,
    bundle,
    ccda,
    fhir,
    gzipped,
    hl7v2,
    jpeg,
    nifti_1,
    nifti_2,
    pdf,
    png,
    tiff,
)
from tests.unit.processor.judge.corpus import content, needs_corpus, rows
from tests.unit.processor.judge.documents.verdicts import metadata
from tests.unit.processor.judge.sources import CountedSource

V3 = "{urn:hl7-org:v3}"


def accepted(kind):
    """The corpus' sound files of a kind, in the judge's own words."""
    for row in rows():
        if row["kind"].startswith("dicom/") or row["expected"] == "reject":
            continue
        judgement = judge(CountedSource(content(row)))
        if judgement.kind == kind and not judgement.rejected:
            yield row["path"], content(row), judgement.metadata


def assert_fit_to_be_kept(value):
    match value:
        case dict():
            for key, inner in value.items():
                assert isinstance(key, str)
                assert_fit_to_be_kept(inner)
        case list():
            for inner in value:
                assert_fit_to_be_kept(inner)
        case str():
            assert len(value) <= 256
            assert value.isprintable()
            value.encode()
        case _:
            assert isinstance(value, int | bool)


@needs_corpus
@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff"])
def test_sizes_of_real_images_are_those_that_pillow_reads(kind):
    wrong = {}
    for path, data, known in accepted(kind):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                if (known["columns"], known["rows"]) != image.size:
                    wrong[path] = known, image.size
                if kind == "tiff" and known["pages"] != image.n_frames:
                    wrong[path] = known, image.n_frames

    assert wrong == {}


@needs_corpus
def test_pages_of_real_pdfs_are_those_that_pypdf_counts():
    wrong = {}
    for path, data, known in accepted("pdf"):
        if "cycl" in path or "fuzzed" in path or "Pages-tree" in path:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pages = len(pypdf.PdfReader(io.BytesIO(data)).pages)
        if known.get("pages") != pages:
            wrong[path] = known, pages

    assert wrong == {}


@needs_corpus
def test_tables_have_the_rows_that_the_standard_library_reads():
    wrong = {}
    for path, data, known in accepted("csv"):
        text = data.decode(known["encoding"])
        read = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        if (known["rows"], known["columns"]) != (len(read), len(read[0])):
            wrong[path] = known

    assert wrong == {}


@needs_corpus
def test_patients_of_real_clinical_documents_are_those_of_the_element_tree():
    for path, data, known in accepted("ccda"):
        role = ET.fromstring(data).find(f"{V3}recordTarget/{V3}patientRole")  # noqa: S314 — HL7's own examples.
        patient = role.find(f"{V3}patient")

        assert known["patient"]["id"] == role.find(f"{V3}id").get("extension"), path
        assert known["patient"]["birth_date"] == patient.find(f"{V3}birthTime").get("value"), path
        assert known["patient"]["sex"] == patient.find(f"{V3}administrativeGenderCode").get("code"), path
        family = " ".join(patient.find(f"{V3}name/{V3}family").text.split())
        assert known["patient"]["name"].split("^")[0] == family, path


@needs_corpus
def test_real_resources_are_those_of_the_standard_librarys_json():
    for path, data, known in accepted("fhir"):
        resource = json.loads(data)

        assert known["resource_type"] == resource["resourceType"], path
        assert known.get("id") == (resource.get("id") if resource["resourceType"] != "Patient" else None), path
        if resource["resourceType"] == "Bundle":
            assert known["entries"] == len(resource["entry"]), path


@needs_corpus
def test_what_is_known_of_real_files_is_fit_to_be_kept():
    for row in rows():
        if not row["kind"].startswith("dicom/"):
            assert_fit_to_be_kept(judge(CountedSource(content(row))).metadata)


@pytest.mark.parametrize("kind", SEEDS)
def test_what_is_known_of_synthetic_files_is_fit_to_be_kept(kind):
    for seed in SEEDS[kind]:
        assert metadata(seed)
        assert_fit_to_be_kept(metadata(seed))


@pytest.mark.parametrize("data", [nifti_1(), nifti_1(order=">"), gzipped(nifti_1()), nifti_2(), nifti_2(order=">")])
def test_a_volume_is_described(data):
    known = metadata(data)

    assert known["dimensions"] == [4, 3, 2]
    assert known["spacing"] == ["1", "1", "1"]
    assert (known["data_type"], known["spatial_unit"]) == ("int16", "mm")


@pytest.mark.parametrize(
    ("data", "size"),
    [(png(7, 5), (7, 5)), (jpeg(640, 480), (640, 480)), (tiff(9, 4), (9, 4)), (tiff(9, 4, big=True), (9, 4))],
)
def test_an_image_is_described(data, size):
    known = metadata(data)

    assert (known["columns"], known["rows"]) == size
    assert known["bits_per_sample"] == 8


def test_a_message_is_described_with_its_own_delimiters():
    known = metadata(
        hl7v2("PID*1**TEST-1$$$N**TEST$PATIENT**19700101*F", header="MSH*$#!?*LAB*N***20261122**ORU$R01*1*P*2.3")
    )

    assert (known["message_type"], known["version"]) == ("ORU^R01", "2.3")
    assert known["patient"] == {"id": "TEST-1", "name": "TEST^PATIENT", "birth_date": "19700101", "sex": "F"}


EXPECTED_PATIENT = {"id": "TEST-1", "name": "Test^Patient", "birth_date": "1970-01-01", "sex": "female"}


@pytest.mark.parametrize("data", [fhir(), bundle(OBSERVATION, PATIENT)])
def test_patients_of_resources_stand_apart(data):
    known = metadata(data)

    assert known["patient"] == EXPECTED_PATIENT
    assert "Test" not in json.dumps({key: value for key, value in known.items() if key != "patient"})


def test_patients_of_documents_stand_apart():
    known = metadata(ccda(title="<title>Summary for Test Patient</title>"))

    assert "Test" not in json.dumps({key: value for key, value in known.items() if key != "patient"})
    assert known["patient"] == {
        "id": "TEST-1",
        "name": "Test^Patient",
        "birth_date": "19700101",
        "sex": "F",
    }


@pytest.mark.parametrize(
    "data",
    [
        fhir(name=[{"family": "x" * 5000}], id="y" * 5000, birthDate=["no", "date"], gender={"a": 1}),
        fhir(name="not a list", identifier={"value": 3}, status="a\0b\x1b[31m\ud800"),
        fhir({"resourceType": "Bundle", "type": ["not hashable"]}),
        hl7v2("PID|1||" + "x" * 5000 + "||" + "y" * 5000),
        ccda(code=f'<code code="{"long " * 5000}"/>'),
        ccda(code='<code code="\u0085\u009b"/>'),
    ],
)
def test_texts_are_bounded_and_printable(data):
    assert_fit_to_be_kept(metadata(data))


def test_a_pdf_is_described():
    assert metadata(pdf()) == {"version": "1.7", "pages": 1}
