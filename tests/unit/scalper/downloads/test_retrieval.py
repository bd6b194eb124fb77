"""Fetching a study or an upload: whole files or none, what is there is left, what broke off goes on."""

import hashlib
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from intake.files.model import ObjectVersion
from intake.files.states import State
from portal.retrieval import contents
from scalper import Client, NotFoundError, UnreachableError
from scalper.downloads.retrieval import BREAKS
from scalper.errors import DamagedError
from tests.records import UPLOAD_ID, a_file, an_upload
from tests.unit.scalper.world import SECRET
from tests.wired_portal import ORIGIN

UID = "1.2.840.99.7"
BIG = bytes(range(256)) * 4000


@pytest.fixture
def kept(world):
    """Three images of a study, in two folders."""
    world.portal.table.uploads[UPLOAD_ID] = an_upload()
    return [keep(world, number, f"ct/{number % 2}/IM.dcm", bytes([number]) * 10) for number in range(3)]


def keep(world, number, name, data, **changes):
    key = f"northside/{number}"
    world.objects[key] = data
    metadata = {"study_instance_uid": UID, "series_instance_uid": f"{UID}.1", "instance_number": number}
    given = {"state": State.ACCEPTED, "kind": "dicom", "metadata": metadata}
    given |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    record = replace(a_file(number, name=name), **given, stored=ObjectVersion("accepted", key, "v1"))
    record = replace(record, **changes)
    world.portal.table.files[record.file_id] = record
    return record


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_study_comes_under_the_names_under_which_it_was_sent_and_no_two_alike(world, kept, tmp_path):
    done = world.client().get_study(UID, tmp_path / "out")
    expected = {"ct/0/IM.dcm": b"\0" * 10, "ct/1/IM.dcm": b"\1" * 10, "ct/0/IM (2).dcm": b"\2" * 10}
    assert tree(tmp_path / "out") == expected
    assert (len(done.fetched), done.bytes_fetched, done.whole) == (3, 30, True)


def test_names_lead_nowhere_else(world, kept, tmp_path):
    keep(world, 4, "../../escaped.dcm", b"x")
    keep(world, 5, "/etc/absolute.dcm", b"y")
    keep(world, 6, "..\\windows.dcm", b"z")
    world.client().get_study(UID, tmp_path / "a" / "b")
    assert {"escaped.dcm", "etc/absolute.dcm", "windows.dcm"} < set(tree(tmp_path / "a" / "b"))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_second_call_fetches_what_is_missing_and_nothing_else(world, kept, tmp_path):
    world.client().get_study(UID, tmp_path)
    (tmp_path / "ct/1/IM.dcm").unlink()
    world.requests.clear()

    done = world.client().get_study(UID, tmp_path)

    assert world.requests["GET s3"] == 1
    assert ([path.name for path in done.fetched], len(done.kept)) == (["IM.dcm"], 2)


def test_images_that_came_later_take_no_name_of_an_earlier_one(world, kept, tmp_path):
    world.client().get_study(UID, tmp_path)
    before = tree(tmp_path)
    # Its instance number puts it before the others in the study's own order.
    late = keep(world, 9, "ct/0/IM.dcm", b"late")
    assert late.file_id > kept[-1].file_id
    assert world.client().get_study(UID, tmp_path).whole
    assert tree(tmp_path) == {**before, "ct/0/IM (3).dcm": b"late"}


def test_what_broke_off_goes_on_where_it_was(world, kept, tmp_path):
    keep(world, 4, "big.dcm", BIG)
    asked = []

    def cut():
        yield BIG[:100_000]
        raise httpx.ReadError("cut")

    def before(request):
        if request.url.path.endswith("northside/4"):
            asked.append(request.headers.get("range"))
            return httpx.Response(200, content=cut()) if len(asked) == 1 else None
        return None

    world.before = before
    assert world.client().get_study(UID, tmp_path).whole
    assert asked == [None, "bytes=100000-"]
    assert (tmp_path / "big.dcm").read_bytes() == BIG


def test_what_an_earlier_run_left_of_a_file_is_not_fetched_again(world, kept, tmp_path):
    record = keep(world, 4, "big.dcm", BIG)
    (tmp_path / f".{record.file_id}.part").write_bytes(BIG[:700_000])
    done = world.client().get_study(UID, tmp_path)
    assert done.bytes_fetched == 30 + len(BIG) - 700_000
    assert (tmp_path / "big.dcm").read_bytes() == BIG
    assert not list(tmp_path.glob(".*.part"))


def test_a_storage_that_knows_no_ranges_gives_the_whole_and_the_beginning_is_skipped(world, kept, tmp_path):
    record = keep(world, 4, "big.dcm", BIG)
    (tmp_path / f".{record.file_id}.part").write_bytes(BIG[:700_000])

    def whole():
        yield from (BIG[at : at + 1000] for at in range(0, len(BIG), 1000))

    world.before = lambda request: httpx.Response(200, content=whole()) if request.url.path.endswith("/4") else None
    done = world.client().get_study(UID, tmp_path)
    assert done.bytes_fetched == 30 + len(BIG) - 700_000
    assert (tmp_path / "big.dcm").read_bytes() == BIG


def test_a_spoilt_rest_of_an_earlier_run_is_told_dropped_and_fetched_anew_by_the_next(world, kept, tmp_path):
    record = keep(world, 4, "big.dcm", BIG)
    (tmp_path / f".{record.file_id}.part").write_bytes(b"x" * 700_000)
    done = world.client().get_study(UID, tmp_path)
    assert isinstance(done.troubles[tmp_path / "big.dcm"], DamagedError)
    assert not (tmp_path / "big.dcm").exists()
    assert world.client().get_study(UID, tmp_path).whole


@pytest.mark.parametrize("left", [b"x" * (len(BIG) + 1), b"", BIG])
def test_any_rest_ends_in_the_whole_file(world, kept, tmp_path, left):
    record = keep(world, 4, "big.dcm", BIG)
    (tmp_path / f".{record.file_id}.part").write_bytes(left)
    assert world.client().get_study(UID, tmp_path).whole
    assert (tmp_path / "big.dcm").read_bytes() == BIG


def test_bytes_that_are_not_those_that_were_accepted_are_not_kept(world, kept, tmp_path):
    world.objects["northside/1"] = b"\7" * 10
    done = world.client().get_study(UID, tmp_path)
    assert isinstance(done.troubles[tmp_path / "ct/1/IM.dcm"], DamagedError)
    assert (len(done.fetched), done.whole) == (2, False)
    assert not (tmp_path / "ct/1/IM.dcm").exists()


def test_a_file_of_the_users_own_is_not_replaced_unless_that_is_asked_for(world, kept, tmp_path):
    own = tmp_path / "ct/1/IM.dcm"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"my thesis")
    done = world.client().get_study(UID, tmp_path)
    assert (list(done.troubles), own.read_bytes()) == ([own], b"my thesis")
    assert world.client().get_study(UID, tmp_path, force=True).whole
    assert own.read_bytes() == b"\1" * 10


def test_an_address_that_lapsed_is_asked_for_anew_and_noted_once(world, kept, tmp_path):
    refused = []

    def before(request):
        if request.url.path.endswith("northside/1") and not refused:
            refused.append(str(request.url))
            world.portal.clock.forward(seconds=1)
            world.portal.presigner.clock = world.portal.clock
            # S3 signs each moment anew.
            again = ObjectVersion("accepted", "northside/1", "v1-again")
            record = world.portal.table.files[kept[1].file_id]
            world.portal.table.files[record.file_id] = replace(record, stored=again)
            return httpx.Response(403)
        return None

    world.before = before
    assert world.client().get_study(UID, tmp_path).whole
    assert refused
    assert [one.action for one in world.portal.audit.written] == ["file.take-out"]


def test_addresses_that_are_about_to_lapse_are_not_tried(world, kept, tmp_path):
    world.portal.presigner.clock = lambda: world.portal.clock() - timedelta(minutes=14, seconds=30)
    listing_only = world.client()
    done = listing_only.get_study(UID, tmp_path)
    assert done.whole
    assert world.requests[f"POST /api/v1/studies/{UID}/content"] > 1


def test_pages_of_files_all_come(world, kept, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "PAGE", 2)
    for number in range(3, 9):
        keep(world, number, f"{number}.dcm", bytes([number]))
    assert len(world.client().get_study(UID, tmp_path).fetched) == 9


def test_what_s3_does_not_give_is_told_and_the_rest_comes(world, kept, tmp_path):
    world.before = lambda request: httpx.Response(404) if request.url.path.endswith("northside/0") else None
    done = world.client().get_study(UID, tmp_path)
    assert list(done.troubles) == [tmp_path / "ct/0/IM.dcm"]
    assert len(done.fetched) == 2


def test_a_network_that_is_gone_ends_it_and_the_next_call_goes_on(world, kept, tmp_path):
    def before(request):
        if request.url.host.endswith("s3.test"):
            raise httpx.ConnectError("gone")

    world.before = before
    with pytest.raises(UnreachableError):
        world.client().get_study(UID, tmp_path, jobs=1)
    assert list(tree(tmp_path)) == [f"ct/0/.{kept[0].file_id}.part"]
    world.before = lambda _request: None
    assert world.client().get_study(UID, tmp_path).whole


def test_an_upload_tells_what_it_has_that_was_not_accepted(world, kept, tmp_path):
    keep(world, 4, "bad.dcm", b"bad", state=State.REJECTED)
    done = world.client().get_upload(UPLOAD_ID, tmp_path)
    assert (len(done.fetched), [(one.name, one.reason) for one in done.left_out]) == (3, [("bad.dcm", "rejected")])


def test_an_unknown_study_makes_no_folder(world, tmp_path):
    for uid in ("1.2.3", "../uploads/x", "1/2?a=b"):
        with pytest.raises(NotFoundError):
            world.client().get_study(uid, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_of_no_bytes_comes_too(world, kept, tmp_path):
    keep(world, 4, "empty.dcm", b"")
    assert world.client().get_study(UID, tmp_path).whole
    assert (tmp_path / "empty.dcm").read_bytes() == b""


class StrangeStorage(BaseHTTPRequestHandler):
    """An S3, or what a network has put in its place, that answers well and gives something else."""

    protocol_version = "HTTP/1.1"
    ways = (
        "nothing of it",
        "nothing after a beginning",
        "an end before what was asked for",
        "no end",
        "no end after a beginning",
        "a byte at a time",
    )

    def do_GET(self):
        start = int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.server.asked.append(start)
        data, way = self.server.data, self.server.way
        if way.startswith("no end") and (start or "beginning" not in way):
            self._give_for_ever()
        elif way == "a byte at a time":
            self._give(206, data[start : start + 1])
        elif start or way == "nothing of it":
            self._give(200 if "before" in way else 206, data[:1] if "before" in way else b"")
        else:
            self._give(206, data[:3])

    def _give(self, code, body):
        self.send_response(code)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _give_for_ever(self):
        self.send_response(206)
        self.send_header("connection", "close")
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(bytes(2**16))

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def storage():
    server = ThreadingHTTPServer(("127.0.0.1", 0), StrangeStorage)
    server.asked, server.data = [], b"0123456789"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class OverSockets(httpx.BaseTransport):
    """Asks the storage over real sockets, and all others as the world does."""

    def __init__(self, world, port):
        self._others, self._sockets = httpx.MockTransport(world._answer), httpx.HTTPTransport()
        self._port = port

    def handle_request(self, request):
        if not request.url.path.endswith("northside/4"):
            return self._others.handle_request(request)
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return self._sockets.handle_request(httpx.Request("GET", url, headers=request.headers))

    def close(self):
        self._sockets.close()


@pytest.mark.parametrize("way", StrangeStorage.ways)
@pytest.mark.timeout(60)
def test_a_storage_that_answers_and_never_gives_the_file_is_asked_a_few_times_and_no_more(
    world, kept, tmp_path, storage, way
):
    storage.way = way
    keep(world, 4, "strange.dcm", storage.data)
    transport = OverSockets(world, storage.server_port)
    with Client(ORIGIN, "partner-1", SECRET, transport=transport) as client:
        client.connection.retry._pause = world.pauses.append
        done = client.get_study(UID, tmp_path)
    if way == "a byte at a time":
        assert (done.whole, storage.asked) == (True, list(range(10)))
        assert (tmp_path / "strange.dcm").read_bytes() == storage.data
        return
    assert not done.whole
    assert (len(done.fetched), len(storage.asked) <= 2 * BREAKS) == (3, True)
    assert list(done.troubles) == [tmp_path / "strange.dcm"]
    assert sum(path.stat().st_size for path in tmp_path.glob(".*.part")) <= 10
