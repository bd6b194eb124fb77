"""S3 and DynamoDB as the judging Lambda meets them, on this machine's loopback: one object, made up as it is read.

An object of 2 GiB takes no room here: only the ranges that are asked for ever exist. What is asked is written down.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COPIED = b"<CopyObjectResult><ETag>&quot;copy&quot;</ETag><ChecksumSHA256>%s=</ChecksumSHA256></CopyObjectResult>"
CLINIC = {"pk": {"S": "CLINICS"}, "sk": {"S": "northside"}, "name": {"S": "Northside"}, "active": {"BOOL": True}}
RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass
class Content:
    """An object's bytes: `size` of them, of which `read` makes any range."""

    size: int
    read: Callable[[int, int], bytes]


@dataclass
class Cloud:
    """What the Lambda asked for."""

    content: Content
    calls: list[str] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    """Offset and length of each range that was read."""
    url: str = ""

    @property
    def bytes_read(self) -> int:
        return sum(length for _, length in self.ranges)


@contextmanager
def cloud_with(content: Content) -> Iterator[Cloud]:
    """Serve one object, under every key, and a table that knows one clinic and agrees to everything."""
    cloud = Cloud(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cloud))
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(cloud: Cloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            cloud.calls.append("GetObject")
            wanted = RANGE.fullmatch(self.headers["Range"])
            assert wanted, self.headers["Range"]
            start, end = int(wanted[1]), min(int(wanted[2]) + 1, cloud.content.size)
            cloud.ranges.append((start, end - start))
            self._answer(
                206,
                cloud.content.read(start, end - start),
                {
                    "Content-Range": f"bytes {start}-{end - 1}/{cloud.content.size}",
                    "ETag": '"whole"',
                    "Last-Modified": "Sun, 22 Nov 2026 12:00:00 GMT",
                    "x-amz-version-id": "1",
                },
            )

        def do_PUT(self) -> None:
            assert "x-amz-copy-source" in self.headers, "only copies are made"
            cloud.calls.append("CopyObject")
            self._answer(200, COPIED % (b"A" * 43), {"x-amz-version-id": "1"})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            cloud.calls.append(self.headers["X-Amz-Target"].rpartition(".")[2])
            is_clinic = asked.get("Key", {}).get("pk") == {"S": "CLINICS"}
            self._answer(
                200,
                json.dumps({"Item": CLINIC} if is_clinic else {}).encode(),
                {"Content-Type": "application/x-amz-json-1.0"},
            )

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the test says what was asked for."""

    return Handler
