"""Links of every page lead somewhere, and each page of the site opens with its use."""

import importlib.util
import re
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "editor_plugins/**/*.md", "tests/**/README.md")
    for page in ROOT.glob(pattern)
    if "node_modules" not in page.parts
)
OURS = [page for page in PAGES if page.is_relative_to(DOCS)]

_found = importlib.util.spec_from_file_location("pages", DOCS / "pages.py")
pages = importlib.util.module_from_spec(_found)
_found.loader.exec_module(pages)

MARKDOWN = MarkdownIt().enable("table")


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml without the objects of Python in it."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


@cache
def tokens(page: Path) -> list[Token]:
    found = MARKDOWN.parse(page.read_text("utf-8"))
    return [inner for token in found for inner in [token, *(token.children or [])]]


@cache
def anchors(page: Path) -> set[str]:
    """As forges and the site make them of headings."""
    found, seen = set(), Counter[str]()
    parsed = tokens(page)
    for at, token in enumerate(parsed):
        if token.type == "heading_open":
            inline = parsed[at + 1].children or []
            text = "".join(part.content for part in inline if part.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            found.add(slug if not seen[slug] else f"{slug}-{seen[slug]}")
            seen[slug] += 1
    return found


def targets(page: Path) -> list[str]:
    given = [token.attrGet("href") or token.attrGet("src") for token in tokens(page)]
    return [str(each) for each in given if each]


def broken(page: Path, target: str) -> str:
    """Why a link leads nowhere, or nothing. What is on the network is not looked at."""
    if re.match(r"[a-z]+:", target):
        return ""
    place, _, anchor = unquote(target).partition("#")
    path = (page.parent / place).resolve() if place else page
    if not path.is_relative_to(ROOT):
        return f"{target} leads out of the repository"
    if not path.exists():
        return f"{target} does not exist"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"{target}: no heading makes this anchor"
    return ""


def navigation(entry: object) -> list[str]:
    match entry:
        case str():
            return [entry]
        case dict():
            return [page for value in entry.values() for page in navigation(value)]
        case list():
            return [page for value in entry for page in navigation(value)]
    raise TypeError(entry)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """Files and the anchors of their headings."""
    assert [why for target in targets(page) if (why := broken(page, target))] == []


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("index.md", ""),
        ("performance.md#the-index", ""),
        ("https://example.com/nothing", ""),
        ("nothing.md", "does not exist"),
        ("performance.md#nothing", "no heading"),
        ("../../etc/passwd", "out of the repository"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(target: str, why: str) -> None:
    """The check itself, on links that are right and wrong."""
    found = broken(DOCS / "index.md", target)
    assert why in found
    assert bool(why) == bool(found)


def test_every_page_is_in_the_navigation_of_the_site_once() -> None:
    """`make docs-site` needs mkdocs, which `make test` does not install."""
    site = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader)
    listed = Counter(navigation(site["nav"]))
    assert {page for page, times in listed.items() if times > 1} == set()
    assert {str(page.relative_to(DOCS)) for page in OURS} - set(listed) == set()
    assert {page for page in listed if not (DOCS / page).is_file()} == set(pages.OUTSIDE)


@pytest.mark.parametrize("page", OURS, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_opens_with_what_its_reader_does_with_it(page: Path) -> None:
    """But for decisions: the page that lists them says it for all."""
    if re.match(r"\d{4}-", page.name):
        return
    # The front page says first what Glossator is.
    paragraph = page.read_text("utf-8").split("\n\n")[2 if page.name == "index.md" else 1]
    assert re.match(r"\**(Use|Read) this page ", paragraph), paragraph[:100]


def test_every_decision_is_listed() -> None:
    listed = targets(DOCS / "decisions" / "README.md")
    assert listed == [page.name for page in OURS if re.match(r"\d{4}-", page.name)]


@pytest.mark.parametrize(
    ("here", "written", "shown"),
    [
        ("use.md", "[a](editors.md#helix)", "[a](editors.md#helix)"),
        ("use.md", "[a](../CONTRIBUTING.md)", "[a](CONTRIBUTING.md)"),
        ("decisions/README.md", "[a](../../SECURITY.md#x)", "[a](../SECURITY.md#x)"),
        ("CONTRIBUTING.md", "[a](docs/decisions)", "[a](decisions/README.md)"),
        ("CONTRIBUTING.md", "[the licence](LICENSE)", "the licence"),
        ("autoscaling.md", "[`forecast`](../backend/autoscaling/forecast.py)", "`forecast`"),
        ("use.md", "[a](https://example.com/) [b](#keys)", "[a](https://example.com/) [b](#keys)"),
        ("use.md", "```\n[a](../LICENSE)\n```\n[b](../LICENSE)", "```\n[a](../LICENSE)\n```\nb"),
        ("use.md", "```sh stopped\nls\n```\n", "```sh\nls\n```\n"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(here, written, shown) -> None:
    """What the site does not have loses its link and keeps its text."""
    assert pages.rewritten(written, here) == shown


@pytest.mark.parametrize(
    ("page", "loads"),
    [
        ('<script src="https://example.com/x.js"></script>', True),
        ('<link rel="stylesheet" href="//example.com/x.css">', True),
        ("body { background: url(https://example.com/x.png) }", True),
        ("@import 'https://example.com/x.css';", True),
        ('<img src="images/page.png"><link href="assets/x.css">', False),
        ('<a href="https://example.com/">a reader clicks</a>', False),
    ],
)
def test_what_a_page_loads_from_the_network_fails_the_build(page: str, loads: bool) -> None:
    """The expression that the build looks for in everything that it made."""
    assert bool(pages.LOADED.search(page)) == loads
