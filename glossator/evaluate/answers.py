"""`glossator eval answers`: asks a running backend, and judges what it says.

The judge is mechanical: names, citations, syntax and embeddings. It reads no meaning, so keep the
answers (``--keep``) and read some of them, too.
"""

import asyncio
import json
import re
import sys
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import click
import msgspec
import numpy as np

from backend.deploy import build
from backend.errors import StartupFailed, Unavailable
from backend.protocol.wire import (
    Ask,
    Citation,
    Citations,
    Context,
    Delta,
    Failed,
    Finished,
    Notice,
    Selection,
    Turn,
)
from backend.settings import load
from glossator.evaluate.answer_figures import Judged, Supported, report
from glossator.evaluate.answer_text import (
    Statement,
    degenerate,
    names,
    parses,
    refuses,
    statements,
)
from glossator.evaluate.expected import Expected
from glossator.evaluate.questions import Half, Labelled, chosen, read
from indexer.types import Embedder
from lsp_server.client.client import Client, ClientError

_NEAR = 0.6  # cosine of a statement to a part of a passage that says the same
_NEAR_NAMED = 0.4  # the same where a passage has all that the statement names in backticks
_NAMED = re.compile(r"`([^`\n]{1,200})`")
_PART_CHARS = 240
_NO_ANSWER = ("citations", "answerability")  # what such a notice is about
_LANGUAGE = "python"


def evaluate(
    files: Sequence[Path],
    url: str,
    token: str,
    config: Path | None,
    half: Half | None,
    only: int | None,
    keep: Path | None,
    grounded: bool,
) -> int:
    """Prints the tables. Raises ``Unavailable`` when no backend answers at ``url``."""
    questions = chosen([each for file in files for each in read(file)], half, only)
    if not questions:
        raise StartupFailed("No question is left: the files have none of this half.")
    judge = Judge(build.embedder(load(config).retrieval))
    judged = asyncio.run(_ask_all(questions, url, token, judge, keep, grounded))
    click.echo(f"{len(judged)} questions, {half or 'both halves'}\n")
    click.echo(report(judged))
    return 0


async def _ask_all(
    questions: Sequence[Labelled],
    url: str,
    token: str,
    judge: "Judge",
    keep: Path | None,
    grounded: bool,
) -> list[Judged]:
    """One after another, so that the times are those of an idle server."""
    judged = []
    kept = keep.open("w", encoding="utf-8") if keep else None
    try:
        async with Client(url, token) as client:
            for number, question in enumerate(questions, 1):
                each = judge.judged(question, await _ask(client, question, grounded))
                judged.append(each)
                if kept:
                    kept.write(json.dumps(_record(each), ensure_ascii=False) + "\n")
                    kept.flush()
                if sys.stderr.isatty():
                    click.echo(f"\r{number} of {len(questions)} answered", err=True, nl=False)
    except ClientError as error:
        raise Unavailable(str(error)) from error
    finally:
        if sys.stderr.isatty():
            click.echo("", err=True)
        if kept:
            kept.close()
    return judged


class Told:
    """What came of one question."""

    def __init__(self) -> None:
        self.text = ""
        self.citations: tuple[Citation, ...] = ()
        self.notices: list[Notice] = []
        self.end: Finished | Failed | None = None


async def _ask(client: Client, question: Labelled, grounded: bool) -> Told:
    turns = [
        turn
        for each in question.history
        for turn in (Turn("user", each.question), Turn("assistant", each.answer))
    ]
    context = None
    if question.code:
        last = question.code.count("\n") + 1
        context = Context(
            uri="untitled:question",
            language=question.language or _LANGUAGE,
            text=question.code,
            selection=Selection(question.code, 1, last),
        )
    sources = (question.corpus,) if question.corpus else None
    ask = Ask(
        id=uuid.uuid4().hex,
        question=question.question,
        context=context,
        history=tuple(turns),
        sources=sources if grounded else (),
        excerpts=True,
    )
    told = Told()
    async with aclosing(client.ask(ask)) as frames:
        async for frame in frames:
            match frame:
                case Delta(text=text):
                    told.text += text
                case Citations(citations=citations):
                    told.citations = citations
                case Notice():
                    told.notices.append(frame)
                case Finished() | Failed():
                    told.end = frame
    return told


class Judge:
    """Compares answers with the passages that they were written from."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def judged(self, asked: Labelled, told: Told) -> Judged:
        if not isinstance(told.end, Finished):
            code = told.end.code if told.end else "broken off"
            return Judged(asked, told.text, failed=code)
        texts = {each.number: f"{each.title}\n{each.excerpt}" for each in told.citations}
        expected = [Expected.read(each) for each in asked.expected]
        right = {
            each.number
            for each in told.citations
            if any(entry.is_at(each.title, each.uri, each.excerpt) for entry in expected)
        }
        said = statements(told.text)
        written = [number for each in said for number in each.cited]
        parsed = [verdict for each in said if each.code and (verdict := parses(each)) is not None]
        usage, timings = told.end.usage, told.end.timings
        return Judged(
            asked=asked,
            answer=told.text,
            named=names(told.text, asked.groups, asked.question),
            found=bool(right),
            cited=bool(right & set(written)),
            first=bool(right.intersection(written[:1])),
            refused=refuses(told.text) or any(each.about in _NO_ANSWER for each in told.notices),
            degenerate=degenerate(told.text, list(texts.values())),
            statements=self._supported(said, texts),
            marked=sum(each.about == "names" for each in told.notices),
            unparsable=parsed.count(False),
            blocks=len(parsed),
            tokens=usage.completion_tokens,
            prompt_tokens=usage.prompt_tokens,
            ttft_ms=timings.ttft_ms,
            total_ms=timings.total_ms,
            notices=[f"{each.about}: {each.message}" for each in told.notices],
        )

    def _supported(self, said: Sequence[Statement], texts: dict[int, str]) -> list[Supported]:
        """By what is near, or less near and has all that is named; code by the entry it calls."""
        parts = [
            (number, text[start : start + _PART_CHARS])
            for number, text in texts.items()
            for start in range(0, min(len(text), 4000), _PART_CHARS // 2)
        ]
        if not said or not parts:
            return [Supported(each, ()) for each in said]
        vectors = self._embedder.embed([part for _, part in parts])
        cosines = self._embedder.embed([each.text for each in said]) @ vectors.T
        found = []
        for each, row in zip(said, cosines, strict=True):
            near = {parts[i][0] for i in np.flatnonzero(row >= _NEAR)}
            named = [name.partition("(")[0] for name in _NAMED.findall(each.text)]
            if named and not each.code:
                less = {parts[i][0] for i in np.flatnonzero(row >= _NEAR_NAMED)}
                near |= {number for number in less if all(name in texts[number] for name in named)}
            if each.code:
                near |= {number for number, text in texts.items() if _calls(each.text, text)}
            found.append(Supported(each, tuple(sorted(near))))
        return found


def _calls(code: str, text: str) -> bool:
    """Whether a passage's heading is what the code calls."""
    symbol = text.split(maxsplit=1)[0].rpartition(".")[2] if text.strip() else ""
    return bool(symbol) and re.search(rf"(?<!\w){re.escape(symbol)}\s*\(", code) is not None


def _record(each: Judged) -> dict[str, object]:
    """One line of the file of kept answers."""
    plain: dict[str, object] = msgspec.to_builtins(each.asked)
    return plain | {
        "answer": each.answer, "failed": each.failed, "named": each.named, "found": each.found,
        "cited": each.cited, "first": each.first, "refused": each.refused,
        "degenerate": each.degenerate, "marked": each.marked, "notices": list(each.notices),
        "tokens": each.tokens,
        "prompt_tokens": each.prompt_tokens, "ttft_ms": round(each.ttft_ms),
        "total_ms": round(each.total_ms),
        "unsupported": [
            one.statement.text
            for one in each.statements
            if one.statement.cited and not one.cited_rightly
        ],
    }  # fmt: skip
