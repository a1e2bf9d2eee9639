"""Takes an answer apart: statements, blocks of code, and the citations behind each. Pure."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from indexer.screening.fences import fenced

_NUMBERS = re.compile(r"\[(\d{1,2})\]")
_ONLY_NUMBERS = re.compile(r"\s*(?:\[\d{1,2}\]\s*)+")
_SENTENCE = re.compile(
    r".+?(?:(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)[.!?][\"')*_]*(?=\s|$)(?:\s?\[\d{1,2}\])*|$)"
)
_MARK = re.compile(r"^\s*+(?:[-*+]|\d{1,2}[.)]|>)\s+")
_NO_STATEMENT = re.compile(r"\s*(?:#|\||_[^_]+_\s*$)")  # a heading, a row, an aside in italics
_INLINE = re.compile(r"`[^`\n]+`")
_WORD = re.compile(r"\w+")
_LEAST_WORDS = 4  # fewer state nothing that could be looked up
_REFUSAL = re.compile(
    r"nothing (?:indexed|in the documentation)|(?:documentation|sources?|passages?|context|text)"
    r"[^.\n]{0,60}(?:\bnot\b|n't\b|\bno\b|nothing)"
    r"|\bno (?:direct|specific|built-in|information|mention)\b"
    r"|(?:not|n't|never) (?:be )?"
    r"(?:covered|mentioned|documented|described|answered|provided|found)",
    re.I,
)
_REPEATED = 4  # times a line may not stand in an answer
_PERIOD = 120  # characters; what repeats itself at the end with a shorter one is a loop
_COPIED_WORDS = 60
_COPIED_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, or a block of code."""

    text: str
    cited: tuple[int, ...]
    code: bool = False
    language: str = ""


def statements(answer: str) -> list[Statement]:
    """In order. A line of numbers below a block of code cites for the block."""
    lines = answer.split("\n")
    blocks = dict(fenced(answer))
    found: list[Statement] = []
    row = 0
    while row < len(lines):
        if row in blocks:
            found.append(_block(lines, row, blocks[row]))
            row = blocks[row]
        else:
            found += _sentences(lines[row])
            row += 1
    return found


def _block(lines: Sequence[str], start: int, end: int) -> Statement:
    closed = end - 1 > start and lines[end - 1].strip().strip("`~") == ""
    body = "\n".join(lines[start + 1 : end - 1 if closed else end])
    behind = next((line for line in lines[end : end + 2] if line.strip()), "")
    numbers = _NUMBERS.findall(behind) if _ONLY_NUMBERS.fullmatch(behind) else []
    return Statement(body, tuple(map(int, numbers)), True, lines[start].strip().lstrip("`~"))


def _sentences(line: str) -> Iterator[Statement]:
    if _NO_STATEMENT.match(line) or _ONLY_NUMBERS.fullmatch(line):
        return
    line = _MARK.sub("", line, count=1)
    # A full stop inside of backticks ends nothing.
    masked = _INLINE.sub(lambda code: "`" + "x" * (len(code[0]) - 2) + "`", line)
    for found in _SENTENCE.finditer(masked):
        text = line[found.start() : found.end()]
        plain = _NUMBERS.sub("", text).strip()
        if len(_WORD.findall(plain)) >= _LEAST_WORDS and not plain.endswith(":"):
            yield Statement(plain, tuple(map(int, _NUMBERS.findall(text))))


def names(answer: str, groups: Sequence[Sequence[str]], question: str) -> bool:
    """Whether the answer names one of each group.

    A plain word that the question has, too ("roots"), counts in code alone.
    """
    code = " ".join(
        [
            *(each.text for each in statements(answer) if each.code),
            *(found[0] for found in _INLINE.finditer(answer)),
        ]
    )
    asked = set(_WORD.findall(question.lower()))

    def has(name: str) -> bool:
        where = code if name.isalpha() and name.lower() in asked else answer
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", where) is not None

    return bool(groups) and all(any(map(has, group)) for group in groups)


def parses(block: Statement) -> bool | None:
    """Whether a block of Python parses; None where it is no Python."""
    if block.language.lower() not in ("", "py", "python", "python3", "pycon"):
        return None
    code = block.text
    if ">>>" in code:
        lines = re.findall(r"^\s*(?:>>>|\.\.\.) ?(.*)$", code, re.M)
        code = "\n".join(lines)
    elif not block.language and not re.search(r"^\s*(?:import|from|def|\w+ ?=)\b|\(", code, re.M):
        return None
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True


def degenerate(answer: str, passages: Sequence[str]) -> str:
    """What makes an answer useless, whatever it says; "" where nothing does."""
    bare = _NUMBERS.sub("", answer)
    if not _WORD.search(bare):
        return "only citations" if answer.strip() else "empty"
    lines = Counter(line.strip() for line in bare.split("\n") if len(line.strip()) > 15)
    tail = bare.rstrip()[-4 * _PERIOD :]
    periodic = len(tail) == 4 * _PERIOD and any(
        tail[-3 * period :] == tail[-period:] * 3 for period in range(2, _PERIOD)
    )
    if periodic or any(count >= _REPEATED for count in lines.values()):
        return "loop"
    words = _WORD.findall(bare)
    for passage in passages:
        others = _WORD.findall(passage)
        longest = SequenceMatcher(None, words, others, autojunk=False).find_longest_match().size
        if longest >= _COPIED_WORDS and longest >= _COPIED_SHARE * len(words):
            return "copied"
    return ""


def refuses(answer: str) -> bool:
    """Whether it says that the documentation has no answer, before it shows anything."""
    begin = "\n".join(each.text for each in statements(answer)[:3] if not each.code)
    return _REFUSAL.search(begin) is not None
