"""Numbers the passages of an answer as the citations that its reader sees. Pure."""

from collections.abc import Sequence

import msgspec

from backend.protocol.wire import Citation
from indexer.types import Chunk, Passage


def cite(
    passages: Sequence[Passage], *, excerpts: bool = False
) -> tuple[tuple[Citation, ...], tuple[int, ...]]:
    """The citations, and the number of the citation of each passage.

    Passages with the same uri and line share a citation. Numbers count from 1, in the order of
    first appearance. With ``excerpts``, a citation has the texts of its passages.
    """
    citations: dict[tuple[str, int | None], Citation] = {}
    numbers = []
    for passage in passages:
        chunk = passage.chunk
        key = (chunk.uri, chunk.line)
        if key not in citations:
            citations[key] = Citation(
                number=len(citations) + 1,
                title=chunk.title,
                uri=chunk.uri,
                breadcrumb=chunk.breadcrumb,
                line=chunk.line,
                version=chunk.version,
                score=round(passage.score, 4),
            )
        numbers.append(citations[key].number)
    if excerpts:
        texts = list(zip(numbers, (passage.chunk.text for passage in passages), strict=True))
        for key, citation in citations.items():
            mine = [text for number, text in texts if number == citation.number]
            citations[key] = msgspec.structs.replace(citation, excerpt="\n\n".join(mine))
    return tuple(citations.values()), tuple(numbers)


def on_page(chunk: Chunk) -> str:
    """Where on a page a passage stands: the page's title and the section."""
    return " › ".join(part for part in (chunk.title, chunk.section) if part)
