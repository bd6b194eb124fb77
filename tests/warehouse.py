"""The saved queries' SQL on DuckDB, over files as the exporter writes them, typed as the table in Glue says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from intake.analytics.model import COLUMNS, PARTITION, PREFIX

_TYPES = {"string": "VARCHAR", "bigint": "BIGINT", "boolean": "BOOLEAN"}


@contextmanager
def warehouse(files: Mapping[str, bytes], folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Write the files below `folder` and open a database whose table `verdicts` is read from them."""
    for key, body in files.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(body)
    columns = {name: _TYPES[kind] for name, (kind, _) in COLUMNS.items()}
    with duckdb.connect() as connection:
        # As Athena's sessions have it.
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.read_json(
            f"{folder}/{PREFIX}*/*.json.gz", columns=columns, hive_partitioning=True, hive_types={PARTITION: "VARCHAR"}
        )
        found.create("verdicts")
        yield connection
