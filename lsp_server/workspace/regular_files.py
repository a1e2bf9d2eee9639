"""Reads files of a workspace safely: regular files only, and at most a given number of bytes.

A workspace may contain a link to a device that never ends, or a pipe that nobody writes to.
"""

import os
import stat
from pathlib import Path


def read_text(path: Path, most_bytes: int) -> str:
    """The text of a file, at most ``most_bytes``; "" when there is no such regular file."""
    try:
        # The file is opened without waiting, because opening a pipe would block until somebody
        # writes.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ""
            return file.read(most_bytes).decode("utf-8", "replace")
    except OSError:
        return ""
