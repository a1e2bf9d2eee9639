"""From an answer to a rewrite that may be offered. Pure."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from backend.protocol import wire
from indexer.screening.markdown import escape, link, plain
from lsp_server.answers import translate
from lsp_server.answers.streamed import Streamed
from lsp_server.documents.fences import Fences
from lsp_server.protocol.rewrite import RewriteKind
from lsp_server.rewrites import checks, linter

_QUESTIONS: dict[RewriteKind, str] = {
    "optimize": "Make the selected code faster or simpler. It must do what it does now.",
    "document": "Document the selected code in the style of its language. Change nothing else.",
    "fix": "Fix what is reported for the selected code.",
    "rewrite": "Rewrite the selected code.",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """``code`` replaces the rows; with ``problems`` it can only be shown."""

    text: str
    code: str
    problems: list[str]


def question(kind: RewriteKind, instruction: str, remarks: Sequence[wire.Remark]) -> str:
    """What the model is asked, and what documentation is searched for."""
    said = [instruction or _QUESTIONS[kind]]
    said += [f"- {each.code} {each.message}".replace("-  ", "- ") for each in remarks]
    return "\n".join(said)


def remark(lines: Sequence[str], found: linter.Finding) -> wire.Remark:
    """A linter's finding as the backend is told of it, with the lines as its fix has them."""
    fix = ""
    if found.fix:
        rows = [found.first_row, found.last_row]
        rows += [row for edit in found.fix for row in (edit.start[0], edit.end[0])]
        first, last = min(rows), min(max(rows), len(lines) - 1)
        fixed = linter.apply(lines, [found])
        after = len("".join(lines[last + 1 :]))
        fix = fixed[len("".join(lines[:first])) : len(fixed) - after]
    return wire.Remark(
        message=found.message,
        first_line=found.first_row + 1,
        last_line=found.last_row + 1,
        source="ruff",
        code=found.code,
        fix=fix,
    )


def offer(
    kind: RewriteKind,
    language: str,
    lines: Sequence[str],
    rows: tuple[int, int],
    answer: Streamed,
    fences: Fences,
    found: Sequence[linter.Finding],
) -> Offer:
    """The model's rewrite if it passes the check; else the linter's own fixes, if there are any;
    else the rewrite with what is wrong with it.

    Public names and signatures must stay, except where the user gave instructions.
    """
    first, last = rows
    old = "".join(lines[first : last + 1])
    fixed = _fixed(lines, first, last, found)
    if answer.model == wire.EXTRACTIVE:  # what it quotes is no rewrite
        if fixed is None:
            return Offer(answer.text, old, [] if found else ["No model is configured to rewrite."])
        return Offer(f"{_explained(found)}\n\n{answer.text}", fixed, [])
    prose = escape(fences.prose.strip(), translate.addresses(answer.citations))
    code = fit(old, fences.code)
    complete = answer.finished.reason == "stop"
    problems = checks.problems(language, lines, first, last, code, complete=complete)
    lost = checks.lost(language, lines, first, last, code) if code.strip() else []
    if kind != "rewrite":
        problems += lost
    if problems and fixed is not None:
        failed = " ".join(problems)
        text = (
            f"The model's rewrite failed its check ({failed}) These are ruff's own fixes.\n\n"
            f"{_explained(found)}\n\n{prose}"
        )
        return Offer(text.rstrip(), fixed, [])
    # Whoever gives instructions may mean to rename things, and is told that it is so.
    told = [*(lost if kind == "rewrite" else ()), prose]
    return Offer("\n\n".join(told), code if fences.code else "", problems)


def fit(old: str, new: str) -> str:
    """New code with the indentation, line ends and final line end of the old."""
    if not new.strip():
        return new
    indent = _indent(old)
    text = textwrap.indent(textwrap.dedent(new.replace("\r\n", "\n")), indent).rstrip("\n")
    text = text.lstrip("\n")
    if "\r\n" in old:
        text = text.replace("\n", "\r\n")
    end = next((end for end in ("\r\n", "\n", "\r") if old.endswith(end)), "")
    return text + end


def _fixed(
    lines: Sequence[str], first: int, last: int, found: Sequence[linter.Finding]
) -> str | None:
    if not any(each.fix for each in found):
        return None
    text = linter.apply(lines, found)
    before, after = len("".join(lines[:first])), len("".join(lines[last + 1 :]))
    return text[before : len(text) - after]


def _explained(found: Sequence[linter.Finding]) -> str:
    return "\n".join(f"- {link(each.code, each.url)} {plain(each.message)}" for each in found)


def _indent(text: str) -> str:
    """What all its lines that are not blank begin with."""
    filled = [line for line in text.splitlines() if line.strip()]
    starts = [line[: len(line) - len(line.lstrip(" \t"))] for line in filled]
    common = min(starts, key=len, default="")
    return common if all(start.startswith(common) for start in starts) else ""
