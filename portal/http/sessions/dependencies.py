"""What routes of every kind ask for besides their own parameters: the portal's services, and where a page begins.

Whoever asks is `portal/web/layout/pages.py`'s business for pages, and that of `portal/api/dependencies.py` for
programs.
"""

from typing import Annotated

from fastapi import Depends, Query, Request

from portal.cursors import LONGEST, Cursor
from portal.services import Services


def find_services(request: Request) -> Services:
    """Return the services of the app that serves `request`."""
    services: Services = request.app.state.services
    return services


def read_cursor(request: Request, text: str | None) -> Cursor:
    """Return a cursor of the list that is asked for. What only a page's script asks for is under the page, as `_…`."""
    return Cursor(request.url.path.partition("/_")[0], text)


def _read_page_cursor(
    request: Request,
    cursor: Annotated[
        str | None,
        # Its length is told and not checked: what is too long is a cursor that is not valid, and nothing besides.
        Query(description="`next` of the page before.", json_schema_extra={"maxLength": LONGEST}),
    ] = None,
) -> Cursor:
    return read_cursor(request, cursor)


Collaborators = Annotated[Services, Depends(find_services)]
"""The portal's services."""

PageCursor = Annotated[Cursor, Depends(_read_page_cursor)]
"""Where the page of a list begins that a request asks for."""
