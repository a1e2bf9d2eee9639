"""Reports which sources' folders have changed. Only this file uses watchfiles."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from watchfiles import DefaultFilter, awatch

from indexer.types import IndexerError

_log = logging.getLogger(__name__)

# an editor writes a file in several steps; changes this close together count as one
SETTLE_MS = 200

POLL_MS = 2000


async def changed_sources(
    folders: Mapping[str, Path], stop: asyncio.Event, settle_ms: int = SETTLE_MS
) -> AsyncIterator[set[str]]:
    """Yields the names of sources in whose folders something was written, moved or deleted.

    It ends when ``stop`` is set. Files of version control, caches and environments do not count,
    nor do folders that cannot be read. When the system has no more watches to give, the folders are
    checked every ``POLL_MS`` instead, and the log says so.
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
                # Not set from the beginning, because it also hides that there are no watches left.
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
        except (OSError, RuntimeError) as error:  # watchfiles raises the latter itself
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
            yield set(roots)  # what changed in the meantime
