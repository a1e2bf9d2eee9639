"""The secrets rail: keys, tokens, private keys, passwords in what a question carries."""

from collections.abc import Sequence

from backend.ports import Part, Span
from backend.rails.patterns import Scanner
from backend.rails.secret_formats import SECRETS


class SecretsRail:
    """Finds secrets by their formats. 0.4 ms for 2 kB, so on the event loop."""

    name = "secrets"
    parts: frozenset[Part] = frozenset(("question", "conversation", "code"))

    def __init__(self) -> None:
        self._scanner = Scanner(SECRETS)

    def start(self) -> None:
        return

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return [self._scanner.find(text) for text in texts]

    async def state(self) -> str:
        return ""
