"""HTML becomes Markdown of its main content, and entries of its API."""

from pathlib import Path

import pytest

from indexer.readers import html
from indexer.readers.page import Page, Unreadable

DATA = Path(__file__).parents[2] / "data" / "sources"


@pytest.fixture(scope="module")
def sphinx() -> list[Page]:
    return list(html.read((DATA / "sphinx/library/waves.html").read_bytes()))


def one(text: str) -> Page:
    (page,) = html.read(f"<html><body>{text}</body></html>".encode())
    return page


def test_a_sphinx_page_is_its_main_content(sphinx: list[Page]) -> None:
    """Navigation, scripts, permalinks and the API entries are not in it; anchors are."""
    page = sphinx[0]
    assert page.title == "waves — Sound"
    assert page.text == (
        "# waves — Sound {#module-waves}\n\n"
        "This module reads sound with `waves.load()`.\n\n"
        "## Loading files {#loading}\n\n"
        "Load a file first:\n\n"
        "```python3\nimport waves\n\n"
        'sound = waves.load("a.wav")  # ## not a heading\n```\n\n'
        "- first choice\n- second choice\n\n"
        "| Name | Rate |\n|---|---|\n| cd | 44100 |"
    )


def test_api_entries_have_symbol_signature_anchor_and_kind(sphinx: list[Page]) -> None:
    """Members of a class are entries of their own and not in the class's text."""
    assert [(each.symbol, each.kind, each.signature, each.anchor) for each in sphinx[1:]] == [
        ("waves.load", "function", "waves.load(path, rate=44100)", "waves.load"),
        ("waves.Sound", "class", "waves.Sound(samples)", "waves.Sound"),
        ("waves.Sound.play", "function", "waves.Sound.play()", "waves.Sound.play"),
        ("Wave_Load", "function", "Wave *Wave_Load(int fd)", "c.Wave_Load"),
    ]
    texts = {each.symbol: each.text for each in sphinx}
    assert texts["waves.Sound"] == "A sound in memory."
    assert texts["waves.load"] == (
        "Read a sound from a file.\n\nParameters:\n  path – where it is."
    )


def test_an_inventory_names_what_an_anchor_documents() -> None:
    data = (DATA / "sphinx/library/waves.html").read_bytes()
    entries = {page.anchor: page for page in html.read(data, {"waves.load": "sound.waves.load"})}
    assert entries["waves.load"].symbol == "sound.waves.load"
    assert entries["waves.load"].signature == "sound.waves.load(path, rate=44100)"


def test_a_mkdocs_page_is_its_article() -> None:
    """Line numbers beside code are not code; the language is kept."""
    (page,) = html.read((DATA / "mkdocs/index.html").read_bytes())
    assert page.title == "Getting started"
    assert page.text == (
        "# Getting started {#getting-started}\n\nAsk for an account.\n\n"
        "## VPN {#vpn}\n\nNote\n\nOnly from home.\n\n"
        "```sh\nvpn up\nvpn status\n```\n\n"
        "```toml\n[vpn]\non = true\n```"
    )


def test_two_symbols_may_share_a_description() -> None:
    pages = list(html.read(
        b"<body><dl class='py data'><dt id='re.A'>re.A</dt><dt id='re.ASCII'>re.ASCII</dt>"
        b"<dd><p>ASCII only.</p></dd></dl></body>"
    ))  # fmt: skip
    assert [(each.symbol, each.text) for each in pages] == [
        ("re.A", "ASCII only."),
        ("re.ASCII", "ASCII only."),
    ]


def test_nesting_is_read_as_deep_as_the_parser_goes() -> None:
    """Two thousand elements in each other cost no stack; ten thousand are refused, not cut off."""
    deep = "<div>{}deep{}</div>".format("<div>" * 2_000, "</div>" * 2_000)
    assert one(f"<p>before</p>{deep}<p>after</p>").text == "before\n\ndeep\n\nafter"
    with pytest.raises(Unreadable, match="too much for a parser: Excessive depth"):
        one("<div>" * 10_000)


def test_a_fence_is_longer_than_those_in_the_code() -> None:
    assert one("<pre>```\ncode\n```</pre>").text == "````\n```\ncode\n```\n````"


def test_text_that_looks_like_a_heading_stays_text() -> None:
    assert one("<p># define</p>").text == "\\# define"


@pytest.mark.parametrize("data", [b"\0\0\0", b"\xff\xfe\xfa", b"<" * 1000, b"plain words"])
def test_anything_may_be_called_html(data: bytes) -> None:
    """It is read as far as it can be."""
    assert all(page.text for page in html.read(data))


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(Unreadable, match="not HTML"):
        list(html.read(b""))


def test_a_page_that_is_not_utf8_is_read_as_it_declares() -> None:
    data = b"<html><head><meta charset='iso-8859-1'></head><body><p>caf\xe9</p></body></html>"
    (page,) = html.read(data)
    assert page.text == "café"


def test_a_heading_without_an_anchor_has_that_of_what_it_stands_in() -> None:
    """DocBook and rustdoc write headings like this. The heading of a note gets no anchor."""
    page = one(
        "<div class='sect1' id='types'><div><h2>Types</h2></div><p>Some.</p>"
        "<div class='note'><h3 class='title'>Note</h3><p>Careful.</p></div></div>"
        "<section id='method.grow'><h4>grow</h4></section>"
    )
    assert page.text == (
        "## Types {#types}\n\nSome.\n\nNote\n\nCareful.\n\n#### grow {#method.grow}"
    )
    assert page.title == ""  # a section does not name the page


def test_a_heading_deep_in_sections_has_the_anchor_of_the_nearest_that_has_one() -> None:
    """It is found at once, because searching all sections around each
    heading would be quadratic.
    """
    page = one("<section id='s'>" + "<div>" * 50 + "<h2>Deep</h2>" + "</div>" * 50 + "</section>")
    assert page.text == "## Deep {#s}"


@pytest.mark.parametrize("frame", ['<div id="root">Loading …</div>', '<div class="x"></div>'])
def test_a_page_that_scripts_fill_says_so(frame: str) -> None:
    page = f"<html><title>App</title><body>{frame}<script src='a.js'></script></body></html>"
    with pytest.raises(Unreadable, match="no text without JavaScript"):
        list(html.read(page.encode()))


def test_links_count_from_the_base_of_the_page() -> None:
    page = b"<base href='https://example.com/v2/'><a href='a.html'>A</a><a href='/b'>B</a>"
    assert html.links(page).targets == ("https://example.com/v2/a.html", "https://example.com/b")


def test_a_page_that_only_redirects_is_left_out() -> None:
    page = b"<title>Redirecting</title><meta http-equiv=refresh content='0; url=new.html'><p>Moved."
    with pytest.raises(Unreadable, match="only leads to another page"):
        list(html.read(page))


def test_titles_of_javadoc_and_doxygen_name_the_class() -> None:
    doxygen = (
        "<title>Lib: a::Ring Class Reference</title><div id='nav-path' class='navpath'>Lib</div>"
        "<div class='header'><div class='headertitle'><div class='title'>a::Ring Class Reference"
        "</div></div></div><div class='contents'><p>A ring.</p></div>"
    )
    javadoc = (
        "<title>Ring (Acme 1.0 API)</title><main><h2>Class Ring</h2><p>push\u200b(x)</p></main>"
    )
    (page,) = html.read(doxygen.encode())
    assert page.title == "a::Ring Class Reference"
    assert page.text == "a::Ring Class Reference\n\nA ring."
    (page,) = html.read(javadoc.encode())
    assert (page.title, page.text) == ("Ring", "## Class Ring\n\npush(x)")
