"""What the page's main thread does, as Chromium traces it, and folders dropped as a hand drops them."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.waiting import until

TASK = "RunTask"
CATEGORIES = ["disabled-by-default-devtools.timeline", "__metadata"]
CHUNK = 8 * 1024 * 1024


@dataclass
class Trace:
    """A trace that was taken; empty until it is complete."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def longest_tasks(self) -> list[tuple[int, int]]:
        """Return the page's main thread's ten longest tasks: for how many milliseconds each ran, and held the thread.

        The two differ by what the machine did meanwhile for others: this one shares its cores with a whole stack.
        """
        mains = {
            (event["pid"], event["tid"])
            for event in self.events
            if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
        }
        tasks = [
            (event["tdur"] // 1000, event["dur"] // 1000)
            for event in self.events
            if event["name"] == TASK and event["ph"] == "X" and (event["pid"], event["tid"]) in mains
        ]
        assert len(tasks) > 100, "The trace shows no main thread."
        return sorted(tasks, reverse=True)[:10]


@contextmanager
def traced(page: Page) -> Iterator[Trace]:
    """Trace until the block ends."""
    session, trace = page.context.new_cdp_session(page), Trace()
    complete: list[str] = []
    session.on("Tracing.tracingComplete", lambda event: complete.append(event["stream"]))
    config = {"includedCategories": CATEGORIES}
    session.send("Tracing.start", {"transferMode": "ReturnAsStream", "traceConfig": config})
    yield trace
    session.send("Tracing.end")
    # A call lets Playwright hand over what came in meanwhile.
    until(lambda: page.evaluate("1") and complete, "the trace")
    trace.events += json.loads("".join(_chunks(session, complete[0])))["traceEvents"]


def _chunks(session: CDPSession, stream: str) -> Iterator[str]:
    while True:
        answer = session.send("IO.read", {"handle": stream, "size": CHUNK})
        yield base64.b64decode(answer["data"]).decode() if answer.get("base64Encoded") else answer["data"]
        if answer["eof"]:
            return


def drop_folder(page: Page, folder: Path) -> None:
    """Drop a folder of this machine onto the drop zone."""
    box = page.locator("#drop").bounding_box()
    assert box is not None
    session: CDPSession = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        at = {"x": box["x"] + 40, "y": box["y"] + 20}
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})
    session.detach()
