"""What damaged and hostile files do to the readers: nothing but take a bounded time.

``python -m loadtest.benchmarks.abuse.documents`` reads and cuts mutated files of every format: with
bytes flipped, pieces cut out, doubled or repeated a thousand times, and marks of the format put
where they do not belong. A reader either gives pages or says why it cannot. Formats whose libraries
run in a process of their own are read in this one, without its limits, so that thousands take
minutes; what their libraries raise is counted, because the process turns it into a reason.
"""

import argparse
import io
import json
import random
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from indexer.chunkers import StructureChunker
from indexer.chunkers.limit import TooSlow, limited
from indexer.readers import apart, formats
from indexer.readers.page import Page, Unreadable
from indexer.types import Document
from loadtest.benchmarks.command import Study
from loadtest.experiments.markdown import table

_TEXT = """---
title: A page
---
# Title {#title}

Words with `code`, [a link](https://example.com) and <b>tags</b>.

!!! note "Careful"
    Inside.

:::tip Title
More.
:::

```python
def f(x):
    return x
```

| a | b |
|---|---|
| 1 | 2 |

<!-- a comment -->

- item
    ~~~sh
    ls
    ~~~

Title two
---------

.. list-table::
   :header-rows: 1

   * - a
     - b

+---+---+
| a | b |
+===+===+
| 1 | 2 |
+---+---+
"""
_MDX = """import A from 'a'

<Tabs>
<TabItem label="x" value={{a: 1}}>

```sh
ls
```

</TabItem>
</Tabs>
"""
_ASCIIDOC = """= Title
:name: value

== Section {name}

[source,java]
----
int x;
----

|===
|a |b

|1
|2
|===

NOTE: Careful. <<x,There>> and https://example.com[a link].

* item
** item
"""
_ORG = """#+TITLE: Title
* TODO Section :tag:
:PROPERTIES:
:ID: x
:END:
#+BEGIN_SRC python
x = 1
#+END_SRC
| a | b |
|---+---|
| 1 | 2 |
[[https://example.com][link]]
"""
_INFO = (
    "This is x.info, made.\n\n\x1f\nFile: x.info,  Node: Top,  Up: (dir)\n\nTitle\n*****\n\n"
    "Words.\n\n* Menu:\n\n* A::\n\n\x1f\nTag Table:\n"
)
_HTML = """<!DOCTYPE html><html><head><title>T</title><meta charset="utf-8"></head><body><main>
<h1 id="a">T</h1><div class="contents"><p>Words.</p></div><table><tr><th>a</th></tr><tr><td>1</td></tr></table>
<pre><span class="lineno">1</span>x<br>y</pre><dl class="py function"><dt id="f" class="sig">f(x)</dt><dd><p>Does.
</p></dd></dl><ul><li>one</li></ul><dl><dt>--fast</dt><dd>Fast.</dd></dl></main></body></html>"""
_MAN = (
    ".TH GIT 1\n.SH NAME\ngit \\- does\n.SH OPTIONS\n.TP\n\\fB\\-\\-fast\\fR\nFast.\n.nf\nx\n.fi\n"
)
_NOTEBOOK = json.dumps({"cells": [
    {"cell_type": "markdown", "source": ["# T\n", "words"]},
    {"cell_type": "code", "source": "x = 1", "outputs": [
        {"output_type": "stream", "text": "\x1b[1mred\x1b[0m"},
        {"output_type": "error", "ename": "E", "evalue": "v"}]}],
    "metadata": {"language_info": {"name": "python"}}, "nbformat": 4})  # fmt: skip
_API = """openapi: 3.0.0
info: {title: T, description: D}
paths:
  /a/{id}:
    get:
      operationId: getA
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}
components:
  schemas:
    A: {type: object, required: [x], properties: {x: {type: string, enum: [a, b]}, y: {$ref: '#/components/schemas/A'}}}
"""
_CODE = {
    ".py": "# -*- coding: utf-8 -*-\nclass A:\n    '''Doc.'''\n    def f(self, x):\n        return [x, (1, 2)]\n",
    ".cs": "namespace A { class B { /// doc\n public int F(int x) { return x; } } }\n",
    ".kt": "class A(val x: Int) { fun f(y: Int): Int = x + y }\n",
    ".rb": "module A\n class B\n  # doc\n  def f(x)\n   x\n  end\n end\nend\n",
    ".php": "<?php\nclass A { /** doc */ public function f($x) { return $x; } }\n",
    ".swift": "struct A { /// doc\n func f(x: Int) -> Int { return x } }\n",
    ".sh": '# doc\nf() {\n  echo "$1"\n}\n',
    ".sql": "-- doc\nCREATE TABLE a.b (x INT, y TEXT);\nSELECT * FROM b;\n",
    ".lua": "-- doc\nfunction M.f(x)\n  return x\nend\n",
}
_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_DOCX = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r" Type="{_RELATION}" Target="word/document.xml"/></Relationships>',
    "word/document.xml": f"<w:document {_WORD}><w:body><w:p><w:r><w:t>Words</w:t></w:r></w:p><w:tbl><w:tr>"
    "<w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>",
}
_EPUB = {
    "META-INF/container.xml": '<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>',
    "a.opf": '<package><metadata><title>B</title></metadata><manifest><item id="c" href="c.html" '
    'media-type="text/html"/></manifest><spine><itemref idref="c"/></spine></package>',
    "c.html": _HTML,
}
_MARKS = (
    b"```", b"~~~", b"<!--", b"-->", b"|", b"|===\n", b"----\n", b"====\n", b"#", b"    ", b":::",
    b"!!! note\n", b"{", b"}", b"[", b"]]", b"<", b">", b"<table>", b"</pre>", b"\x1f\n", b"\0",
    b"\xff\xfe", b"\xc3", b"\r", b"\t", b'"', b"'", b"\\", b".. list-table::\n", b"+===+\n", b"&a;",
    b"<![CDATA[", b"\xe2\x80\xae", b"#+BEGIN_SRC\n", b"* ", b".TP\n", b"\\f", b"&#x0;", b"*", b"`",
)  # fmt: skip


def _zipped(members: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


# A file of each format, by its name. Presentations and workbooks are made by their libraries.
SEEDS: dict[str, bytes] = {
    **{f"a{suffix}": _TEXT.encode() for suffix in (".md", ".qmd", ".rst", ".txt")},
    "a.mdx": (_TEXT + _MDX).encode(),
    "a.adoc": _ASCIIDOC.encode(),
    "a.org": _ORG.encode(),
    "a.info": _INFO.encode(),
    "a.html": _HTML.encode(),
    "a.1": _MAN.encode(),
    "a.ipynb": _NOTEBOOK.encode(),
    **{f"a{suffix}": text.encode() for suffix, text in _CODE.items()},
    "a.yaml": _API.encode(),
    "a.docx": _zipped(_DOCX),
    "a.epub": _zipped(_EPUB),
}
APART = {
    "a.docx": "docx",
    "a.epub": "epub",
    "a.yaml": "described",
    "a.pptx": "pptx",
    "a.xlsx": "xlsx",
}


def office() -> dict[str, bytes]:
    """A presentation and a workbook."""
    import openpyxl
    from pptx import Presentation

    presentation, book = Presentation(), openpyxl.Workbook()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Title"
    book.active.append(["a", 1])
    files = io.BytesIO(), io.BytesIO()
    presentation.save(files[0])
    book.save(files[1])
    return {"a.pptx": files[0].getvalue(), "a.xlsx": files[1].getvalue()}


def mutated(data: bytes, chance: random.Random, most: int = 1_000) -> bytes:
    """The file with up to four kinds of damage; of a zip file, mostly in its members.

    ``most`` is how often a piece is repeated at most.
    """
    if data[:2] == b"PK" and chance.random() < 0.7:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = {name: packed.read(name) for name in packed.namelist()}
        name = chance.choice([each for each in members if each.endswith((".xml", ".html", ".opf"))])
        members[name] = mutated(members[name], chance, most)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
            for each, content in members.items():
                made.writestr(each, content)
        return file.getvalue()
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.randint(0, len(data)) for _ in range(2))
        piece = data[at : min(end, at + 200)]
        kind = chance.randrange(6)
        if kind == 0 and data:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[end:]
        elif kind == 2:
            data = data[:at] + piece * chance.choice((2, 50, most)) + data[at:]
        elif kind == 3:
            data = data[:at] + chance.choice(_MARKS) * chance.choice((2, 50, most)) + data[at:]
        elif kind == 4:
            data = data[:at]
        else:
            data = data[:at] + chance.choice(_MARKS) + data[at:]
    return data


def outcome(name: str, data: bytes) -> str:
    """ "read", "left out", or for what is read apart the exception of its library. Any other
    exception is raised.
    """
    try:
        if name in APART:
            try:
                pages: list[Page] = list(import_module(apart.READERS[APART[name]]).read(data))
            except Unreadable:
                raise
            except Exception as error:
                return f"left out: {type(error).__name__}"
        else:
            pages = formats.read(name, data)
    except Unreadable:
        return "left out"
    for page in pages:
        document = Document(
            "s", f"file:///{name}", page.title or name, page.text, kind=page.kind,
            breadcrumb=("s", name), symbol=page.symbol, signature=page.signature,
            line=1 if page.by_line else page.line, language=page.language,
        )  # fmt: skip
        try:
            for chunk in StructureChunker().chunks(document):
                for piece in limited(chunk):
                    assert piece.text.strip() or piece.signature
        except TooSlow:
            return "left out: too slow"
    return "read"


@dataclass(slots=True)
class _Figures:
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0


def measure(count: int, seed: int) -> dict[str, _Figures]:
    found: dict[str, _Figures] = {}
    for name, data in (SEEDS | office()).items():
        chance = random.Random(f"{seed}:{name}")
        figures = found[name] = _Figures()
        for _ in range(count):
            damaged = mutated(data, chance)
            started = time.perf_counter()
            figures.outcomes[outcome(name, damaged).partition(":")[0]] += 1
            figures.slowest_s = max(figures.slowest_s, time.perf_counter() - started)
    return found


async def _measure(options: argparse.Namespace, folder: Path) -> str:
    found = measure(options.count, options.seed)
    rows = [
        (
            name,
            str(each.outcomes["read"]),
            str(each.outcomes["left out"]),
            f"{each.slowest_s * 1000:,.0f} ms",
        )
        for name, each in found.items()
    ]
    return table(("file", "read", "left out", "slowest"), rows)


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.number("--count", 1_000, "mutated files of each format")
    study.number("--seed", 0, "other seeds make other files")
    study.run(_measure, given)


if __name__ == "__main__":
    main()
