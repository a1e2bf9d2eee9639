"""What a page is called, and the options, settings and terms that it defines."""

import pytest

from indexer.readers import html
from indexer.readers.page import Page

# What AsciiDoc makes of a manual page, in short.
ASCIIDOC = """<html><head><title>git-rebase(1)</title></head><body class="manpage">
<div id="header"><h1>git-rebase(1) Manual Page</h1><h2>NAME</h2>
<div class="sectionbody"><p>git-rebase - Reapply commits</p></div></div>
<div id="content"><div class="sect1"><h2 id="_synopsis">SYNOPSIS</h2><p>git rebase</p></div>
<div class="sect1"><h2 id="_options">OPTIONS</h2><p>There are many.</p>
<dl><dt class="hdlist1">--onto &lt;newbase&gt;</dt><dd><p>Starting point.</p></dd>
<dt>-m</dt><dt>--merge</dt><dd><p>Using merging strategies:</p>
<dl><dt>ours</dt><dd><p>Keeps ours.</p></dd></dl></dd>
<dt>Some words</dt><dd><p>Stay in the text.</p></dd></dl></div></div></body></html>"""


def read(page: str) -> list[Page]:
    return list(html.read(page.encode()))


def test_options_of_a_manual_page_are_entries_under_its_title() -> None:
    """The title is not that of a section, and what the page is for is kept."""
    page, onto, merge = read(ASCIIDOC)
    assert page.title == "git-rebase(1)"
    assert page.text.startswith("# git-rebase(1)")
    assert "Manual Page" not in page.text
    assert "git-rebase - Reapply commits" in page.text
    assert "Some words" in page.text
    assert "Starting point" not in page.text
    assert (onto.symbol, onto.kind, onto.anchor, onto.section) == (
        "--onto", "option", "_options", "OPTIONS",
    )  # fmt: skip
    assert (onto.signature, onto.text) == ("--onto <newbase>", "Starting point.")
    assert (merge.symbol, merge.signature) == ("--merge", "-m\n--merge")
    assert "Keeps ours." in merge.text


@pytest.mark.parametrize(
    ("lists", "symbol", "anchor"),
    [
        ('<dl><dt id="GUC-WORK-MEM"><span class="term"><code>work_mem</code> (<code>integer</code>)'
         "</span></dt><dd><p>Memory.</p></dd></dl>", "work_mem", "GUC-WORK-MEM"),
        ('<dl><dt><a name="E304"></a>E304</dt><dd>Swap file.</dd></dl>', "E304", "E304"),
        ('<dl class="glossary"><dt id="term-callback">callback<a class="headerlink" href="#x">¶</a>'
         "</dt><dd><p>A function.</p></dd></dl>", "callback", "term-callback"),
        ('<dl class="std option"><dt class="sig" id="cmdoption-x"><span class="sig-name">--foo'
         "</span></dt><dd><p>Does it.</p></dd></dl>", "--foo", "cmdoption-x"),
    ],
)  # fmt: skip
def test_a_term_with_an_anchor_is_cited_there(lists: str, symbol: str, anchor: str) -> None:
    """As DocBook, vim's help, a glossary and Sphinx's options write them."""
    _, entry = read(f"<title>Page</title><body><h1>Page</h1><h2 id='s'>S</h2>{lists}</body>")
    assert (entry.symbol, entry.anchor, entry.section) == (symbol, anchor, "S")


def test_plain_definitions_and_api_entries_stay_as_they_were() -> None:
    page, entry = read(
        "<title>P</title><body><dl><dt>Some words</dt><dd>Explained.</dd></dl>"
        '<dl class="py function"><dt id="p.f">p.f()</dt><dd>Does it.<dl class="field-list">'
        "<dt>Parameters</dt><dd><dl><dt>x_y</dt><dd>number</dd></dl></dd></dl></dd></dl></body>"
    )
    assert "Explained." in page.text
    assert (entry.symbol, entry.kind) == ("p.f", "function")
    assert "number" in entry.text


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>Install — P 1.0 documentation</title><h1>Install<a class='headerlink'>¶</a></h1>",
         "Install"),
        ("<title>Site | Install</title><h1>Install</h1>", "Install"),
        ("<title>P</title><h1>Other</h1>", "P"),
        ("<h2>SYNOPSIS</h2><p>x</p><h1>Late</h1>", "Late"),
        ("<h2>NAME</h2><p>waves - play sound</p><h2>SYNOPSIS</h2>", "waves"),
        ("<title>P</title><h2>SYNOPSIS</h2>", "P"),
        ("<h2>SYNOPSIS</h2><p>x</p>", ""),
    ],
)  # fmt: skip
def test_a_page_is_never_called_by_a_section(page: str, title: str) -> None:
    """``<title>``, ``<h1>``, NAME, in that order; a folder takes the name of the file otherwise."""
    assert read(f"<body>{page}<p>text</p></body>")[0].title == title
