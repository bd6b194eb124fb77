"""`make cost`: computes the tables, prints them and writes them into docs/cost.md."""

import sys

from infra.costs.report import DOCUMENT, figures, written

if __name__ == "__main__":
    tables = figures()
    DOCUMENT.write_text(written(DOCUMENT.read_text(), tables))
    sys.stdout.write(f"{tables}\n")
