"""The secrets rail: keys and tokens of common providers, found by their published formats.

Each format's quantifiers are bounded, so that the streaming guard holds back a bounded tail.
Formats: GitHub, AWS, Slack, Stripe, Google, GitLab, npm, OpenAI and Anthropic document their
prefixes; PEM is RFC 7468; JWT is RFC 7519.
"""

from collections.abc import Sequence
import regex

from backend.ports import Part, Span

PATTERNS: dict[str, str] = {
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,255})",
    "AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,250}",
    "Stripe key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}",
    "Google API key": r"\bAIza[A-Za-z0-9_-]{35}",
    "GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,250}",
    "npm token": r"\bnpm_[A-Za-z0-9]{36}",
    "OpenAI or Anthropic key": r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,250}",
    "JSON web token": r"\beyJ[A-Za-z0-9_-]{8,1000}\.eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,600}",
    "private key": (
        r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----[A-Za-z0-9+/=\s:,\-]{16,8000}?"
        r"-----END (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----"
    ),
}
# One pattern with a named group per kind: one pass over the text, whatever the number of kinds.
_GROUPS = {f"k{number}": kind for number, kind in enumerate(PATTERNS)}
SECRET = regex.compile(
    "|".join(f"(?P<k{number}>{pattern})" for number, pattern in enumerate(PATTERNS.values()))
)


def kind_of(match: regex.Match[str]) -> str:
    return _GROUPS[match.lastgroup or ""]


def find(text: str) -> tuple[Span, ...]:
    return tuple(
        Span(match.start(), match.end(), kind_of(match)) for match in SECRET.finditer(text)
    )


class SecretsRail:
    """Finds secrets in everything a question carries. Microseconds, so on the event loop."""

    name = "secrets"
    parts: frozenset[Part] = frozenset(("question", "conversation", "code"))

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return [find(text) for text in texts]

    async def state(self) -> str:
        return ""
