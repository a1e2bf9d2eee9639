"""Makes questions from release notes, as Sphinx builds them: sentences about one entry.

Such a sentence says what changed about an entry, in other words than the entry's own documentation.
Without the entry's name it is a question for that entry.
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
    """The first sentence that names an entry, with its symbol, for each paragraph about one entry.

    ``symbols`` are anchors of entries. A reference counts when its target matches ``refers``;
    references to other sites never count.
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
    """The sentence without the entry's name, in whatever form:
    ``os.cpu_count()``, ``Path.exists``.
    """
    name = re.escape(symbol.rpartition(".")[2])
    return " ".join(re.sub(rf"(?:\w+\.)*\b{name}\b(?:\(\))?", "", sentence).split()).strip(" .")
