"""`make grants`: write `docs/permissions.md` anew."""

import tempfile
from pathlib import Path

from infra.app import placeholder_bundles, synthesize
from infra.compliance.physical_names import Deployed, Place
from infra.stages import PROD
from tests.architecture.sources import Sources
from tests.grants.page import PAGE, page
from tests.grants.table import read_rows

with tempfile.TemporaryDirectory() as folder:
    assembly = synthesize(config=PROD, bundles=placeholder_bundles(), out=Path(folder))
    PAGE.write_text(page(read_rows(Deployed.read(assembly, Place(PROD.region)), PROD.prefix, Sources.read())))
