"""Keeps what attrs compiles between starts, as Python keeps the bytecode of files.

LSP's types are more than five hundred attrs classes. attrs writes the methods of each as source
text and compiles it at every import, which takes a third of a language server's start
(docs/decisions/0009-compiled-methods-are-kept.md).
"""

import contextlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import attr._make

# A few scripts list names in an order that differs in each process, so each start compiles them.
_WORTH_WRITING = 20
_BESIDE = Path(importlib.util.cache_from_source(__file__)).with_suffix(".attrs")


@contextmanager
def kept(file: Path = _BESIDE) -> Iterator[None]:
    """Inside the block, attrs compiles only what ``file`` lacks; at the end it is added there.

    The key is the whole source text, so an entry is never out of date. A file that is missing,
    broken, unwritable or from another Python only costs the time that it would have saved.
    """
    known = _read(file)
    new: dict[str, CodeType] = {}

    def compiled(script: str, filename: str, mode: str) -> CodeType:
        code = known.get(script)
        if code is None:
            code = new[script] = compile(script, filename, mode)
        return code

    # Python looks up a name in the module before the builtins.
    names: dict[str, Any] = vars(attr._make)
    names["compile"] = compiled
    try:
        yield
    finally:
        del names["compile"]
        if len(new) >= _WORTH_WRITING and not sys.dont_write_bytecode:
            _write(file, known | new)


def _read(file: Path) -> dict[str, CodeType]:
    try:
        held = file.read_bytes()
        if held.startswith(importlib.util.MAGIC_NUMBER):
            known = marshal.loads(held[len(importlib.util.MAGIC_NUMBER) :])
            return known if isinstance(known, dict) else {}
    except (OSError, EOFError, ValueError, TypeError):
        pass
    return {}


def _write(file: Path, known: dict[str, CodeType]) -> None:
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(importlib.util.MAGIC_NUMBER + marshal.dumps(known))
        beside.replace(file)
