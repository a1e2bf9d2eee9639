"""What a site asks of us in ``robots.txt`` (RFC 9309, ``Crawl-delay``). Protego reads it. Pure."""

from protego import Protego

AGENT = "glossator"
MAX_BYTES = 512_000  # RFC 9309 asks for 500 kibibytes at least
_LONGEST_DELAY_S = 999_999.0


class Robots:
    """The rules for ``agent``: those of its own groups if it has any, else those for everyone."""

    def __init__(self, text: str = "", agent: str = AGENT) -> None:
        self._rules = Protego.parse(text[:MAX_BYTES])
        self._agent = agent
        self.delay_s = min(self._rules.crawl_delay(agent) or 0.0, _LONGEST_DELAY_S)
        self.sitemaps = tuple(self._rules.sitemaps)

    def allows(self, path: str) -> bool:
        """Whether a path, with its query, may be read."""
        return self._rules.can_fetch(path, self._agent)
