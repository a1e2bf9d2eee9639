"""Small documents rebuilt from public bug reports of other indexers, read and cut as a run does."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from indexer.chunkers import StructureChunker
from indexer.chunkers.limit import LONGEST, limited
from indexer.index.search import HybridIndex
from indexer.pipeline import index
from indexer.sources import Declaration, open_source
from indexer.types import Chunk, Embedder, StampedSource

FENCE = "`" * 3


class Folder:
    """What a run makes of a folder."""

    def __init__(self, path: Path, kind: str = "folder", include: Sequence[str] = ()) -> None:
        source = open_source(Declaration(kind, str(path), "docs", include=tuple(include)))
        assert isinstance(source, StampedSource)
        self.documents = [each for entry in source.entries() for each in source.read(entry)]
        self.chunks = [
            piece
            for document in self.documents
            for chunk in StructureChunker().chunks(document)
            for piece in limited(chunk)
        ]
        self.skipped = [(Path(what).name, why) for what, why in source.skipped]  # type: ignore[attr-defined]
        self.noted = {Path(what).name: why for what, why in source.noted}  # type: ignore[attr-defined]

    @property
    def titles(self) -> dict[str, str]:
        return {each.uri.rpartition("/")[2]: each.title for each in self.documents}

    def having(self, word: str) -> Chunk:
        (found,) = (chunk for chunk in self.chunks if word in chunk.text)
        return found


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def test_a_fence_inside_a_fence_hides_no_heading(tmp_path: Path) -> None:
    text = (
        f"# A\n\n{FENCE}text\n{FENCE}js\n# not a heading\n{FENCE}\n\n# Real heading\n\nZANZIBAR.\n"
    )
    found = Folder(write(tmp_path, "inner.md", text))
    assert [chunk.section for chunk in found.chunks] == ["", "Real heading"]
    assert found.having("ZANZIBAR").line == 10


def test_comments_and_indented_fences_hold_no_headings(tmp_path: Path) -> None:
    text = (
        f"# List\n\n- item\n\n    {FENCE}sh\n    # a comment\n    {FENCE}\n\n"
        " ## Heading with a blank before it\n\nBody about YOKOHAMA.\n\n"
        "<!--\n# not a heading either\n-->\n\n<pre>\n# nor this\n\n# nor that\n</pre>\n"
    )
    found = Folder(write(tmp_path, "indented.md", text))
    assert [chunk.section for chunk in found.chunks] == ["", "Heading with a blank before it"]
    assert "not a heading" not in found.having("YOKOHAMA").text


@pytest.mark.parametrize("heading", ["## Important section\n\n", ""], ids=["heading", "none"])
def test_a_fence_that_is_never_closed_swallows_nothing(tmp_path: Path, heading: str) -> None:
    """The rest is text again, so each chunk fits what the embedder reads; the report says where."""
    lines = "\n".join(f"Line {i} about widgets." for i in range(300))
    text = f"# Title\n\nIntro.\n\n{FENCE}python\nx = 1\n\n{heading}{lines}\nThe QUETZAL option.\n"
    found = Folder(write(tmp_path, "open.md", text))
    assert max(len(chunk.text) for chunk in found.chunks) <= 800
    assert found.having("QUETZAL").section == heading.strip("# \n")
    assert found.having("x = 1").text.count(FENCE) == 2
    assert found.noted == {"open.md": "nothing closes the fence of line 5"}


PIPES = "# O\n\n| option | default |\n|---|---|\n" + "".join(
    f"| z_{i} | {i} |\n" for i in range(120)
)
TWO_HEADERS = "<table><thead><tr><th>option</th><th>x</th></tr><tr><th>name</th><th>default</th></tr></thead><tbody>{}</tbody></table>"
ROWS = "".join(f"<tr><td>z_{i}</td><td>{i}</td></tr>" for i in range(120))
HTML = f"<html><title>T</title><body><main><h1>T</h1><table><tr><th>option</th><th>default</th></tr>{ROWS}</table></main></body></html>"
GRID = "Opts\n====\n\n+--------+---------+\n| option | default |\n+========+=========+\n" + "".join(
    f"| z_{i:<4} | {i:<7} |\n+--------+---------+\n" for i in range(120)
)
SIMPLE = (
    "Opts\n====\n\n======  =======\noption  default\n======  =======\n"
    + "".join(f"z_{i:<4}  {i}\n" for i in range(120))
    + "======  =======\n"
)
LIST = (
    "Opts\n====\n\n.. list-table::\n   :header-rows: 1\n\n   * - option\n     - default\n"
    + "".join(f"   * - z_{i}\n     - {i}\n" for i in range(120))
)
RAW_HTML = "# O\n\n<table>\n<tr><th>option</th><th>default</th></tr>\n" + "".join(
    f"<tr><td>z_{i}</td><td>{i}</td></tr>\n" for i in range(120)
) + "</table>\n"  # fmt: skip
ASCIIDOC = (
    "= O\n\n|===\n|option |default\n\n" + "".join(f"|z_{i}\n|{i}\n" for i in range(120)) + "|===\n"
)


@pytest.mark.parametrize(
    ("name", "text", "ends"),
    [
        ("a.md", PIPES, " |"),
        ("a.html", HTML, " |"),
        ("b.html", f"<title>T</title><main>{TWO_HEADERS.format(ROWS)}</main>", " |"),
        ("a.rst", GRID, "+"),
        ("b.rst", SIMPLE, "="),
        ("c.rst", LIST, ""),
        ("b.md", RAW_HTML, ">"),
        ("a.adoc", ASCIIDOC, " |"),
    ],
    ids=["pipes", "html", "two header rows", "grid", "simple", "list", "raw html", "asciidoc"],
)
def test_each_piece_of_a_table_has_its_header_rows(
    tmp_path: Path, name: str, text: str, ends: str
) -> None:
    found = Folder(write(tmp_path, name, text))
    assert len(found.chunks) > 1
    for chunk in found.chunks:
        assert "option" in chunk.text
        assert "default" in chunk.text
        assert chunk.text.endswith(ends)
        assert len(chunk.text) <= 800
    whole = "\n".join(chunk.text for chunk in found.chunks)
    assert all(
        whole.count(f"z_{i} ") + whole.count(f"z_{i}\n") + whole.count(f"z_{i}<") == 1
        for i in range(120)
    )


def test_front_matter_and_components_are_no_text(tmp_path: Path) -> None:
    write(tmp_path, "install.mdx",
          "---\ntitle: Installing the agent\ntags: [upgrade]\n---\nimport Tabs from '@theme/Tabs'\n\n"
          f"Run the FROBNICATOR.\n\n<Tabs>\n  <TabItem value=\"a\" label=\"Linux\">\n\n    {FENCE}sh\n"
          f"    frob install\n    {FENCE}\n\n  </TabItem>\n</Tabs>\n\n{{/* nothing */}}\n")  # fmt: skip
    write(
        tmp_path, "upgrade.md", "---\ntitle: Upgrading the agent\n---\nUpgrade with frob upgrade.\n"
    )
    write(tmp_path, "hugo.md", '+++\ntitle = "A page of Hugo"\n+++\n# Heading\n\nText.\n')
    write(tmp_path, "page.adoc", "= Document title\n\n== Section one\n\nAbout SNARKS.\n")
    write(tmp_path, "notes.org", "#+TITLE: Org notes\n\n* Section two\n\nAbout BOOJUMS.\n")
    write(
        tmp_path,
        "plot.qmd",
        f"---\ntitle: A plot\n---\n\n{FENCE}{{r, echo=FALSE}}\nplot(1)\n{FENCE}\n",
    )
    found = Folder(tmp_path)
    assert found.titles == {
        "install.mdx": "Installing the agent",
        "upgrade.md": "Upgrading the agent",
        "hugo.md": "A page of Hugo",
        "page.adoc": "Document title",
        "notes.org": "Org notes",
        "plot.qmd": "A plot",
    }
    whole = "\n".join(chunk.text for chunk in found.chunks)
    for left_out in ("import ", "TabItem", "+++", "tags:", "nothing", "title"):
        assert left_out not in whole
    assert found.having("frob install").text.endswith(
        f"**Linux**\n\n{FENCE}sh\nfrob install\n{FENCE}"
    )
    assert found.having("SNARKS").section == "Section one"
    assert found.having("BOOJUMS").line == 5
    assert f"{FENCE}r\n" in found.having("plot(1)").text


def test_kinds_that_are_not_read_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "Words.")
    for name in ("a.xyz", "b.xyz", "c.xyz", "d.xyz", "e.png"):
        write(tmp_path, name, "x")
    assert Folder(tmp_path).skipped == [
        ("4 files *.xyz (a.xyz, b.xyz, c.xyz, …)", "of a kind that is not read"),
        ("1 file *.png (e.png)", "of a kind that is not read"),
    ]


@pytest.mark.parametrize(
    ("data", "shown", "note"),
    [
        ("Die Größe der Tabelle.\n".encode("latin-1"), "Größe", "read as cp1252, which is a guess"),
        ("It’s “quoted”\n".encode("cp1252"), "It’s “quoted”", "read as cp1252, which is a guess"),
        ("Привет мир, это документация по установке.\n".encode("cp1251"), "документация",
         "read as cp1251, which is a guess"),
        ("日本語のドキュメントです。設定ファイル。\n".encode("shift_jis"), "設定",
         "read as cp932, which is a guess"),
        ("A page\n".encode("utf-16"), "A page", None),
        ("A page\n".encode("utf-8-sig"), "A page", None),
        (b"MARMALADE settings. " + b"word " * 40_000 + b"\xff\n", "MARMALADE",
         "1 byte is not UTF-8 and became \ufffd"),
        ("Größe ".encode() * 100 + b"\xff\n", "Größe", "1 byte is not UTF-8 and became \ufffd"),
    ],
    ids=["latin-1", "cp1252", "cp1251", "shift-jis", "utf-16", "bom", "one bad byte", "utf-8"],
)  # fmt: skip
def test_any_encoding_is_read_and_a_guess_is_reported(
    tmp_path: Path, data: bytes, shown: str, note: str | None
) -> None:
    found = Folder(write(tmp_path, "a.txt", data))
    assert shown in found.chunks[0].text
    assert found.noted == ({"a.txt": note} if note else {})


def test_code_is_read_in_the_encoding_that_it_declares(tmp_path: Path) -> None:
    text = '# -*- coding: gbk -*-\n"""中文"""\n\n\ndef total():\n    """计算总和"""\n'
    found = Folder(write(tmp_path, "a.py", text.encode("gbk")), "code")
    assert found.having("def total").summary == "计算总和"
    assert found.noted == {}


def test_a_notebook_is_what_a_reader_sees(tmp_path: Path) -> None:
    """Its fences hold, colours are gone, and errors and raw cells are kept."""
    cells = [
        {"cell_type": "code", "source": f's = """\n{FENCE}\n# in a string\n{FENCE}\n"""',
         "outputs": [
            {"output_type": "stream", "text": "\x1b[31mred\x1b[0m\n10%\r100%\n"},
            {"output_type": "error", "ename": "ValueError", "evalue": "KUMQUAT is not a number"}]},
        {"cell_type": "markdown", "source": "The real section\n====\n\nText about LYCHEES."},
        {"cell_type": "raw", "source": "Raw text about RAMBUTANS."},
    ]  # fmt: skip
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    found = Folder(write(tmp_path, "a.ipynb", notebook))
    assert found.titles == {"a.ipynb": "The real section"}
    code = found.having("in a string")
    assert code.text.startswith(f"`{FENCE}python\n")
    assert code.text.endswith(
        f"{FENCE}\nred\n100%\n{FENCE}\n\n{FENCE}\nValueError: KUMQUAT is not a number\n{FENCE}"
    )
    assert "RAMBUTANS" in found.having("LYCHEES").text


DOXYGEN = """<html><head><title>Ring: Ring Class Reference</title></head><body><div class="contents">
<h2 class="memtitle"><span class="permalink"><a href="#a1">◆&#160;</a></span>push()</h2>
<div class="memproto">void Ring::push(int v)</div><div class="memdoc"><p>Adds a value at the HEAD.</p>
<div class="fragment"><div class="line"><span class="lineno">1</span>r.push(1);</div>
<div class="line"><span class="lineno">2</span>  r.pop();</div></div></div></div></body></html>"""
GUTTER = """<article><h1>Notes</h1><figure class="highlight"><table><tr><td class="gutter"><pre><span
class="line">1</span><br><span class="line">2</span><br></pre></td><td class="code"><pre><span
class="line">BOOL F(</span><br><span class="line">    int x);</span><br></pre></td></tr></table>
</figure></article>"""
CONTENTS = """<main><h1>Guide</h1><div class="contents topic"><p>Contents</p><ul><li><a href="#a">A</a>
</li></ul></div><p>WORDS.</p></main>"""


def test_pages_of_doxygen_keep_their_members_and_code_its_lines(tmp_path: Path) -> None:
    write(tmp_path, "ring.html", DOXYGEN)
    write(tmp_path, "gutter.html", GUTTER)
    write(tmp_path, "toc.html", CONTENTS)
    found = Folder(tmp_path)
    member = found.having("HEAD")
    assert member.section == "push()"
    assert f"{FENCE}\nvoid Ring::push(int v)\n{FENCE}" in member.text
    assert f"{FENCE}\nr.push(1);\n  r.pop();\n{FENCE}" in member.text
    assert f"{FENCE}\nBOOL F(\n    int x);\n{FENCE}" in found.having("BOOL F").text
    assert "Contents" not in found.having("WORDS").text


def test_a_manual_page_of_asciidoc_is_titled_by_its_name(tmp_path: Path) -> None:
    text = """<html><head><title>tool-frob(1)</title></head><body class="manpage"><div id="header">
    <h1>tool-frob(1) Manual Page</h1><h2>NAME</h2><p>tool-frob - Frobnicate in place</p></div>
    <div id="content"><h2 id="_synopsis">SYNOPSIS</h2><p>tool frob</p></div></body></html>"""
    assert Folder(write(tmp_path, "frob.html", text)).titles == {"frob.html": "tool-frob(1)"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HybridIndex]:
    with HybridIndex.open(tmp_path / "index", embedder_name="words", dimension=64) as opened:
        yield opened


@pytest.fixture
def ignoring(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    write(tmp_path, ".gitignore", "dist/\n")
    write(tmp_path, "web/.gitignore", "out/*\n!out/keep.md\n")
    for name in ("index.md", "dist/bundle.md", "web/out/page.md", "web/out/keep.md"):
        write(tmp_path, name, f"# {name}\n\nText.\n")
    return tmp_path


def test_gitignore_is_obeyed_and_counted(ignoring: Path) -> None:
    found = Folder(ignoring)
    assert set(found.titles) == {"index.md", "keep.md"}
    assert found.skipped == [
        ("dist", "ignored by .gitignore"),
        ("page.md", "ignored by .gitignore"),
    ]


def test_what_is_included_or_named_is_not_ignored(ignoring: Path) -> None:
    """``include`` overrides, and so does naming a folder that git ignores, as built pages are."""
    assert set(Folder(ignoring, include=["dist/*.md"]).titles) == {"bundle.md"}
    assert set(Folder(ignoring / "dist").titles) == {"bundle.md"}


def test_a_work_tree_below_the_folder_is_obeyed_too(tmp_path: Path) -> None:
    """And patterns outside of every work tree count for nothing."""
    (tmp_path / "tree" / ".git").mkdir(parents=True)
    write(tmp_path, ".gitignore", "*.md\n")
    write(tmp_path, "tree/.gitignore", "dist/\n")
    for name in ("dist/other.md", "tree/index.md", "tree/dist/bundle.md"):
        write(tmp_path, name, f"# {name}\n\nText.\n")
    assert set(Folder(tmp_path).titles) == {"other.md", "index.md"}


def test_outside_a_work_tree_nothing_is_ignored(ignoring: Path) -> None:
    (ignoring / ".git").rmdir()
    assert len(Folder(ignoring).titles) == 4


@pytest.mark.parametrize("indent", [2, None], ids=["lines", "one line"])
def test_a_dump_is_cut_at_structure_and_found_by_its_keys(
    tmp_path: Path, indent: int | None
) -> None:
    data = {f"key_{i}": i for i in range(15_000)} | {"FROBNICATE_LIMIT": 17}
    dump = json.dumps(data, indent=indent)
    found = Folder(write(tmp_path, "api.md", f"# API dump\n\n{FENCE}json\n{dump}\n{FENCE}\n"))
    assert max(len(chunk.text) for chunk in found.chunks) <= LONGEST
    assert all(chunk.text.startswith(f"{FENCE}json\n") for chunk in found.chunks)
    assert '"FROBNICATE_LIMIT": 17' in found.having("FROBNICATE_LIMIT").text
    assert sum(chunk.text.count('"key_') for chunk in found.chunks) == 15_000


def test_a_folder_whose_pages_are_all_deleted_is_empty(
    tmp_path: Path, store: HybridIndex, word_embedder: Embedder
) -> None:
    """What was indexed of it is gone; only a folder that can't be listed keeps it."""
    docs = tmp_path / "docs"
    write(docs, "a.md", "# A\n\nOld words.")
    source = open_source(Declaration("folder", str(docs), "docs"))
    assert index(source, word_embedder, store).chunks == 1
    (docs / "a.md").unlink()
    report = index(source, word_embedder, store)
    assert (report.documents, report.chunks, report.removed) == (0, 0, 1)
    assert store.count() == 0
