"""What a multi-frame object of 2 GiB costs the judging Lambda: memory, bytes and calls, as much as a small one.

Run with `uv run pytest tests/benchmarks/test_memory.py -s`. The Lambda's own handler runs in a process of its own, with
boto3 and all that it imports; S3 and DynamoDB are on the loopback, where the object is made up as it is read.
"""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.loopback import Content, cloud_with
from tests.dicom_files import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    JPEG_BASELINE,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_elements,
    data_set,
    element,
    item,
    part10,
    uid,
)

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")

ROOT = Path(__file__).parents[2]
MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.7.2"
MIB = 1024 * 1024
MOST_MEMORY = 150 * MIB
MOST_READ = 256 * 1024
SIDE = 1024
FRAME = SIDE * SIDE
"""Bytes of a frame; a compressed one's are fewer by the head of its fragment, so that as many take as much."""
FRAMES = {"2 MiB": 2, "2 GiB": 2048}
JPEG = b"\xff\xd8\xff\xe0"


def header(frames, syntax):
    """Return all of a multi-frame object's file but for its pixel data."""
    names = {"study": uid("huge", "study"), "series": uid("huge", "series"), "sop": uid("huge", frames, syntax)}
    elements = ct_elements(**names, rows=SIDE, columns=SIDE)
    elements |= {
        0x00080016: ("UI", f"{MULTI_FRAME}\0".encode()),
        0x00080060: ("CS", b"OT"),
        0x00280008: ("IS", f"{frames:<6}".encode()),
        0x00280100: ("US", struct.pack("<H", 8)),
        0x00280101: ("US", struct.pack("<H", 8)),
        0x00280102: ("US", struct.pack("<H", 7)),
        0x00280301: ("CS", b"NO"),
    }
    return part10(data_set(elements), sop_class=MULTI_FRAME, sop=names["sop"], transfer_syntax=syntax)


def native(frames):
    """An uncompressed object of black frames."""
    head = header(frames, EXPLICIT_VR_LITTLE_ENDIAN) + element(PIXEL_DATA, "OW", b"", length=frames * FRAME)
    return with_parts(len(head) + frames * FRAME, {0: head})


def encapsulated(frames, *, table):
    """A compressed object, one fragment to a frame, with a basic offset table or an empty one (PS3.5 A.4)."""
    offsets = struct.pack(f"<{frames}I", *range(0, frames * FRAME, FRAME)) if table else b""
    head = header(frames, JPEG_BASELINE) + element(PIXEL_DATA, "OB", item(offsets), length=UNDEFINED_LENGTH)
    fragment = item(JPEG, length=FRAME - 8)
    parts = {0: head} | {len(head) + at * FRAME: fragment for at in range(frames)}
    end = len(head) + frames * FRAME
    return with_parts(end + len(SEQUENCE_END), parts | {end: SEQUENCE_END})


def with_parts(size, parts):
    """Return an object of zeros, but for some parts at their offsets."""

    def read(start, length):
        found = bytearray(length)
        for offset, part in parts.items():
            first, last = max(offset, start), min(offset + len(part), start + length)
            if first < last:
                found[first - start : last - start] = part[first - offset : last - offset]
        return bytes(found)

    return Content(size, read)


OBJECTS = {
    "native": native,
    "encapsulated, with a table": lambda frames: encapsulated(frames, table=True),
    "encapsulated, without a table": lambda frames: encapsulated(frames, table=False),
}


def processed(content):
    """Run the Lambda's handler on an object in a process of its own; return what it said and what was asked for."""
    with cloud_with(content) as cloud:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCALPER_"))}
        environment |= {
            "AWS_ENDPOINT_URL": cloud.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "POWERTOOLS_METRICS_NAMESPACE": "SilentScalper",
            "POWERTOOLS_SERVICE_NAME": "judge",
            "SCALPER_TABLE": "files",
            "SCALPER_AUDIT_TABLE": "audit",
            "SCALPER_INCOMING_BUCKET": "incoming",
            "SCALPER_ACCEPTED_BUCKET": "accepted",
            "SCALPER_QUARANTINE_BUCKET": "quarantine",
            "SCALPER_RENDITIONS_BUCKET": "renditions",
            "SCALPER_SCAN_REQUIRED": "false",
            "SCALPER_QUEUE_URL": f"{cloud.url}/queue",
        }
        command = [sys.executable, "-m", "tests.benchmarks.one_arrival", "northside/huge.dcm", str(content.size)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, cloud


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_of_two_gibibytes_costs_what_a_small_one_costs(kind):
    asked = {}
    for name, frames in FRAMES.items():
        content = OBJECTS[kind](frames)
        lines, cloud = processed(content)
        said, asked[name] = lines[-1], cloud.calls
        print(
            f"\n{kind}, {content.size:,} bytes: peak {said['peak'] / MIB:.0f} MiB"
            f" ({said['imported'] / MIB:.0f} after import), {cloud.bytes_read:,} bytes read, {cloud.calls}"
        )

        assert said["failures"] == []
        assert "CopyObject" in cloud.calls
        assert '"accepted"' in json.dumps(lines)
        assert said["peak"] <= MOST_MEMORY
        assert cloud.bytes_read <= MOST_READ
    assert asked["2 GiB"] == asked["2 MiB"]
