"""Finds the encoding of a text: its byte order mark, what it declares, UTF-8, or a guess. Pure."""

import codecs
import re
from collections.abc import Sequence

import charset_normalizer

from indexer.readers.page import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# PEP 263 for Python, and what Emacs and Vim read in the first lines of any text.
_COOKIE = re.compile(rb"coding[:=]\s{0,9}([-\w.]{1,40})")
_XML = re.compile(rb"\s{0,99}<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([-\w.]{1,40})")
_META = re.compile(rb"<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([-\w.:]{1,40})", re.I)
_HEAD = 2_048  # bytes in which a page of HTML declares its encoding
# Codecs that do not encode text in the usual sense, or are slow on purpose-made input.
_REFUSED = {
    "idna",
    "punycode",
    "undefined",
    "unicode_escape",
    "raw_unicode_escape",
    "utf-7",
    "mbcs",
}
_FEW = 20  # characters that say nothing about a text
_SAMPLE = 65_536  # bytes that a guess looks at
_BAD_PER = 20_000  # a text of this many bytes may have a stray bad byte
_HIGH = re.compile(r"[^\W\d_a-zA-Z]+")  # runs of letters that are not ASCII
# What typographers add to Western text, beside letters.
_PUNCTUATION = set("‘’“”‚„–—…€£§©®™°«»·×±²³¼½¾µ†•¿¡\xa0")


def decoded(data: bytes, *, html: bool = False) -> tuple[str, tuple[str, ...]]:
    """The text with plain line ends, and notes for the report about what was guessed.

    Raises ``Unreadable`` for what is not text.
    """
    text, notes = _text(data, html=html)
    if html:
        text = text.replace("\0", "\ufffd")  # as browsers do
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _text(data: bytes, *, html: bool) -> tuple[str, tuple[str, ...]]:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _lenient(data, name)
    if b"\0" in data and not html:
        raise Unreadable("binary")
    declared = _declared(data, html=html)
    if declared and declared != "utf-8":
        try:
            return data.decode(declared), ()
        except (UnicodeError, LookupError):
            pass  # it declares something else than it is
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        return _guessed(data, declared)


def _lenient(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    try:
        return data.decode(name), ()
    except UnicodeDecodeError:
        text = data.decode(name, "replace")
        bad = text.count("\ufffd")
        if bad * 10 > len(text) + _FEW:
            raise Unreadable("binary, or damaged text") from None
        return text, (_replaced(bad, name.removesuffix("-sig").upper()),)


def _declared(data: bytes, *, html: bool) -> str:
    found = None
    if html:
        found = _XML.match(data[:_HEAD]) or _META.search(data[:_HEAD])
    else:
        first = data[:_HEAD].split(b"\n", 2)[:2]
        found = _XML.match(data[:_HEAD]) or next(filter(None, map(_COOKIE.search, first)), None)
    if found is None:
        return ""
    try:
        name = codecs.lookup(found[1].decode("ascii", "replace")).name
    except (LookupError, ValueError):
        return ""
    if name in _REFUSED:
        return ""
    # Browsers read both as Windows' code page, which has them as a part.
    return "cp1252" if html and name in {"iso8859-1", "ascii"} else name


def _guessed(data: bytes, declared: str) -> tuple[str, tuple[str, ...]]:
    """Text that is not valid UTF-8, nor what it declares."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(map(len, _HIGH.findall(text)))
    stray = bad <= 1 + len(data) // _BAD_PER and not _in_words(text)
    if declared and declared != "utf-8" and _few_bad(data, declared):
        return data.decode(declared, "replace"), (f"some bytes are not {declared}",)
    if stray or bad * 4 <= good:
        return text, (_replaced(bad, "UTF-8"),)
    western = data.decode("cp1252", "replace")
    if _is_western(western):
        return western, ("read as cp1252, which is a guess",)
    sample = b"\n".join(_not_ascii(data.split(b"\n")))
    best = charset_normalizer.from_bytes(
        sample[:_SAMPLE], cp_exclusion=["utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_7"]
    ).best()
    if best is None or _controls(data):
        raise Unreadable("binary, or text in an encoding that cannot be guessed: save it as UTF-8")
    return data.decode(best.encoding, "replace"), (f"read as {best.encoding}, which is a guess",)


def _few_bad(data: bytes, name: str) -> bool:
    try:
        text = data.decode(name, "replace")
    except (LookupError, UnicodeError):
        return False
    return text.count("\ufffd") * 100 < len(text)


def _in_words(text: str) -> bool:
    """Whether a byte that is not UTF-8 stands in or at a word, as in a Latin-1 ``caf\\xe9``."""
    at = text.find("\ufffd")
    while at >= 0:
        if text[at - 1 : at].isalpha() or text[at + 1 : at + 2].isalpha():
            return True
        at = text.find("\ufffd", at + 1)
    return False


def _is_western(text: str) -> bool:
    """Whether a text in Windows' Western code page looks like one: single letters with accents."""
    if _controls(text.encode("utf-8")[:_SAMPLE]):
        return False
    runs = _HIGH.findall(text)
    letters = sum(map(len, runs))
    others = sum(1 for c in text if c > "\x7f" and not c.isalpha() and c not in _PUNCTUATION)
    return letters <= 2 * len(runs) and others * 50 <= letters + others


def _not_ascii(lines: Sequence[bytes]) -> list[bytes]:
    return [line for line in lines if not line.isascii()]


def _controls(data: bytes) -> bool:
    """Whether there are so many control characters that this is not text."""
    controls = sum(data.count(bytes([code])) for code in (*range(1, 9), *range(14, 27)))
    return controls * 200 > len(data)


def _replaced(bad: int, name: str) -> str:
    return f"{bad} {'byte is' if bad == 1 else 'bytes are'} not {name} and became \ufffd"
