"""`glossator eval completion`: asks a backend for lines that were taken out of real code."""

import asyncio
import difflib
import json
import sys
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from backend.errors import Unavailable, Unsupported
from backend.protocol.wire import Complete, Delta, Failed, Finished
from glossator.evaluate.masked import PREFIX_CHARACTERS, SUFFIX_CHARACTERS, Masked, chosen
from lsp_server.client.client import Client, ClientError
from lsp_server.completion.fitting import fit, whole

_COLUMNS = (
    "exact", "first line", "similarity", "parses", "ended", "offered", "tokens", "TTFT ms",
    "total ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Completed:
    """One hole, and what filled it: as the model wrote it, and as an editor offers it."""

    hole: Masked
    text: str
    offered: str
    ended: bool  # by itself, before the limit of tokens
    tokens: int
    ttft_ms: float
    total_ms: float

    @property
    def exact(self) -> bool:
        return self.offered.rstrip() == self.hole.text.rstrip()

    @property
    def first_line(self) -> bool:
        return self.offered.split("\n")[0].rstrip() == self.hole.text.split("\n")[0].rstrip()

    @property
    def similarity(self) -> float:
        """1 for the same text, 0 for nothing in common."""
        return difflib.SequenceMatcher(
            None, self.offered.strip(), self.hole.text.strip(), autojunk=False
        ).ratio()

    @property
    def parses(self) -> bool:
        return bool(self.offered) and self.hole.parses(self.offered)


def evaluate(count: int, max_tokens: int, url: str, token: str, keep: Path | None) -> int:
    """Prints the table. Raises ``Unavailable`` when no backend answers at ``url``."""
    completed = asyncio.run(_complete_all(chosen(count), max_tokens, url, token))
    if keep:
        keep.write_text("".join(json.dumps(_record(each)) + "\n" for each in completed))
    click.echo(f"{len(completed)} holes in real modules, at most {max_tokens} tokens each\n")
    click.echo(report(completed))
    return 0


def report(completed: Sequence[Completed]) -> str:
    """What each column counts stands in docs/answers.md. Without a date, so that it compares."""
    lines = [f"| hole | n | {' | '.join(_COLUMNS)} |", "|---|---" + "|---" * len(_COLUMNS) + "|"]
    groups = {"all": list(completed)}
    for each in sorted(completed, key=lambda each: each.hole.kind):
        groups.setdefault(each.hole.kind, []).append(each)
    for name, group in groups.items():
        if group:
            shares: list[list[float]] = [
                [each.exact for each in group],
                [each.first_line for each in group],
                [each.similarity for each in group],
                [each.parses for each in group],
                [each.ended for each in group],
                [bool(each.offered) for each in group],
            ]
            middles: list[list[float]] = [
                [each.tokens for each in group],
                [each.ttft_ms for each in group],
                [each.total_ms for each in group],
            ]
            figures = [
                *(f"{sum(values) / len(values):.2f}" for values in shares),
                *(f"{median(values):.0f}" for values in middles),
            ]
            lines.append(f"| {name} | {len(group)} | {' | '.join(figures)} |")
    return "\n".join(lines)


async def _complete_all(
    holes: Sequence[Masked], max_tokens: int, url: str, token: str
) -> list[Completed]:
    """One after another, so that the times are those of an idle server."""
    completed = []
    try:
        async with Client(url, token) as client:
            for number, hole in enumerate(holes, 1):
                completed.append(await _complete(client, hole, max_tokens))
                if sys.stderr.isatty():
                    click.echo(f"\r{number} of {len(holes)}", err=True, nl=number == len(holes))
    except ClientError as error:
        raise Unavailable(str(error)) from error
    return completed


async def _complete(client: Client, hole: Masked, max_tokens: int) -> Completed:
    prefix, suffix = hole.prefix[-PREFIX_CHARACTERS:], hole.suffix[:SUFFIX_CHARACTERS]
    text = ""
    end: Finished | Failed | None = None
    ask = Complete(uuid.uuid4().hex, prefix, suffix, max_tokens)
    async with aclosing(client.ask(ask)) as frames:
        async for frame in frames:
            match frame:
                case Delta():
                    text += frame.text
                case Finished() | Failed():
                    end = frame
    if not isinstance(end, Finished):
        if end and end.code == "unsupported":
            raise Unsupported(end.message)
        return Completed(hole, text, "", False, 0, 0.0, 0.0)
    return Completed(
        hole,
        text,
        fit(prefix, whole(text, end.reason), suffix),
        end.reason == "stop",
        end.usage.completion_tokens,
        end.timings.ttft_ms,
        end.timings.total_ms,
    )


def _record(each: Completed) -> dict[str, object]:
    """One line of the file of kept completions."""
    return {
        "module": each.hole.module, "line": each.hole.line, "kind": each.hole.kind,
        "expected": each.hole.text, "text": each.text, "offered": each.offered,
        "ended": each.ended, "parses": each.parses, "exact": each.exact, "tokens": each.tokens,
    }  # fmt: skip
