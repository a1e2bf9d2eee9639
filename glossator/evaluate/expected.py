"""What a question expects to find, and whether a chunk is that. Pure.

An expected entry is written in one of three ways:

- a symbol: ``numpy.fft.irfft``;
- the place of a page, with its anchor if it has one: ``how-to/cache.html#usage``. It is the end of
  the uri, so that the corpus may lie in any folder;
- a text on a page: ``rsync.1.gz#:~:text=limit the transfer rate``, written like a link of the web
  to a text, but without percent signs. It is for pages whose options have no anchor. Case and white
  space do not count.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from indexer.types import Chunk

TEXT = "#:~:text="


@dataclass(frozen=True, slots=True)
class Expected:
    """One entry, read once and then compared with many chunks.

    ``page`` and ``text`` are empty where no text is expected.
    """

    written: str
    page: str
    text: str

    @classmethod
    def read(cls, written: str) -> "Expected":
        page, _, text = written.partition(TEXT)
        return cls(written, page if text else "", plain(text))

    def is_in(self, chunk: Chunk) -> bool:
        return self.is_at(chunk.symbol, chunk.uri, f"{chunk.section}\n{chunk.text}")

    def is_at(self, symbol: str, uri: str, text: str) -> bool:
        """The same for the parts of a chunk or of a citation."""
        if self.text:
            return _ends(uri.partition("#")[0], self.page) and self.text in plain(text)
        return self.written == symbol or _ends(uri, self.written)


def plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def is_place(expected: str) -> bool:
    """Whether this names a page, or something on it, and not a symbol."""
    return "#" in expected or "/" in expected


def missing(expected: Iterable[str], chunks: Iterable[Chunk]) -> list[str]:
    """The expected entries that none of the chunks is, in their order."""
    left = [Expected.read(each) for each in dict.fromkeys(expected)]
    for chunk in chunks:
        left = [each for each in left if not each.is_in(chunk)]
    return [each.written for each in left]


def _ends(uri: str, place: str) -> bool:
    return uri == place or uri.endswith(f"/{place}")
