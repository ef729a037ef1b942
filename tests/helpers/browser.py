"""Pages in a real browser: Debian's Chromium, which `make browser` installs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# A user may have no browser; a change lands only if the pages were looked at.
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="there is no Chromium here; `make browser` installs it",
)


@contextmanager
def open_page(*, width: int = 1280, dark: bool = False) -> Iterator[Page]:
    """A page that by its end has written no error to its console and asked nothing beyond this machine."""
    assert CHROMIUM, "there is no Chromium here; `make browser` installs it"
    # Chromium's sandbox does not start for root, whom containers run as.
    args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        page.on("console", lambda entry: faults.append(entry.text) if entry.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: faults.append(request.url) if _is_beyond(request.url) else None)
        yield page
        browser.close()
    assert faults == []


def _is_beyond(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost")


def accessibility_faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page, each with the first element that has it."""
    # It would otherwise fetch style sheets anew, and what they import from the page's own folder.
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']}: {fault['help']} ({fault['nodes'][0]['html']})"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
