"""The pages as a site: built without a warning, and nothing in it is asked of another host."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from documents import REPOSITORY

pytestmark = pytest.mark.integration

ELSEWHERE = re.compile(r"\s*(?:https?:)?//")


class Requests(HTMLParser):
    """What a browser fetches by itself when it shows a page; links that people follow are not among it."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.classes |= set(told.get("class", "").split())
        self.fetched += [told[name] for name in ("src", "srcset", "poster", "data", "action") if name in told]
        self.fetched += [told["href"]] if tag in ("link", "use", "image") and "href" in told else []
        self.fetched += styled(told.get("style", ""))


def styled(text: str) -> list[str]:
    """What a style sheet fetches."""
    return [*re.findall(r"url\(\s*['\"]?([^'\")]+)", text), *re.findall(r"@import\s+['\"]([^'\"]+)", text)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` builds it."""
    out = tmp_path_factory.mktemp("site")
    build(load_config(str(REPOSITORY / "mkdocs.yml"), strict=True, site_dir=str(out)))
    return out


def test_no_page_fetches_anything_from_another_host(site: Path) -> None:
    pages, fetched = list(site.rglob("*.html")), []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        reader = Requests()
        reader.feed(text)
        styles = [one for style in re.findall(r"<style[^>]*>(.*?)</style>", text, re.S) for one in styled(style)]
        fetched += [(page.name, one) for one in (*reader.fetched, *styles)]
        # For these the theme's script fetches more.
        assert not reader.classes & {"mermaid", "md-source", "arithmatex"}, page
    for sheet in site.rglob("*.css"):
        fetched += [(sheet.name, one) for one in styled(sheet.read_text(encoding="utf-8"))]
    assert len(pages) > 15
    assert len(fetched) > 100
    assert [(name, one) for name, one in fetched if ELSEWHERE.match(one)] == []


def test_pages_find_the_results_that_they_show(site: Path) -> None:
    assert (site / "benchmarks" / "results" / "demo.jpg").is_file()
    assert "<table>" in (site / "benchmarks" / "results" / "run" / "index.html").read_text(encoding="utf-8")
    assert not (site / "hooks.py").exists()
