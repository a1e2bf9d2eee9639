"""Reads a file in a separate process, which is ended when it takes too much time or memory.

A page can be made to keep an HTML parser busy for minutes: one element with a hundred thousand
attributes takes 17 seconds. Nothing can interrupt the parser within a process. Starting a process
takes a few tenths of a second, so for HTML it is done only for pages that are large enough to do
harm. Formats that others' libraries parse are always read apart: these libraries may raise
anything.
"""

import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import msgspec

from indexer.readers import html
from indexer.readers.page import Page, Unreadable

FROM_BYTES = 200_000  # a smaller page takes three seconds at worst
SECONDS = 30.0
MEMORY_BYTES = 4_000_000_000
# Adds the folder of this package, which need not be on the path of every process.
_START = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); "
    "from indexer.readers.apart import main; main()"
)


# The modules that are always read apart, by what they read.
READERS = {
    "docx": "indexer.readers.packed.word",
    "pptx": "indexer.readers.packed.slides",
    "xlsx": "indexer.readers.packed.sheets",
    "epub": "indexer.readers.packed.epub",
    "described": "indexer.readers.described",
}


class _Task(msgspec.Struct):
    data: bytes
    symbols: dict[str, str]
    seconds: int
    reader: str = ""  # a key of ``READERS``; "" is HTML


class _Result(msgspec.Struct):
    pages: list[Page] = []
    links: html.Links | None = None
    error: str = ""


def read(
    data: bytes, symbols: Mapping[str, str] | None = None, *, seconds: float = SECONDS
) -> list[Page]:
    """Does what ``html.read`` does, and also raises ``Unreadable`` for a
    page that takes too long.
    """
    if len(data) < FROM_BYTES:
        return list(html.read(data, symbols))
    return _apart(data, symbols or {}, seconds).pages


def links(data: bytes, *, seconds: float = SECONDS) -> html.Links:
    """Does what ``html.links`` does."""
    if len(data) < FROM_BYTES:
        return html.links(data)
    found = _apart(data, {}, seconds).links
    assert found is not None
    return found


def read_as(reader: str, data: bytes, *, seconds: float = SECONDS) -> list[Page]:
    """Reads by one of ``READERS``. Raises ``Unreadable``, whatever its library raises."""
    return _apart(data, {}, seconds, reader).pages


def _apart(data: bytes, symbols: Mapping[str, str], seconds: float, reader: str = "") -> _Result:
    # -P keeps Python from looking for modules in the current folder.
    command = [sys.executable, "-P", "-c", _START]
    task = msgspec.msgpack.encode(_Task(data, dict(symbols), int(seconds) + 1, reader))
    try:
        process = subprocess.run(
            command, input=task, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"took more than {seconds:.0f} s to read") from error
    try:
        result = msgspec.msgpack.decode(process.stdout, type=_Result)
    except msgspec.DecodeError as error:
        raise Unreadable("took too much time or memory to read") from error
    if result.error:
        raise Unreadable(result.error)
    return result


def main() -> None:
    task = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Task)
    resource.setrlimit(resource.RLIMIT_CPU, (task.seconds, task.seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        if task.reader:
            result = _Result(list(_reader(task.reader, task.data)))
        else:
            result = _Result(list(html.read(task.data, task.symbols)), html.links(task.data))
    except Unreadable as error:
        result = _Result(error=str(error))
    except Exception as error:  # a broken file can make a library raise anything
        result = _Result(error=f"damaged: {type(error).__name__}: {error}"[:300])
    sys.stdout.buffer.write(msgspec.msgpack.encode(result))


def _reader(name: str, data: bytes) -> Iterator[Page]:
    pages: Iterator[Page] = import_module(READERS[name]).read(data)
    return pages
