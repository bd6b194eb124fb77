"""An Orthanc with its DICOMweb plugin stores, searches and fetches a study at the portal, by a relay to the app."""

import json
import shutil
import socket
import subprocess
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

import httpx
import pytest

from tests.dicom_files import uid
from tests.unit.portal.dicomweb.archive import STUDIES, a_slice
from tests.waiting import until

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
ORTHANC = shutil.which("Orthanc") or ""

pytestmark = pytest.mark.skipif(
    not (ORTHANC and PLUGIN.exists()), reason="Orthanc is not installed: apt-get install orthanc orthanc-dicomweb"
)


class Relay(BaseHTTPRequestHandler):
    """Hands requests on to the portal, as its gateway does: a body of chunks as one."""

    protocol_version = "HTTP/1.1"

    def _hand_on(self):
        headers = {name: self.headers[name] for name in ("Accept", "Content-Type") if name in self.headers}
        with self.server.lock:
            answer = self.server.client.request(self.command, self.path, content=self._body(), headers=headers)
        self.server.answers.append((self.command, self.path, answer.status_code))
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("content-type", "text/plain"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = _hand_on  # noqa: N815 - The base class calls them so.

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def relay(portal, judging):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    server.client, server.answers, server.lock = portal.machine(), [], Lock()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def orthanc(relay, tmp_path):
    """Run an Orthanc that knows the portal as `scalper`; yield a client of its own API."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{relay.server_address[1]}/dicomweb/"
    config = {
        "StorageDirectory": str(tmp_path / "storage"),
        "IndexDirectory": str(tmp_path / "storage"),
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Servers": {"scalper": {"Url": address}}},
    }
    (tmp_path / "orthanc.json").write_text(json.dumps(config))
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([ORTHANC, str(tmp_path / "orthanc.json")], stdout=log, stderr=log)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def answers():
        try:
            return client.get("/system").status_code == 200
        except httpx.TransportError:
            return False

    try:
        until(answers, "Orthanc to answer", 30)
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(30)


def test_an_orthanc_stores_a_study_finds_it_and_fetches_it_back(orthanc, relay):
    bodies = [a_slice("A", 1, number, **STUDIES["A"]) for number in range(1, 6)]
    ids = [orthanc.post("/instances", content=body).raise_for_status().json()["ID"] for body in bodies]

    sent = orthanc.post("/dicom-web/servers/scalper/stow", json={"Resources": ids})

    assert sent.status_code == 200, sent.text
    assert relay.answers[-1] == ("POST", "/dicomweb/studies", 200)
    asked = {"Uri": "/studies", "Arguments": {"PatientID": "NS-1"}}
    (found,) = orthanc.post("/dicom-web/servers/scalper/qido", json=asked).raise_for_status().json()
    assert found["0020000D"]["Value"] == uid("study", "A")
    for each in ids:
        orthanc.delete(f"/instances/{each}").raise_for_status()
    wanted = {"Resources": [{"Study": uid("study", "A")}], "Synchronous": True}
    orthanc.post("/dicom-web/servers/scalper/retrieve", json=wanted).raise_for_status()
    fetched = {orthanc.get(f"/instances/{each}/file").content for each in orthanc.get("/instances").json()}
    assert fetched == set(bodies)
