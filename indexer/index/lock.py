"""A lock on a folder between processes: many readers or one writer.

The kernel holds it (``flock``), so it disappears with its process, however that ends.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from indexer.types import IndexerError, IndexInUse


class FolderLock:
    """The lock is held from construction until ``release``. Raises ``IndexInUse`` at once and never
    waits.
    """

    def __init__(self, path: Path, *, exclusive: bool) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise IndexerError(f"The index folder {path.parent} is not usable: {error}") from error
        try:
            fcntl.flock(self._fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise IndexInUse(
                f"The index in {path.parent} is in use by another process (pid {pid}). "
                "Stop that one first, or give this one a folder of its own with --data.",
                owner=f"pid {pid}",
            ) from error
        # This note is not needed for the lock. Without it, on a full disk, another process's
        # message says less.
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Releases the lock; calling it again does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
