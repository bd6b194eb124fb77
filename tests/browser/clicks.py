"""Counts what a hand does on pages: presses of mouse and keys, over every navigation, as the pages tell them."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, expect

LISTEN = """
  for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"]) {
    addEventListener(kind, ({ isTrusted, target }) => {
      if (isTrusted) tellDeed(`${kind} on ${target.textContent?.trim().slice(0, 40) || target.localName}`);
    }, { capture: true, passive: true });
  }
"""
"""Only what comes from outside the page is a deed: nothing that a script of its own presses."""


@dataclass
class Hand:
    """Whoever sits at the browser. Everything that is done is told by the pages themselves, and not by this."""

    page: Page
    deeds: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, context: BrowserContext) -> "Hand":
        hand = cls(context.new_page())
        context.expose_binding("tellDeed", lambda _source, deed: hand.deeds.append(deed))
        context.add_init_script(LISTEN)
        return hand

    def begin(self) -> None:
        """Count from here on."""
        self.deeds.clear()

    def press(self, target: Locator) -> None:
        """Click on what is in sight as it is: nothing scrolls to it, as a driver of browsers otherwise does."""
        expect(target).to_be_enabled()
        assert is_in_sight(self.page, target), f"out of sight: {target}"
        box = target.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def drop(self, path: Path) -> None:
        """Drag a file or a folder of this machine over the page, and drop it on what takes it in: no click."""
        session: CDPSession = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        # Once only, when the page's script listens: Chromium never answers a drag over a page that is being left.
        self.page.wait_for_load_state("load")
        if "/upload" not in self.page.url.removesuffix("s"):
            session.send("Input.dispatchDragEvent", {"type": "dragEnter", "data": data, "x": 200, "y": 300})
            self.page.wait_for_url("**/upload")
        expect(self.page.locator("#intake")).to_be_visible()
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, "data": data, "x": 200, "y": 300})
        session.detach()


def is_in_sight(page: Page, target: Locator) -> bool:
    """Say whether all of an element is on the screen as it is, and nothing lies over its middle."""
    target.first.wait_for()
    return bool(
        target.first.evaluate(
            """(element) => {
              const { left, top, right, bottom } = element.getBoundingClientRect();
              const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
              const fits = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
              return fits && (element.contains(seen) || seen?.contains(element) === true);
            }"""
        )
    )
