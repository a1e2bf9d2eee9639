"""Tells which sources' folders changed, soon after they did: watchfiles behind one function."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from watchfiles import DefaultFilter, awatch

SETTLE_MS = 200  # an editor writes a file in several steps; what follows sooner is one change


async def changed_sources(
    folders: Mapping[str, Path], stop: asyncio.Event, settle_ms: int = SETTLE_MS
) -> AsyncIterator[set[str]]:
    """Names of the sources below whose folders something was written, moved or deleted.

    Ends when ``stop`` is set. Version control's own files, caches and environments do not count,
    and neither do folders that cannot be read.
    """
    roots = {name: folder.resolve() for name, folder in folders.items()}
    async for changes in awatch(
        *set(roots.values()),
        watch_filter=DefaultFilter(),
        debounce=settle_ms,
        step=min(50, settle_ms),
        stop_event=stop,
        ignore_permission_denied=True,
    ):
        paths = [Path(path) for _, path in changes]
        names = {
            name for name, root in roots.items() if any(path.is_relative_to(root) for path in paths)
        }
        if names:
            yield names
