"""Makes the guard of each answer: what the tenant's rails hold back by its format."""

from collections.abc import Callable

from backend.ports import StreamGuard
from backend.rails.formats.patterns import Scanner
from backend.rails.output.hold_back import Chain, HoldBack, Tell
from backend.rails.policy import policy
from backend.rails.registry import RAILS
from backend.settings import Action, Settings

Guard = Callable[[str, Tell], StreamGuard]


def guards(settings: Settings) -> Guard:
    """A function that makes the guard of one answer, for its tenant."""
    holding = [each for each in RAILS.values() if each.formats]
    scanners: dict[tuple[str, ...], Scanner] = {}  # compiled once for each set of rails

    def scanner(names: tuple[str, ...]) -> Scanner:
        if names not in scanners:
            scanners[names] = Scanner([one for name in names for one in RAILS[name].formats])
        return scanners[names]

    def make(tenant: str, tell: Tell) -> StreamGuard:
        def names(action: Action) -> tuple[str, ...]:
            return tuple(
                each.name
                for each in holding
                if policy(settings, each.name, tenant).action == action
            )

        made: list[StreamGuard] = []
        if blocking := names("block"):
            made.append(HoldBack(scanner(blocking), "block", tell))
        if redacting := names("redact"):
            made.append(HoldBack(scanner(redacting), "redact", tell))
        return Chain(made)

    make("", lambda *_: None)  # compiles before the first question
    return make
