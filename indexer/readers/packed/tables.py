"""Writes rows of cells as a pipe table, whose first row is its header. Pure."""

from collections.abc import Iterable, Iterator, Sequence


def rows(cells: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of the table, without rows that are empty."""
    begun = False
    for row in cells:
        texts = [_text(cell) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        yield f"| {' | '.join(texts)} |"
        if not begun:
            yield "|" + "---|" * len(texts)
            begun = True


def _text(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split()).replace("|", "\\|")
