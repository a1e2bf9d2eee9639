"""What a site's ``robots.txt`` asks of us (RFC 9309, and ``Crawl-delay``). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

AGENT = "glossator"
MAX_BYTES = 512_000  # RFC 9309 asks for 500 kibibytes at least


@dataclass(frozen=True, slots=True)
class Robots:
    """``rules`` are path patterns with whether they allow; the longest that matches decides."""

    rules: tuple[tuple[str, bool], ...] = ()
    delay_s: float = 0.0
    sitemaps: tuple[str, ...] = ()

    def allows(self, path: str) -> bool:
        """Of a path with its query. ``/robots.txt`` itself is always allowed."""
        path = _normal(path)
        matching = [
            (len(pattern), allowed) for pattern, allowed in self.rules if _matches(pattern, path)
        ]
        return max(matching, default=(0, True))[1]  # of equals, True is more


@dataclass(slots=True)
class _Group:
    agents: list[str] = field(default_factory=list)
    rules: list[tuple[str, bool]] = field(default_factory=list)
    delay_s: float = 0.0


def parse(text: str, agent: str = AGENT) -> Robots:
    """The rules for ``agent``: its own groups if it has any, else those for all."""
    groups: list[_Group] = []
    sitemaps: list[str] = []
    naming = False  # whether the last line named an agent: the next one joins its group
    for name, value in _lines(text):
        if name == "user-agent":
            if not naming:
                groups.append(_Group())
            groups[-1].agents.append(value.lower())
        elif name == "sitemap":
            sitemaps.append(value)
        elif name in {"allow", "disallow"} and groups and value:
            groups[-1].rules.append((_normal(value), name == "allow"))
        elif name == "crawl-delay" and groups and re.fullmatch(r"\d{1,6}(\.\d+)?", value):
            groups[-1].delay_s = float(value)
        naming = name == "user-agent"
    ours = [group for group in groups if agent in group.agents] or [
        group for group in groups if "*" in group.agents
    ]
    return Robots(
        tuple(rule for group in ours for rule in group.rules),
        max((group.delay_s for group in ours), default=0.0),
        tuple(sitemaps),
    )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text[:MAX_BYTES].splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _normal(path: str) -> str:
    return quote(unquote(path), safe="/?&=*$:@!+,;~()'[]")


def _matches(rule: str, path: str) -> bool:
    """``*`` is any text, ``$`` at the end the end. Linear: each part is taken where it is first."""
    first, *parts = rule.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    ends = rule.endswith("$")
    last = parts.pop() if ends and parts else None
    for part in parts:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if not ends:
        return True
    return at == len(path) if last is None else len(path) - len(last) >= at and path.endswith(last)
