"""A folder that is made once and then kept, such as a model's."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path


def make_once(
    folder: Path, stamp: str, contents: Mapping[str, object], save: Callable[[Path], None]
) -> None:
    """Has ``save`` fill ``folder``, unless the file ``stamp`` in it says that this was done.

    ``contents`` are the stamp's, so other contents make it again. The folder appears at once and
    complete, so concurrent callers are safe: the first to finish wins.
    """
    if _is_current(folder / stamp, contents):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        save(made)
        (made / stamp).write_text(json.dumps(contents))
        if not _is_current(folder / stamp, contents):
            shutil.rmtree(folder, ignore_errors=True)
            # Losing the race to another maker leaves its equal folder in place.
            with contextlib.suppress(OSError):
                made.rename(folder)


def _is_current(stamp: Path, contents: Mapping[str, object]) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return bool(json.loads(stamp.read_text()) == contents)
    return False
