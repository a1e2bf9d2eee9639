"""The secrets rail: finds keys, tokens, private keys and passwords in a request."""

from collections.abc import Sequence

from backend.ports import Part, Span
from backend.rails.formats.patterns import Scanner
from backend.rails.formats.secrets import SECRETS
from backend.rails.scans import Scans
from indexer.screening.windows import each


class SecretsRail:
    """Finds secrets by their formats, which takes 0.4 ms for 2 kB."""

    name = "secrets"
    parts: frozenset[Part] = frozenset(("question", "conversation", "code"))

    def __init__(self, scans: Scans | None = None) -> None:
        self._scanner = Scanner(SECRETS)
        self._scans = scans or Scans()

    def start(self) -> None:
        return

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return await self._scans.result(each(self._scanner.finding, texts))

    async def state(self) -> str:
        return ""

    async def close(self) -> None:
        return  # the scans belong to all rails
