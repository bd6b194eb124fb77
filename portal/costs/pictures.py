"""What the pictures of a million more files cost, that are drawn ahead: one of a series, as often as it grows tenfold.

What the renderer takes is measured by hand: its CPU time and its child's, its reads, and how large its pictures are.
"""

from dataclasses import dataclass

from intake.renditions.model import EDGES
from intake.studies.model import GROWTH
from portal.costs.assumptions import KMS_PER_FILE, PICTURES_LOG_BYTES, RENDERER_MIB, VCPU_MIB, WAIT_MS
from portal.costs.marginal import Line, list_event_lines
from portal.costs.prices import GB


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Series of one kind, and what it takes to draw one of their files once."""

    files: int
    """Of a series."""
    cpu_s: float
    """Of the renderer and its child together, on 1.16 vCPU or more."""
    read_s: float
    """What it waits for the file's bytes beyond the first ones."""
    picture_bytes: int
    """Of both pictures."""
    reads: int = 2
    """Ranged GETs: the header, and the frame."""
    found_units: float = 8.5
    """Read units of finding the middle: a query, and up to seven records; one where it has just come."""

    @property
    def times(self) -> float:
        """How often a file is drawn for each one that comes, at the most."""
        return sum(size <= self.files for size in GROWTH) / self.files


SERIES = {
    "ct": Drawn(files=150, cpu_s=0.39, read_s=0.01, picture_bytes=19_024),
    "single": Drawn(files=1, cpu_s=0.46, read_s=0.2, picture_bytes=16_782, found_units=1),
}
"""Native slices of 512 by 512 pixels, 150 a series; native radiographs of 3,000 by 2,500, each a series of its own.
Measured on 2026-12-01 on a machine of x86_64, in a child that is started for each file."""


def list_picture_lines(series: Drawn) -> list[Line]:
    """Return what the pictures of one more file take, with a month of keeping them."""
    times, puts = series.times, len(EDGES)
    waiting = (series.reads + 1) * WAIT_MS["s3 GetObject"] + puts * WAIT_MS["s3 PutObject"]
    seconds = series.cpu_s / min(1, RENDERER_MIB / VCPU_MIB) + series.read_s + waiting / 1000
    # The renderer's calls of S3; the projector's query and its read of records.
    events = series.reads + 1 + puts + 2
    return [
        Line("Lambda: the renderer's time", times * seconds * RENDERER_MIB / 1024, "lambda time"),
        Line("Lambda: the renderer's invocations", times, "lambda request"),
        Line("S3: pictures, put", times * puts, "s3 put"),
        Line("S3: files read, and looked for once more", times * (series.reads + 1), "s3 get"),
        Line("S3: a month of keeping pictures", times * series.picture_bytes / GB, "s3 storage"),
        Line("SQS: sent, received and deleted", times * 3, "sqs request"),
        Line("DynamoDB: reads to find what shows a series", times * series.found_units, "dynamodb read"),
        Line("KMS: requests behind bucket keys and caches", times * KMS_PER_FILE, "kms request"),
        Line("CloudWatch Logs: the renderer's lines", times * PICTURES_LOG_BYTES / GB, "logs"),
        *list_event_lines(times * events),
    ]
