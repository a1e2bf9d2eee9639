"""What the settings name and the machine does not have. The backend starts, and says so."""

from pathlib import Path

from backend.settings import Settings

_ON_DISK = ("folder", "code", "archive")  # kinds of source whose `uri` is a path, always


def absent(settings: Settings) -> list[str]:
    """A sentence for each, with what to do. A file may still come, so none of them is an error."""
    found = []
    tokens = settings.auth.tokens
    if tokens and not Path(tokens).expanduser().exists():
        found.append(
            f"[auth] tokens: {tokens} does not exist, so nobody can sign in with an API token. "
            "`glossator token create USER` writes it; with a file from elsewhere, check the path."
        )
    return found + absent_sources(settings)


def absent_sources(settings: Settings) -> list[str]:
    found = []
    for name, source in settings.sources.items():
        if source.kind in _ON_DISK and not Path(source.uri).expanduser().exists():
            found.append(
                f"[sources.{name}] uri: {source.uri} does not exist, so it is not indexed. "
                "Check the path, or remove the table."
            )
    return found
