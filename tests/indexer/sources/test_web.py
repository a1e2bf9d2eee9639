"""Websites, from a real server: what is fetched, what is not, and how politely."""

import gzip
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from indexer.sources import Limits
from indexer.sources.web import WebSource, fetcher
from indexer.types import SourceError

Open = Callable[..., WebSource]


def page(title: str, *links: str) -> bytes:
    anchors = "".join(f"<a href='{link}'>{link}</a>" for link in links)
    return f"<html><body><main><h1>{title}</h1><p>Of {title}.</p>{anchors}</main></body>".encode()


def sitemap(*urls: str) -> bytes:
    entries = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    return (
        f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{entries}</urlset>".encode()
    )


@pytest.fixture
def opened(site: Any, tmp_path: Path) -> Open:
    """A source of the site's documentation, by default without pauses."""

    def make(path: str = "/docs/", **more: Any) -> WebSource:
        settings = {"delay_s": 0.0, "private_addresses": True} | more
        return WebSource(f"{site.url}{path}", cache=tmp_path / "cache", **settings)

    return make


def titles(source: WebSource) -> list[str]:
    return [document.title for document in source.documents()]


def test_links_are_followed_below_the_address(site: Any, opened: Open) -> None:
    """Not above it, not to other hosts, not with a query; citations open page and anchor."""
    site.pages |= {
        "/docs/": page("Home", "a.html", "/elsewhere/", "https://example.com/", "a.html?print=1",
                       "a.html#part", "mailto:a@example.com"),
        "/docs/a.html": b"<body><main><h1>A</h1><h2 id='part'>Part</h2><p>Words.</p></main></body>",
        "/elsewhere/": page("Elsewhere"),
    }  # fmt: skip
    source = opened()
    documents = list(source.documents())
    assert [each.title for each in documents] == ["Home", "A"]
    assert documents[1].uri == f"{site.url}/docs/a.html"
    assert "{#part}" in documents[1].text
    assert documents[1].breadcrumb == ("127.0.0.1", "A")
    assert "/elsewhere/" not in site.paths()
    assert "/docs/a.html?print=1" not in site.paths()


def test_a_sitemap_tells_the_pages(site: Any, opened: Open) -> None:
    """Also one of sitemaps, gzipped, that robots.txt names; links are then not followed."""
    index = f"<sitemapindex><sitemap><loc>{site.url}/maps/1.xml.gz</loc></sitemap></sitemapindex>"
    site.pages |= {
        "/robots.txt": f"Sitemap: {site.url}/maps/all.xml".encode(),
        "/maps/all.xml": index.encode(),
        "/maps/1.xml.gz": gzip.compress(
            sitemap(f"{site.url}/docs/a", f"{site.url}/blog/b", "https://example.com/docs/c")
        ),
        "/docs/": page("Home", "hidden"),
        "/docs/a": page("A"),
        "/docs/hidden": page("Hidden"),
    }
    assert titles(opened()) == ["Home", "A"]


def test_llms_txt_tells_the_pages(site: Any, opened: Open) -> None:
    site.pages |= {
        "/docs/": page("Home"),
        "/docs/llms.txt": site.reply(
            b"# Docs\n\n- [A](a.md): first\n- [B](/other/b.md)\n", type="text/plain"
        ),
        "/docs/a.md": site.reply(b"# Page A\n\nWords.", type="text/markdown"),
    }
    assert titles(opened()) == ["Home", "Page A"]


def test_llms_full_txt_is_one_page_by_its_headings(site: Any, opened: Open) -> None:
    site.pages["/docs/llms-full.txt"] = site.reply(
        b"# All\n\nWords.\n\n## Part\n\nMore.", type="text/plain"
    )
    (document,) = opened().documents()
    assert (document.title, document.language) == ("All", "markdown")
    assert document.uri == f"{site.url}/docs/llms-full.txt"


def test_an_inventory_names_symbols_and_version(site: Any, opened: Open) -> None:
    header = b"# Sphinx inventory version 2\n# Project: P\n# Version: 2.4\n# zlib\n"
    site.pages |= {
        "/docs/objects.inv": header + zlib.compress(b"waves.load py:function 1 a.html#fn -\n"),
        "/docs/": page("Home", "a.html"),
        "/docs/a.html": b"<body><dl class='py function'><dt id='fn'>load()</dt>"
        b"<dd><p>Loads.</p></dd></dl></body>",
    }
    entry = next(each for each in opened().documents() if each.symbol)
    assert (entry.symbol, entry.version) == ("waves.load", "2.4")
    assert entry.uri == f"{site.url}/docs/a.html#fn"


def test_robots_are_respected(site: Any, opened: Open) -> None:
    """A page that robots.txt excludes is not fetched; one whose own tag says so is not indexed."""
    site.pages |= {
        "/robots.txt": b"User-agent: *\nDisallow: /docs/private\nAllow: /docs/private/open",
        "/docs/": page("Home", "private/a", "private/open", "draft"),
        "/docs/private/open": page("Open"),
        "/docs/draft": b"<head><meta name='robots' content='noindex'></head><body>Draft</body>",
    }
    source = opened()
    assert titles(source) == ["Home", "Open"]
    assert "/docs/private/a" not in site.paths()
    assert (f"{site.url}/docs/private/a", "robots.txt asks not to read it") in source.skipped


@pytest.mark.parametrize(
    ("reply", "says"),
    [(b"User-agent: glossator\nDisallow: /", "asks not to read"), (None, "status 503")],
)
def test_a_site_that_does_not_want_to_be_read_is_an_error(
    site: Any, opened: Open, reply: bytes | None, says: str
) -> None:
    """One that cannot say does not want to either (RFC 9309)."""
    site.pages["/robots.txt"] = reply if reply else site.reply(status=503)
    site.pages["/docs/"] = page("Home")
    with pytest.raises(SourceError, match=says):
        titles(opened())
    assert "/docs/" not in site.paths()


def test_requests_keep_the_longer_distance(site: Any, opened: Open) -> None:
    """The longer one of our own delay and the site's ``Crawl-delay`` counts."""
    site.pages |= {
        "/robots.txt": b"User-agent: *\nCrawl-delay: 0.2",
        "/docs/": page("Home", "a"),
        "/docs/a": page("A"),
    }
    titles(opened(delay_s=0.01))
    times = [at for _, _, at in site.asked]
    assert min(later - earlier for earlier, later in pairwise(times[1:])) > 0.1


def test_what_did_not_change_is_not_sent_again(site: Any, opened: Open) -> None:
    """The ETag shows it. Entries keep their stamp, and documents come all the same."""
    site.pages |= {
        "/docs/": site.reply(page("Home", "a"), headers={"ETag": '"1"'}),
        "/docs/a": page("A"),
    }
    first = [entry.stamp for entry in opened().entries()]
    site.asked.clear()
    site.pages["/docs/a"] = page("A later")
    source = opened()
    entries = list(source.entries())
    assert entries[0].stamp == first[0]
    assert entries[1].stamp != first[1]
    (asked,) = [headers for path, headers, _ in site.asked if path == "/docs/"]
    assert asked["If-None-Match"] == '"1"'
    assert [next(source.read(entry)).title for entry in entries] == ["Home", "A later"]


def test_a_page_that_fails_for_now_is_kept_and_one_that_is_gone_is_not(
    site: Any, opened: Open
) -> None:
    site.pages |= {"/docs/": page("Home", "a", "b"), "/docs/a": page("A"), "/docs/b": page("B")}
    assert titles(opened()) == ["Home", "A", "B"]
    site.pages |= {"/docs/a": site.reply(status=500), "/docs/b": site.reply(status=404)}
    source = opened()
    assert titles(source) == ["Home", "A"]
    assert {what.rpartition("/")[2]: why for what, why in source.skipped} == {
        "a": "status 500; kept as it was",
        "b": "status 404",
    }


def test_a_site_that_never_ends_is_cut_off(site: Any, opened: Open) -> None:
    """Every page leads to two more: pages, depth and bytes each end it, and say so."""
    site.otherwise = lambda path: (
        site.reply(page(path, f"{path.rstrip('/')}/x", f"{path.rstrip('/')}/y"))
        if path.startswith("/docs") and "." not in path else site.reply(status=404)
    )  # fmt: skip
    source = opened(limits=Limits(documents=20), depth=100)
    assert len(titles(source)) == 20
    assert "this and all after it: more than 20 pages" in source.skipped[-1][1]
    assert len(titles(opened(depth=2))) == 7
    source = opened(limits=Limits(total_bytes=1000))
    assert len(titles(source)) < 15
    assert "more than 1,000 bytes" in source.skipped[-1][1]


def test_time_is_bounded_too(site: Any, opened: Open) -> None:
    site.pages["/docs/"] = page("Home")
    source = opened(limits=Limits(seconds=0.0))
    with pytest.raises(SourceError, match="more than 0 s"):
        titles(source)


def test_a_site_that_is_slow_today_is_as_it_was(site: Any, opened: Open) -> None:
    """Pages that could not be asked for in time are not forgotten."""
    site.pages |= {"/docs/": page("Home", "a"), "/docs/a": page("A", "b"), "/docs/b": page("B")}
    first = [entry.stamp for entry in opened().entries()]
    site.asked.clear()
    source = opened(limits=Limits(seconds=0.0))
    assert [entry.stamp for entry in source.entries()] == first
    assert "/docs/a" not in site.paths()
    assert "more than 0 s; kept as they were" in source.skipped[0][1]


def test_a_page_that_drips_is_given_up(
    site: Any, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then keeps a connection alive, but not for longer than a page may take."""
    monkeypatch.setattr(fetcher, "PAGE_S", 0.3)
    site.pages |= {"/docs/": page("Home", "slow", "b"), "/docs/b": page("B"),
                   "/docs/slow": site.reply(b"<p>", drip=0.02)}  # fmt: skip
    source = opened()
    assert titles(source) == ["Home", "B"]
    assert source.skipped == [(f"{site.url}/docs/slow", "no answer in time")]


def test_pages_over_the_limit_and_bombs_are_left_out(site: Any, opened: Open) -> None:
    """Also when they are small on the wire."""
    bomb = gzip.compress(b"0" * 50_000_000)
    site.pages |= {
        "/docs/": page("Home", "large", "bomb", "picture"),
        "/docs/large": b"x" * 200_000,
        "/docs/bomb": site.reply(bomb, headers={"Content-Encoding": "gzip"}),
        "/docs/picture": site.reply(b"\x89PNG", type="image/png"),
    }
    source = opened(limits=Limits(file_bytes=100_000))
    assert titles(source) == ["Home"]
    assert {what.rpartition("/")[2]: why for what, why in source.skipped} == {
        "large": "larger than 100,000 bytes",
        "bomb": "larger than 100,000 bytes when decompressed",
        "picture": "of no format that is known",
    }


def test_private_addresses_are_refused_unless_allowed(site: Any, opened: Open) -> None:
    site.pages["/docs/"] = page("Home")
    with pytest.raises(SourceError, match="private_addresses = true"):
        titles(opened(private_addresses=False))
    assert site.asked == []


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/", "http://localhost:1/", ""])
def test_redirects_do_not_lead_elsewhere(site: Any, opened: Open, target: str) -> None:
    site.pages |= {
        "/docs/": page("Home", "away", "moved"),
        "/docs/away": site.reply(
            status=302, headers={"Location": target or f"{site.url}/docs/away"}
        ),
        "/docs/moved": site.reply(status=301, headers={"Location": "/docs/new"}),
        "/docs/new": page("New"),
    }
    source = opened()
    assert titles(source) == ["Home", "New"]
    assert "redirects" in source.skipped[0][1] or "another host" in source.skipped[0][1]


def test_include_and_exclude_choose_pages(site: Any, opened: Open) -> None:
    site.pages |= {
        "/docs/": page("Home", "api/a", "api/old/b", "blog/c"),
        "/docs/api/a": page("A"),
        "/docs/api/old/b": page("B"),
        "/docs/blog/c": page("C"),
    }
    assert titles(opened(include=["docs/api/"], exclude=["old/"])) == ["Home", "A"]


def test_one_page_at_two_addresses_is_one(site: Any, opened: Open) -> None:
    site.pages |= {"/docs/": page("Home", "index.html", "/docs/"), "/docs/index.html": page(
        "Home", "index.html", "/docs/")}  # fmt: skip
    assert titles(opened()) == ["Home"]


def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    source = WebSource("http://127.0.0.1:1/", cache=tmp_path, private_addresses=True)
    with pytest.raises(SourceError, match="cannot be reached"):
        titles(source)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "docs.example.com", "https://me:secret@example.com/", "http://["]
)
def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceError):
        WebSource(url, cache=tmp_path)
