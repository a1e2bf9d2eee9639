"""Tells which sources' folders changed, soon after they did: watchfiles behind one function."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from watchfiles import DefaultFilter, awatch

from indexer.types import IndexerError

_log = logging.getLogger(__name__)

SETTLE_MS = 200  # an editor writes a file in several steps; what follows sooner is one change

POLL_MS = 2000


async def changed_sources(
    folders: Mapping[str, Path], stop: asyncio.Event, settle_ms: int = SETTLE_MS
) -> AsyncIterator[set[str]]:
    """Names of the sources below whose folders something was written, moved or deleted.

    Ends when ``stop`` is set. Version control's own files, caches and environments do not count,
    and neither do folders that cannot be read. Where the system has no more watches to give, the
    folders are looked at every ``POLL_MS`` instead, and the log says so.
    """
    roots = {name: folder.resolve() for name, folder in folders.items()}
    lenient = polling = False
    while not stop.is_set():
        try:
            async for changes in awatch(
                *set(roots.values()),
                watch_filter=DefaultFilter(),
                debounce=settle_ms,
                step=min(50, settle_ms),
                stop_event=stop,
                # Not from the beginning: it hides that there are no watches left, too.
                ignore_permission_denied=lenient,
                force_polling=polling,
                poll_delay_ms=POLL_MS,
            ):
                paths = [Path(path) for _, path in changes]
                names = {
                    name
                    for name, root in roots.items()
                    if any(path.is_relative_to(root) for path in paths)
                }
                if names:
                    yield names
        except (OSError, RuntimeError) as error:  # the latter is watchfiles' own
            if not lenient and "denied" in str(error):
                lenient = True
            elif not polling:
                _log.warning(
                    "Folders are looked at every %d s instead of followed, for the system gives "
                    "no watch (%s).", POLL_MS // 1000, error,
                )  # fmt: skip
                polling = lenient = True
            else:
                raise IndexerError(f"Folders cannot be followed: {error}") from error
            yield set(roots)  # what changed meanwhile
