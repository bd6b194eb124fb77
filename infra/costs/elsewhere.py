"""What the same files cost elsewhere: the smallest sound set-up of each alternative, with a month's storage of them."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.costs.assumptions import HOURS
from portal.costs.assumptions import FILE_GB
from portal.costs.prices import PRICES

VOLUMES = (10_000, 1_000_000, 100_000_000)
"""Files a month that systems are compared at."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """An Orthanc installation in two zones, sized for a volume."""

    machine: str
    machines: int
    disk_gb: int
    database: int
    """Database servers, in two zones each."""
    database_gb: int


FLEETS = {
    10_000: Fleet("m7g.large", 2, 100, 1, 20),
    1_000_000: Fleet("m7g.large", 2, 200, 1, 100),
    100_000_000: Fleet("c7g.2xlarge", 4, 500, 4, 2000),
}
"""Two machines at least, for one may fail; S3 for the files; PostgreSQL as index. At 100 million files a month, 39 come
a second on average, and ten times as many in the busy hours: an Orthanc takes some 300 a second on two cores without
TLS, index replication and plug-ins, and an index that grows by 100 million rows a month is what decides."""


def price_orthanc(files: int) -> float:
    """Return a month of Orthanc on EC2: machines, disks, balancer, database, and files in S3."""
    fleet, gb = FLEETS[files], files * FILE_GB
    machines = fleet.machines * (HOURS * _price_unit(fleet.machine) + fleet.disk_gb * _price_unit("gp3"))
    database = fleet.database * HOURS * _price_unit("db.m7g.large") + fleet.database_gb * _price_unit("db storage")
    balancer = HOURS * _price_unit("balancer") + max(HOURS, gb) * _price_unit("balancer unit")
    requests = PRICES["s3 put"].charge(files) + PRICES["s3 get"].charge(files)
    return machines + database + balancer + requests + gb * _price_unit("s3 storage")


def price_healthimaging(files: int) -> float:
    """Return a month of AWS HealthImaging: imports are free, and each needs the file in S3 first."""
    gb = files * FILE_GB
    # A week in S3 is long enough to import them.
    return (
        PRICES["s3 put"].charge(files)
        + PRICES["s3 get"].charge(files)
        + gb * (_price_unit("imaging storage") + _price_unit("s3 storage") * 7 / 30)
    )


def price_transfer_family(files: int) -> float:
    """Return a month of a Transfer Family SFTP endpoint in front of S3, which judges nothing."""
    gb = files * FILE_GB
    return (
        HOURS * _price_unit("transfer hour")
        + gb * (_price_unit("transfer gb") + _price_unit("s3 storage"))
        + PRICES["s3 put"].charge(files)
    )


SYSTEMS: dict[str, Callable[[int], float]] = {
    "Orthanc on EC2, two zones": price_orthanc,
    "AWS HealthImaging": price_healthimaging,
    "AWS Transfer Family, SFTP into S3": price_transfer_family,
}


def _price_unit(name: str) -> float:
    return PRICES[name].charge(1)
