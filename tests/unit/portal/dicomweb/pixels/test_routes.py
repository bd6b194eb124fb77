"""Frames and bulk data of a stored instance: their bytes, in the form that is asked for, by few reads."""

import struct
from dataclasses import replace
from io import BytesIO

import pydicom
import pytest

from intake.files.states import State
from portal.dicomweb.pixels import bulkdata, frames
from tests.dicom_files import EXPLICIT_VR_BIG_ENDIAN, SEQUENCE_END, ct_slice, element, item, uid
from tests.unit.intake.conftest import aws, dynamodb, sdk
from tests.unit.intake.dicom.pixels.samples import PACKAGED, basic, offsets_of
from tests.unit.portal.dicomweb.archive import Archive
from tests.unit.portal.dicomweb.stored_archive import keep, known_machine
from tests.unit.portal.dicomweb.test_wado import bodies
from tests.unit.portal.pool import partner_token
from tests.unit.portal.stored_portal import told_calls

assert aws
assert dynamodb
assert sdk

STUDY, SERIES, SOP = uid("frames", "study"), uid("frames", "series"), uid("frames", "sop")
BASE = f"/dicomweb/studies/{STUDY}/series/{SERIES}/instances/{SOP}"
OCTETS = "application/octet-stream"


def image(value=None, *, fragments=None, frames=1, syntax="1.2.840.10008.1.2.1", table=b"", changes=None):
    """Return a CT slice of 4 by 4 pixels of eight bits, or of fragments."""
    big = syntax == EXPLICIT_VR_BIG_ENDIAN
    elements = {
        0x00280008: ("IS", f"{frames} ".encode()),
        **{tag: ("US", struct.pack(">H" if big else "<H", 8)) for tag in (0x00280100, 0x00280101)},
        0x00280102: ("US", struct.pack(">H" if big else "<H", 7)),
        **(changes or {}),
    }
    file = ct_slice(
        study=STUDY, series=SERIES, sop=SOP, rows=4, columns=4, pixels=value or b"", transfer_syntax=syntax,
        changes=elements,
    )  # fmt: skip
    if fragments is None:
        return file
    head = file[: -len(element(0x7FE00010, "OW", b""))]
    stream = item(table) + b"".join(map(item, fragments)) + SEQUENCE_END
    return head + element(0x7FE00010, "OB", stream, length=0xFFFFFFFF)


def a_frame(number, size=64):
    """Return bytes that begin and end as JPEG-LS does."""
    return b"\xff\xd8\xff\xf7" + bytes([number]) * (size - 6) + b"\xff\xd9"


JPEG_LS = "1.2.840.10008.1.2.4.80"


@pytest.fixture
def client(portal):
    return portal.machine()


def kept(portal, body):
    Archive(portal).add(body)
    (record,) = portal.table.files.values()
    assert record.state is State.ACCEPTED, record.findings
    return record


def related(media_type, syntax=""):
    return {"accept": f'multipart/related; type="{media_type}"' + (f"; transfer-syntax={syntax}" if syntax else "")}


def test_native_frames_come_as_octets_each_a_part(portal, client):
    value = bytes(range(64))
    kept(portal, image(value, frames=4))
    answer = client.get(f"{BASE}/frames/3,1")
    assert bodies(answer) == [value[32:48], value[:16]]
    assert f'type="{OCTETS}"' in answer.headers["content-type"]
    assert f"Content-Location: {BASE}/frames/3\r\n".encode() in answer.content
    single = client.get(f"{BASE}/frames/2", headers={"accept": OCTETS})
    assert (single.content, single.headers["content-type"]) == (
        value[16:32],
        f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.1",
    )


def test_words_of_big_endian_files_are_told_in_little_endian_order(portal, client):
    kept(portal, image(struct.pack(">8H", *range(8)), syntax=EXPLICIT_VR_BIG_ENDIAN))
    words = struct.pack("<8H", *range(8))
    assert bodies(client.get(f"{BASE}/frames/1")) == [words]
    assert bodies(client.get(f"{BASE}/bulkdata/7FE00010")) == [words]


def test_compressed_frames_keep_their_form(portal, client):
    fragments = [a_frame(number) for number in range(3)]
    kept(
        portal,
        image(fragments=fragments, frames=3, syntax=JPEG_LS, table=basic(offsets_of([[f] for f in fragments]))),
    )
    for accept in ({}, related("image/jls"), related("image/*"), related("*/*"), {"accept": "multipart/related"}):
        answer = client.get(f"{BASE}/frames/2,3", headers=accept)
        assert bodies(answer) == fragments[1:]
        assert f'type="image/jls"; transfer-syntax={JPEG_LS}' in answer.headers["content-type"]
        assert f"Content-Type: image/jls; transfer-syntax={JPEG_LS}\r\n".encode() in answer.content
    octets = client.get(f"{BASE}/frames/1", headers=related(OCTETS, "*"))
    assert bodies(octets) == fragments[:1]
    assert f"Content-Type: {OCTETS}; transfer-syntax={JPEG_LS}\r\n".encode() in octets.content
    single = client.get(f"{BASE}/frames/1", headers={"accept": f"image/jls; transfer-syntax={JPEG_LS}"})
    assert single.content == fragments[0]
    assert bodies(client.get(f"{BASE}/bulkdata/7FE00010")) == fragments


@pytest.mark.parametrize(
    "accept",
    [
        related(OCTETS),
        related("image/jpeg"),
        related("image/jls", "1.2.840.10008.1.2.4.81"),
        related(OCTETS, "1.2.840.10008.1.2.1"),
        {"accept": "application/dicom+json"},
        {"accept": 'multipart/related; type="image/jls"; q=0'},
    ],
)
def test_a_form_that_would_have_to_be_made_is_not_given(portal, client, accept):
    kept(portal, image(fragments=[a_frame(1)], syntax=JPEG_LS))
    refused = client.get(f"{BASE}/frames/1", headers=accept)
    assert (refused.status_code, refused.json()["acceptable"][1]) == (406, f"image/jls; transfer-syntax={JPEG_LS}")
    assert [entry.action for entry in portal.audit.written if entry.action == "file.download"] == []


def test_several_frames_are_no_single_part(portal, client):
    kept(portal, image(bytes(64), frames=4))
    assert client.get(f"{BASE}/frames/1,2", headers={"accept": OCTETS}).status_code == 406


def test_the_best_liked_form_is_given(portal, client):
    kept(portal, image(bytes(16)))
    answer = client.get(f"{BASE}/frames/1", headers={"accept": f"{OCTETS};q=0.5, */*;q=0.9"})
    assert answer.headers["content-type"].startswith("multipart/related")


@pytest.mark.parametrize("path", ["frames/5", "frames/1,5", "bulkdata/00091001", "bulkdata/7FE00008"])
def test_what_is_not_there_is_not_found(portal, client, path):
    kept(portal, image(bytes(64), frames=4))
    assert client.get(f"{BASE}/{path}").status_code == 404
    assert client.get(f"{BASE[:-1]}/{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["frames/0", "frames/a", "frames/1,", f"frames/{'1,' * 100}1", "bulkdata/x", "bulkdata/0040A730.0.00091001"]
)
def test_numbers_and_paths_that_are_none_are_refused(portal, client, path):
    kept(portal, image(bytes(16)))
    assert client.get(f"{BASE}/{path}").status_code == 422


def test_a_report_has_no_frames(portal, client):
    report = dict.fromkeys([0x7FE00010, 0x00280010, 0x00280011])
    kept(portal, image(changes={0x00080016: ("UI", b"1.2.840.10008.5.1.4.1.1.88.11\0"), **report}))
    assert client.get(f"{BASE}/frames/1").status_code == 404


def test_what_exceeds_a_message_names_the_way_without_the_limit(portal, client, monkeypatch):
    monkeypatch.setattr(frames, "LARGEST_MESSAGE", 40)
    kept(portal, image(bytes(64), frames=4))
    many = client.get(f"{BASE}/frames/1,2,3")
    assert (many.status_code, many.json()["limit_bytes"]) == (413, 40)
    assert "fewer" in many.json()["instead"]
    assert client.get(f"{BASE}/frames/1,2").status_code == 200
    monkeypatch.setattr(frames, "LARGEST_MESSAGE", 10)
    assert "/content" in client.get(f"{BASE}/frames/1").json()["instead"]
    monkeypatch.setattr(bulkdata, "LARGEST_MESSAGE", 40)
    assert "frames" in client.get(f"{BASE}/bulkdata/7FE00010").json()["instead"]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_frame_that_exceeds_a_message_is_copied_by_s3_and_fetched_from_there(portal, client, monkeypatch, compressed):
    monkeypatch.setattr(frames, "LARGEST_MESSAGE", 10)
    frame = a_frame(7)
    form = {"fragments": [frame], "syntax": JPEG_LS} if compressed else {"value": bytes(range(16))}
    kept(portal, image(**form))
    # Of what is smaller than 5 MiB, S3 copies no ranges.
    assert client.get(f"{BASE}/frames/1").status_code == 413
    monkeypatch.setattr(frames, "SMALLEST_SOURCE", 100)
    leads = client.get(f"{BASE}/frames/1")
    assert leads.status_code == 307
    assert portal.services.range_copies.shared[leads.headers["location"]] == (frame if compressed else bytes(range(16)))
    assert ("image/jls" if compressed else "octet-stream") in leads.headers["location"]


@pytest.mark.parametrize(
    "form",
    [
        {"value": struct.pack(">8H", *range(8)), "syntax": EXPLICIT_VR_BIG_ENDIAN},
        {"fragments": [a_frame(1)[:30], a_frame(1)[30:]], "syntax": JPEG_LS},
        {"value": bytes(16), "syntax": "1.2.840.10008.1.2.1.99"},
    ],
    ids=["big endian", "two fragments", "deflated"],
)
def test_a_large_frame_that_no_range_holds_names_the_download(portal, client, monkeypatch, form):
    monkeypatch.setattr(frames, "LARGEST_MESSAGE", 10)
    monkeypatch.setattr(frames, "SMALLEST_SOURCE", 100)
    kept(portal, image(**form))
    refused = client.get(f"{BASE}/frames/1")
    assert (refused.status_code, portal.services.range_copies.shared) == (413, {})
    assert "/content" in refused.json()["instead"]


def test_a_request_is_one_line_of_the_audit_log_before_anything_is_given(portal, client):
    record = kept(portal, image(bytes(64), frames=4))
    client.get(f"{BASE}/frames/1,2,3")
    noted = [entry for entry in portal.audit.written if entry.action == "file.download"]
    assert [entry.subject for entry in noted] == [record.file_id]


@pytest.mark.parametrize("path", ["frames/1", "bulkdata/7FE00010"])
def test_an_object_that_is_gone_or_damaged_is_a_problem_that_names_the_file(portal, client, path):
    record = kept(portal, image(bytes(64), frames=4))
    held = portal.objects.versions[record.stored.bucket, record.stored.key]
    whole = held[-1]
    for data in (whole.data[:-60], b"\0" * len(whole.data)):
        held[-1] = replace(whole, data=data)
        answer = portal.machine().get(f"{BASE}/{path}")
        assert (answer.status_code, answer.json()["file_id"]) == (409, record.file_id)
    held.clear()
    assert client.get(f"{BASE}/{path}").status_code == 409


def test_frames_are_nobody_elses(portal):
    kept(portal, image(bytes(16)))
    stranger = portal.machine(partner_token("partner-2"))
    for path in (f"{BASE}/frames/1", f"{BASE}/bulkdata/7FE00010", wado_uri()):
        assert stranger.get(path).status_code == 404


LARGE = {
    0x00091001: ("OB", bytes(range(256)) * 8),
    0x00400275: ("SQ", item(b"") + item(element(0x00091002, "OW", b"12" * 600) + element(0x00091003, "UN", b"x" * 10))),
    0x00420011: ("OB", b"%PDF" * 300),
}


def test_metadata_tell_where_each_value_is_that_they_leave_out(portal, client):
    body = image(bytes(range(64)), frames=4, changes=LARGE)
    kept(portal, body)
    (row,) = client.get(f"{BASE}/metadata").json()
    base = f"https://portal.test{BASE}/bulkdata"
    assert row["7FE00010"] == {"vr": "OW", "BulkDataURI": f"{base}/7FE00010"}
    assert row["00091001"] == {"vr": "OB", "BulkDataURI": f"{base}/00091001"}
    second = row["00400275"]["Value"][1]
    assert second["00091002"] == {"vr": "OW", "BulkDataURI": f"{base}/00400275.2.00091002"}
    assert "InlineBinary" in second["00091003"]
    fetched = []

    def fetch(_tag, _vr, address):
        (part,) = bodies(client.get(address.removeprefix("https://portal.test")))
        fetched.append(address)
        return part

    assert pydicom.Dataset.from_json(row, fetch) == pydicom.dcmread(BytesIO(body))
    assert len(fetched) == 4


@pytest.mark.parametrize(
    "name", ["JPEG2000.dcm", "CT_small.dcm", "MR_small_RLE.dcm", "rtdose.dcm", "SC_rgb_rle_2frame.dcm"]
)
def test_real_images_are_pydicoms(portal, client, name):
    body = (PACKAGED / "test_files" / name).read_bytes()
    read = pydicom.dcmread(BytesIO(body), force=True)
    record = kept(portal, body)
    uids = [record.metadata[f"{kind}_instance_uid"] for kind in ("study", "series", "sop")]
    path = "/dicomweb/studies/{}/series/{}/instances/{}".format(*uids)
    count = int(read.get("NumberOfFrames", 1))
    found = [bodies(client.get(f"{path}/frames/{number + 1}"))[0] for number in range(min(count, 3))]
    if read["PixelData"].is_undefined_length:
        wanted = list(pydicom.encaps.generate_frames(read.PixelData, number_of_frames=count))
    else:
        size = len(read.PixelData) // count
        wanted = [read.PixelData[at : at + size] for at in range(0, size * count, size)]
    assert found == wanted[: len(found)]


def wado_uri(**changes):
    asked = {"requestType": "WADO", "studyUID": STUDY, "seriesUID": SERIES, "objectUID": SOP, **changes}
    return "/dicomweb/wado?" + "&".join(f"{name}={value}" for name, value in asked.items() if value)


def test_an_instance_is_fetched_by_query_from_s3(portal, client):
    kept(portal, image(bytes(16)))
    for path in (wado_uri(), wado_uri(contentType="application/dicom")):
        leads = client.get(path)
        assert leads.status_code == 307
        assert "accepted" in leads.headers["location"]
    for refused, status in (
        (wado_uri(contentType="text/html"), 406),
        (wado_uri(anonymize="yes"), 400),
        (wado_uri(transferSyntax="1.2.840.10008.1.2"), 400),
        (wado_uri(requestType="OTHER"), 422),
        (wado_uri(objectUID=""), 422),
        (wado_uri(objectUID="1.2.3"), 404),
    ):
        assert client.get(refused).status_code == status, refused


def test_a_frame_is_two_reads_of_the_table_and_two_of_its_object_and_one_once_it_is_known(aws, dynamodb):
    frames_of = [a_frame(number, 100_000) for number in range(6)]
    table = basic(offsets_of([[each] for each in frames_of]))
    keep(aws, dynamodb, [image(fragments=frames_of, frames=6, syntax=JPEG_LS, table=table)])
    machine = known_machine(dynamodb)
    for number, looks in ((4, 1), (2, 0), (5, 0)):
        with told_calls() as made:
            assert bodies(machine.get(f"{BASE}/frames/{number}")) == [frames_of[number - 1]]
        assert made == ["GetItem", "GetItem", *["GetObject"] * looks, "PutItem", "GetObject"]
