"""What the model is asked when code is to be rewritten. Pure."""

from collections.abc import Sequence

from backend.protocol import wire
from lsp_server.protocol.rewrite import RewriteKind
from lsp_server.rewrites import linter

_QUESTIONS: dict[RewriteKind, str] = {
    "optimize": "Make the selected code faster or simpler. It must do what it does now.",
    "document": "Document the selected code in the style of its language. Change nothing else.",
    "fix": "Fix what is reported for the selected code.",
    "rewrite": "Rewrite the selected code.",
}


def question(kind: RewriteKind, instruction: str, remarks: Sequence[wire.Remark]) -> str:
    """The question to the model; documentation is searched with it, too."""
    said = [instruction or _QUESTIONS[kind]]
    said += [f"- {each.code} {each.message}".replace("-  ", "- ") for each in remarks]
    return "\n".join(said)


def remark(lines: Sequence[str], found: linter.Finding) -> wire.Remark:
    """A linter's finding as a remark for the backend, with the lines as its fix would make them."""
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
