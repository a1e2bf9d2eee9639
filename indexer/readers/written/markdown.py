"""Prepares Markdown as it is written: front matter, comments, admonitions and tabs. Pure.

Every line stays in its place, so that citations open the right one: what is no text becomes blank.
"""

import re

from indexer.readers.written import front_matter, jsx
from indexer.screening.fences import fenced

# MkDocs: !!! note "Title", ??? tip, === "Tab"; their contents are indented by four.
_INDENTED = re.compile(
    r"(?P<indent> *)(?:(?:!!!|\?\?\?\+?) {1,9}(?P<kind>[\w-]+)[\w -]*|===[!+]? {1,9})"
    r"(?:\"(?P<title>[^\"]*)\")? *$"
)
# Docusaurus, VitePress, Pandoc, MyST: :::note Title, ::: {.callout-tip}, :::{note} Title
_COLONS = re.compile(r" {0,12}:{3,} *(?:\{?[.:]?(?P<kind>[\w-]+)[^}\s\[]*\}?)?(?P<title>.*)$")
# MyST: ```{note} Title
_MYST = re.compile(r" {0,12}(?P<mark>`{3,}|~{3,}|:{3,})\{(?P<kind>[\w:-]+)\} ?(?P<title>.*)$")
_CELL = re.compile(r" {0,12}(?:`{3,}|~{3,})(?=\{)")  # Quarto, R Markdown
_ADMONITIONS = {"note", "tip", "hint", "info", "important", "caution", "warning", "danger",
                "attention", "error", "seealso", "admonition", "todo", "success", "question",
                "example", "abstract", "summary", "bug", "failure", "quote"}  # fmt: skip
_TITLED = {"tab-item", "tab", "dropdown", "details", "card", "admonition", "grid-item-card"}
_CODE = {"code-block", "code", "sourcecode", "code-cell", "ipython", "jupyter-execute"}
_SILENT = {"toctree", "image", "figure", "contents", "index", "raw", "tableofcontents"}
_NESTED = 4  # depth to which indented containers are followed


def prepared(text: str, suffix: str = ".md") -> tuple[str, str]:
    """The title that its front matter gives, and the text."""
    title, text = front_matter.taken(text)
    if suffix in {".qmd", ".rmd"}:
        text = "\n".join(map(_plain_fence, text.split("\n")))
    if suffix == ".mdx":
        text = jsx.without(text)
    if "<!--" in text:
        text = _without_comments(text)
    for _ in range(_NESTED):
        before, text = text, _without_indented(text)
        if text == before:
            break
    text = _without_colons(_without_directives(text))
    return title, text


def _plain_fence(line: str) -> str:
    """```` ```{r setup, echo=FALSE} ```` opens a block in R."""
    mark = _CELL.match(line)
    if mark is None:
        return line
    language = re.match(r"\{[ .]{0,9}([\w+#-]{1,30})", line[mark.end() :])
    return f"{mark[0]}{language[1] if language else ''}"


def _code_rows(text: str) -> set[int]:
    return {row for first, after in fenced(text) for row in range(first, after)}


def _without_comments(text: str) -> str:
    lines = text.split("\n")
    code = _code_rows(text)
    inside = False
    last = max((i for i, line in enumerate(lines) if i not in code and "-->" in line), default=-1)
    for row, line in enumerate(lines):
        if row in code or not (inside or "<!--" in line):
            continue
        kept = ""
        at = 0
        while at < len(line):
            if inside:
                end = line.find("-->", at)
                inside, at = end < 0, len(line) if end < 0 else end + 3
                continue
            start = line.find("<!--", at)
            if start < 0 or line.count("`", at, start) % 2:
                kept += line[at:]
                break
            kept += line[at:start]
            at = start + 4
            # A comment that never ends would swallow the page; only its mark is left out.
            inside = line.find("-->", at) >= 0 or row < last
        lines[row] = kept if kept.strip() else ""
    return "\n".join(lines)


def _without_indented(text: str) -> str:
    if not any(mark in text for mark in ("!!! ", "??? ", "???+ ", '=== "', '===! "', '===+ "')):
        return text
    lines = text.split("\n")
    code = _code_rows(text)
    row = 0
    while row < len(lines):
        found = _INDENTED.match(lines[row]) if row not in code else None
        row += 1
        if found is None or not (found["kind"] or found["title"]):
            continue
        inner = len(found["indent"]) + 4
        lines[row - 1] = found["indent"] + _called(found["kind"] or "", found["title"] or "")
        while row < len(lines) and (not lines[row].strip() or _indent(lines[row]) >= inner):
            lines[row] = lines[row][: len(found["indent"])] + lines[row][inner:]
            row += 1
    return "\n".join(lines)


def _without_directives(text: str) -> str:
    """MyST writes admonitions, tabs and code as fences with a name in braces."""
    if "```{" not in text and "~~~{" not in text:
        return text
    lines = text.split("\n")
    closing: set[int] = set()
    for first, after in fenced(text):
        found = _MYST.match(lines[first])
        if found is None:
            continue
        kind = found["kind"].lower()
        if kind in _CODE:
            lines[first] = f"{found['mark']}{found['title'].strip()}"
        elif kind in _SILENT:
            lines[first:after] = [""] * (after - first)
        elif kind in _ADMONITIONS or kind in _TITLED or "tab" in kind or "grid" in kind:
            lines[first] = _called(kind, found["title"])
            closing.add(after - 1)
    for row in closing:
        if not lines[row].strip().strip("`~"):
            lines[row] = ""
    return "\n".join(lines)


def _without_colons(text: str) -> str:
    if ":::" not in text:
        return text
    lines = text.split("\n")
    code = _code_rows(text)
    for row, line in enumerate(lines):
        found = _COLONS.match(line) if row not in code else None
        if found is not None:
            title = found["title"].strip().strip("[]").strip('"')
            lines[row] = _called(found["kind"] or "", "" if title.startswith("{") else title)
    return "\n".join(lines)


def _called(kind: str, title: str) -> str:
    """The first line of an admonition or a tab: ``**Note: Back up first**``."""
    kind = kind.lower().removeprefix("callout-")
    title = " ".join(title.split()).strip("*")
    known = kind.capitalize() if kind in _ADMONITIONS - {"admonition"} else ""
    words = ": ".join(filter(None, (known, title)))
    return f"**{words}**" if words else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
