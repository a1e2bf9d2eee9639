"""Which folders on the way to a page say what it is about. Pure."""

import re
from collections.abc import Iterable

# Where documentation is installed, built or kept. Of a short page such words would be a good part.
_PLUMBING = re.compile(
    r"usr|local|opt|share|docs?|documentation|gtk-doc|html?|htdocs|man|man\d\w?|site|_?build|dist"
    r"|public|static|content|pages?|latest|stable|en|en[-_]us",
    re.IGNORECASE,
)


def telling(folders: Iterable[str]) -> list[str]:
    """The folders without those that only say how documentation is stored."""
    return [each for each in folders if not _PLUMBING.fullmatch(each)]
