"""Reads HTML in a separate process, which is ended when it takes too much time or memory.

A page can be made to keep an HTML parser busy for minutes: one element with a hundred thousand
attributes takes 17 seconds. Nothing can interrupt the parser within a process. Starting a process
takes a few tenths of a second, so it is done only for pages that are large enough to do harm.
"""

import resource
import subprocess
import sys
from collections.abc import Mapping
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


class _Task(msgspec.Struct):
    data: bytes
    symbols: dict[str, str]
    seconds: int


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


def _apart(data: bytes, symbols: Mapping[str, str], seconds: float) -> _Result:
    # -P keeps Python from looking for modules in the current folder.
    command = [sys.executable, "-P", "-c", _START]
    task = msgspec.msgpack.encode(_Task(data, dict(symbols), int(seconds) + 1))
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
        result = _Result(list(html.read(task.data, task.symbols)), html.links(task.data))
    except Unreadable as error:
        result = _Result(error=str(error))
    sys.stdout.buffer.write(msgspec.msgpack.encode(result))
