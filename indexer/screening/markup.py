"""Takes from a text what an editor would follow by itself or after one click. Pure.

These are images, frames, scripts, and links with data in their address. Chunks are cleaned when
they are indexed, and once more when a model reads them, because an index may be older than these
rules. Patterns remove what they know, in a time that is linear in the text: ends are searched once,
and quantifiers that could backtrack are possessive. In prose, a Markdown parser then looks for what
the patterns have missed, and that is escaped.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from markdown_it import MarkdownIt

from indexer.screening.escaping import escape

_FOLLOWED = "https?:|ftp:|data:|//"
_URL = rf"(?:{_FOLLOWED})[^\s)>\"']{{0,2000}}+"
_IMAGE = re.compile(
    rf"!\[([^\]]{{0,300}}+)\](?:\(\s?<?{_URL}>?[^)]{{0,300}}+\)|\[[^\]]{{0,100}}+\])"
)
_TAG = re.compile(
    r"<(/?)(img|iframe|object|embed|script|style|link|meta|base|form|input|svg|video|audio|source)\b",
    re.IGNORECASE,
)
# Elements that are removed with their content. The tag of a style alone does no harm.
_CLOSING = re.compile(r"</(script|style|iframe|object|svg|form|video|audio)\s{0,9}>", re.IGNORECASE)
_ALWAYS = {"img", "embed", "link", "meta", "base", "input", "source", "script", "iframe", "object",
           "svg", "form", "video", "audio"}  # fmt: skip
_COMMENT_ENDS = re.compile("-->")
_TAG_ENDS = re.compile(">")
_LONGEST_TAG, _LONGEST_COMMENT, _LONGEST_CONTENT = 2_000, 5_000, 20_000
_EXECUTES = r"(?:javascript|vbscript|data)\s{0,3}:[^\s)>\"']{0,2000}+"
# A query string that is more than a search for a word: an answer could be smuggled out in it.
_CARRIES = r"https?://[^\s)>\"'?]{1,500}+\?[^\s)>\"'=]{0,200}+=[^\s)>\"']{0,1500}+"
_LINK = re.compile(
    rf"\[([^\[\]]{{0,300}}+)\]\(\s?<?(?:{_EXECUTES}|{_CARRIES})>?[^)]{{0,300}}+\)", re.IGNORECASE
)
_REFERENCE = re.compile(
    rf"^[ ]{{0,3}}\[[^\]]{{1,100}}\]:\s{{0,3}}<?(?:{_EXECUTES}|{_CARRIES})[^\n]{{0,300}}$",
    re.MULTILINE | re.IGNORECASE,
)
_HREF = re.compile(
    rf"\b(href|src|action)\s{{0,3}}=\s{{0,3}}(?:\"\s?(?:{_EXECUTES}|{_CARRIES})[^\"]{{0,300}}+\""
    rf"|'\s?(?:{_EXECUTES}|{_CARRIES})[^']{{0,300}}+')",
    re.IGNORECASE,
)
_IMAGE_DIRECTIVE = re.compile(
    rf"^([ \t]{{0,20}})\.\.[ ](?:\|[^|\n]{{1,100}}\|[ ])?(?:image|figure|raw)::[ ]*(?:{_URL}|html)"
    r"[^\n]{0,300}$",
    re.MULTILINE,
)
_SUSPECT = re.compile(r"\][(\[:]|<[A-Za-z/!?]|!\[")
_ORDINARY_LINK = re.compile(
    r"(?:https?://[^?\s]*(?:\?[^=\s]*)?|(?![\w+.-]*:|//|[\\%]|/\\)[^?\s]*)", re.I
)
_FETCHES = re.compile(
    r"<(?!<)(?:\s*(?:/\s*)?(?=[a-z])(?:script|style|iframe|frame|object|embed|applet|img|image|svg"
    r"|math|video|audio|source|track|link|meta|base|form|input|button|portal)\b"
    r"|[^<>]*\s(?:on\w+|style|src|srcset|poster|background|action|formaction|data|ping)\s*=)"
    r"|\s(?:xlink:)?href\s*=\s*[\"']?\s*(?!https?://[^?\s]*[\"'>\s]|[\"'])",
    re.IGNORECASE,
)

# Of a chunk, what others wrote. Code is no Markdown, though its brackets may look like it.
_PROSE = ("text", "title", "breadcrumb", "section", "summary")
_CODE = ("signature", "example")
FIELDS = _PROSE + _CODE


def cleaned(texts: Mapping[str, str], kind: str) -> dict[str, str]:
    """Those of a chunk's ``FIELDS`` that have to change, as they have to be."""
    after = {
        name: strip_prose(text) if name in _PROSE and kind != "code" else strip_markup(text)
        for name, text in texts.items()
    }
    return {name: text for name, text in after.items() if text != texts[name]}


@lru_cache(maxsize=2048)
def strip_prose(text: str) -> str:
    """Does what ``strip_markup`` does, and escapes what a Markdown parser still finds.

    Patterns see half of what a renderer sees. They miss blanks before an address, entities,
    definitions, brackets in brackets, and tags that form when another tag is removed.
    """
    stripped = strip_markup(text)
    return escape(stripped) if leads_out(stripped) else stripped


def strip_markup(text: str) -> str:
    """The text without what fetches or leads somewhere by itself; the words inside stay."""
    if not ("://" in text or "<" in text or "script" in text.lower() or "data:" in text.lower()):
        return text
    text = _without_elements(_without_comments(text))
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _REFERENCE.sub("", text)
    text = _HREF.sub(r"\1=''", text)
    return _IMAGE_DIRECTIVE.sub(r"\1", text)


def leads_out(text: str) -> bool:
    """Whether a renderer would fetch, run or follow something that documentation does not need.

    It asks a complete parser, with HTML and definitions, because an editor's preview has one.
    """
    if not _SUSPECT.search(text):
        return False
    left = list(_renderer().parse(text))
    while left:
        token = left.pop()
        left += token.children or ()
        if token.type == "image":
            return True
        if token.type.startswith("html") and _FETCHES.search(token.content):
            return True
        if token.type == "link_open" and not _ORDINARY_LINK.fullmatch(str(token.attrs["href"])):
            return True
    return False


def _without_comments(text: str) -> str:
    parts = []
    position = 0
    ends = _places(_COMMENT_ENDS, text) if "<!--" in text else []
    at = text.find("<!--")
    while at >= 0:
        end = _end_after(at + 4, ends, _LONGEST_COMMENT)
        if end is not None:
            parts.append(text[position:at])
            position = end
        at = text.find("<!--", max(position, at + 4))
    return "".join([*parts, text[position:]])


def _without_elements(text: str) -> str:
    """The text without the tags of these elements, and for some also without their content."""
    tags = list(_TAG.finditer(text))
    if not tags:
        return text
    ends = _places(_TAG_ENDS, text)
    closings: dict[str, list[tuple[int, int]]] = {}
    for closing in _CLOSING.finditer(text):
        closings.setdefault(closing[1].lower(), []).append(closing.span())
    parts = []
    position = 0
    for tag in tags:
        name = tag[2].lower()
        end = _end_after(tag.end(), ends, _LONGEST_TAG)
        if tag.start() < position or end is None:
            continue
        if not tag[1]:
            whole = _end_after(end, closings.get(name, ()), _LONGEST_CONTENT)
            end = end if whole is None else whole
            removed = whole is not None or name in _ALWAYS
        else:
            removed = name in _ALWAYS
        if removed:
            parts.append(text[position : tag.start()])
            position = end
    return "".join([*parts, text[position:]])


def _places(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [found.span() for found in pattern.finditer(text)]


def _end_after(position: int, places: Sequence[tuple[int, int]], most: int) -> int | None:
    """The end of the first match that begins there, or at most so many characters later."""
    number = bisect_left(places, (position, 0))
    if number == len(places) or places[number][0] > position + most:
        return None
    return places[number][1]


@cache
def _renderer() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser
