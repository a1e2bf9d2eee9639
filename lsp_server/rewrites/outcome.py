"""Turns an answer into a rewrite that can be applied, or only be shown. Pure."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from backend.protocol import wire
from indexer.screening.escaping import escape
from indexer.screening.markdown import link, plain
from lsp_server.answers import translate
from lsp_server.answers.complete import CompleteAnswer
from lsp_server.documents.fences import Fences
from lsp_server.protocol.rewrite import RewriteKind
from lsp_server.rewrites import checks, linter, redactions


@dataclass(frozen=True, slots=True)
class Outcome:
    """``code`` replaces the rows; with ``problems`` it can only be shown."""

    text: str
    code: str
    problems: list[str]


def outcome(
    kind: RewriteKind,
    language: str,
    lines: Sequence[str],
    rows: tuple[int, int],
    answer: CompleteAnswer,
    fences: Fences,
    found: Sequence[linter.Finding],
) -> Outcome:
    """The model's rewrite if it passes the checks, else ruff's fixes if there are any.

    Otherwise it is the rewrite with its problems. Public names and signatures must stay, unless the
    user gave instructions.
    """
    first, last = rows
    old = "".join(lines[first : last + 1])
    fixed = _fixed(lines, first, last, found)
    if answer.model == wire.EXTRACTIVE:  # the extractive generator quotes and rewrites nothing
        if fixed is None:
            return Outcome(
                answer.text, old, [] if found else ["No model is configured to rewrite."]
            )
        return Outcome(f"{_explained(found)}\n\n{answer.text}", fixed, [])
    prose = escape(fences.prose.strip(), translate.addresses(answer.citations))
    code, unknown = redactions.restored(old, fit(old, fences.code))
    complete = answer.finished.reason == "stop"
    problems = checks.problems(language, lines, first, last, code, complete=complete) + unknown
    lost = checks.lost(language, lines, first, last, code) if code.strip() else []
    if kind != "rewrite":
        problems += lost
    if problems and fixed is not None:
        failed = " ".join(problems)
        text = (
            f"The model's rewrite failed its check ({failed}) These are ruff's own fixes.\n\n"
            f"{_explained(found)}\n\n{prose}"
        )
        return Outcome(text.rstrip(), fixed, [])
    # A user who gives instructions may want to rename things, so this is a remark and no problem.
    told = [*(lost if kind == "rewrite" else ()), prose]
    return Outcome("\n\n".join(told), code if fences.code else "", problems)


def fit(old: str, new: str) -> str:
    """Gives new code the indentation, the line ends and the final line end of the old."""
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
    """The indentation that all lines share, blank ones apart."""
    filled = [line for line in text.splitlines() if line.strip()]
    starts = [line[: len(line) - len(line.lstrip(" \t"))] for line in filled]
    common = min(starts, key=len, default="")
    return common if all(start.startswith(common) for start in starts) else ""
