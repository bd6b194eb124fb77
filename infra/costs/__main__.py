"""`make cost`: computes the tables, prints them and writes them into docs/cost.md."""

import sys

from infra.costs.report import DOCUMENT, compute_tables, insert_tables

if __name__ == "__main__":
    tables = compute_tables()
    DOCUMENT.write_text(insert_tables(DOCUMENT.read_text(), tables))
    sys.stdout.write(f"{tables}\n")
