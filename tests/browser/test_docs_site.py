"""The documentation site as a reader opens it: `make docs` builds it, and runs this."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import accessibility_faults, needs_browser, open_page
from bs4 import BeautifulSoup, Tag

import tradegen

SITE = Path(os.environ.get("TRADEGEN_SITE", "")).resolve()
# Not one that was built before the last change: what is tested is what stands in the checkout.
pytestmark = pytest.mark.skipif(
    "TRADEGEN_SITE" not in os.environ, reason="there is no site; `make docs` builds it and runs this"
)
KINDS = ("index", "tutorial/01_*", "reference/testing", "catalogue")


def pages() -> list[Path]:
    return sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)


@pytest.fixture(scope="module")
def soups() -> dict[Path, BeautifulSoup]:
    return {path: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in pages()}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The site on loopback, by a plain server."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_every_link_leads_to_a_page_or_file_and_to_a_place_on_it(soups: dict[Path, BeautifulSoup]) -> None:
    broken = []
    followed = 0
    for path, soup in soups.items():
        for link in soup.find_all("a", href=True):
            parts = urlsplit(str(link["href"]))
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            if not target.is_file() or (
                place and target.suffix == ".html" and not soups[target].find(id=place)
            ):
                broken.append(f"{path.relative_to(SITE)}: {link['href']}")
            followed += 1
    assert broken == []
    assert followed > 1_000


def test_no_page_loads_anything_from_elsewhere(soups: dict[Path, BeautifulSoup]) -> None:
    def loaded(tag: Tag) -> str:
        return str(tag.get("src") or (tag.get("href") if tag.name == "link" else "") or "")

    tags = [(path, tag) for path, soup in soups.items() for tag in soup.find_all(True)]
    from_elsewhere = [
        f"{path.relative_to(SITE)}: {tag}"[:200]
        for path, tag in tags
        if urlsplit(loaded(tag)).scheme in ("http", "https") or loaded(tag).startswith("//")
    ]
    assert from_elsewhere == []


def test_every_public_name_has_its_place_in_the_reference(soups: dict[Path, BeautifulSoup]) -> None:
    reference = soups[SITE / "reference" / "python.html"]
    names = set(tradegen.__all__) - {"__version__"}
    assert [name for name in sorted(names) if not reference.find(id=f"tradegen.{name}")] == []


def test_every_notebook_is_there_with_what_it_prints(soups: dict[Path, BeautifulSoup]) -> None:
    notebooks = sorted(path.stem for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
    assert [path.stem for path in sorted((SITE / "tutorial").glob("*.html"))] == notebooks
    for name in notebooks:
        assert soups[SITE / "tutorial" / f"{name}.html"].select(".cell_output"), name


@needs_browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_of_each_kind_open_and_shut_no_one_out(address: str, dark: bool) -> None:
    with open_page(dark=dark) as page:
        for kind in KINDS:
            [path] = SITE.glob(f"{kind}.html")
            page.goto(f"{address}/{path.relative_to(SITE).as_posix()}")
            page.wait_for_load_state("networkidle")
            assert page.locator("html").get_attribute("data-theme") == ("dark" if dark else "light")
            assert tradegen.__version__ in page.locator(".navbar-brand").inner_text()
            assert accessibility_faults(page) == [], path


@needs_browser
@pytest.mark.parametrize("width", [1280, 800])
def test_no_page_is_wider_than_the_window(address: str, width: int) -> None:
    with open_page(width=width) as page:
        for path in pages():
            page.goto(f"{address}/{path.relative_to(SITE).as_posix()}")
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(wider) == 0, path


@needs_browser
@pytest.mark.parametrize("served", [True, False], ids=["from a server", "from the disk"])
def test_the_search_finds_the_page_on_the_ledger(address: str, served: bool) -> None:
    with open_page() as page:
        page.goto(f"{address if served else SITE.as_uri()}/search.html?q=ledger")
        page.wait_for_selector("#search-results a")
        assert "architecture.html" in "".join(
            str(link.get_attribute("href")) for link in page.locator("#search-results a").all()
        )
