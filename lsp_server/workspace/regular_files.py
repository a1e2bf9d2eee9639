"""Reading files that others put into a workspace: regular ones, and no more than a bounded part.

A workspace may hold a link to a device that never ends, or a pipe that nobody writes to.
"""

import os
import stat
from pathlib import Path


def read_text(path: Path, most_bytes: int) -> str:
    """Its text, or at most so much of it; empty where there is no such regular file."""
    try:
        # Without waiting: opening a pipe for reading would block until somebody writes.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ""
            return file.read(most_bytes).decode("utf-8", "replace")
    except OSError:
        return ""
