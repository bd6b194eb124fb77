"""`make architecture`: write `docs/architecture.md` anew."""

from tests.architecture.page import PAGE, page
from tests.architecture.sources import Sources

PAGE.write_text(page(Sources.read()))
