"""Questions made from release notes, as Sphinx builds them: what says what is new about one entry.

A sentence of the notes describes an entry by what changed about it, in other words than the
entry's own documentation does; it asks for the entry when its name is taken out of it.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from lxml import html

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_CREDIT = re.compile(
    r"\((Contributed|Patch|Suggested|Implemented|GH ?\d)[^)]*\)|\(?bpo-\d+\)?|^#\d+: "
)


def sentences(
    page: bytes, symbols: AbstractSet[str], refers: str = ""
) -> Iterator[tuple[str, str]]:
    """Of each paragraph or item that refers to one entry alone, the first sentence that names it.

    With the entry's symbol. ``symbols`` are anchors of entries; references whose target does not
    match ``refers`` (those to other sites never count) are no references.
    """
    for paragraph in html.fromstring(page).xpath("//p|//li[not(.//p)]"):
        hrefs = [link.get("href") for link in paragraph.xpath(".//a[contains(@class,'reference')]")]
        targets = {
            href.partition("#")[2]
            for href in hrefs
            if "://" not in href and re.search(refers, href)
        }
        if len(targets) != 1 or not targets <= symbols:
            continue
        (symbol,) = targets
        name = re.escape(symbol.rpartition(".")[2])
        text = _CREDIT.sub("", " ".join(paragraph.text_content().split())).strip()
        for sentence in _SENTENCE.split(text):
            if re.search(rf"\b{name}\b", sentence):
                yield sentence, symbol
                break


def unnamed(sentence: str, symbol: str) -> str:
    """Without the entry's name, as it is written: ``os.cpu_count()``, ``Path.exists``."""
    name = re.escape(symbol.rpartition(".")[2])
    return " ".join(re.sub(rf"(?:\w+\.)*\b{name}\b(?:\(\))?", "", sentence).split()).strip(" .")
