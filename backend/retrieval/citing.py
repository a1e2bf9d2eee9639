"""Numbers the passages of an answer as the citations that its reader sees. Pure."""

from collections.abc import Sequence

from backend.protocol.wire import Citation
from indexer.types import Passage


def cite(passages: Sequence[Passage]) -> tuple[tuple[Citation, ...], tuple[int, ...]]:
    """The citations, and the number of the citation of each passage.

    Passages with the same uri and line share a citation. Numbers count from 1, in the order of
    first appearance.
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
    return tuple(citations.values()), tuple(numbers)
