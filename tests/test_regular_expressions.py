"""No regular expression that reads foreign text can be made slow: each is timed on pumped strings.

Every expression in the packages is found in the source. A pumped string repeats what the expression
itself asks for (its literals, a character of each of its classes, and what leads up to them), which
is what makes a matcher try again and again. The time must grow with the length of the text, not
with its square, and stay within a limit for 100,000 characters.
"""

import ast
import importlib
import re
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from re import _constants as codes
from re import _parser as parser
from typing import Any

import pytest
import regex

from backend.generators.special_tokens import SpecialTokens
from backend.rails.formats import patterns
from backend.rails.formats.pii import PII
from backend.rails.formats.secrets import SECRETS
from indexer.screening.rules import RULES

ROOT = Path(__file__).parents[1]
PACKAGES = ("backend", "glossator", "indexer", "loadtest", "lsp_server")
CALLS = {"compile", "search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split"}
SHORT, LONG, HUGE = 20_000, 100_000, 1_000_000
PUMPS = 24  # strings per expression
# The slowest expression that is linear takes a third of its limit on a quiet machine, so that a
# busy one passes; what is quadratic takes a hundred times the limit.
LIMIT_S = 0.060  # for LONG, where one call reads all of a text
LIMIT_IN_PIECES_S = 0.6  # what is searched in pieces of 4,000 characters
REFERENCE_S = 0.0085  # on two cores of an AMD EPYC (Zen 4): see ``slowness``

# Not timed: they read only what we, an operator or the machine have written.
OWN = {
    "backend.gateway.reference": "our own source and docstrings",
    "indexer.training.release_notes": "for developers: release notes that they chose",
    "indexer.training.questions": "for developers: trains the ranker from installed packages",
    "loadtest.experiments.figures": "conditions on the operator's command line",
    "loadtest.benchmarks.rails.hold_back": "our own text, cut into deltas for a measurement",
    "loadtest.benchmarks.servers.paths": "the log of a server that the load test started",
    "loadtest.benchmarks.servers.server": "the metrics of a server that the load test started",
    "loadtest.benchmarks.servers.stub_upstream": "questions of the load test",
}
CALLED_WITH_CARE = {
    "lsp_server.documents.text._LINE": "is given the text up to the last line end only",
}
# Made while the program runs: an example of each, by the module and the name of the function.
MADE: dict[tuple[str, str], Any] = {
    ("backend.generators.special_tokens", "__init__"): SpecialTokens(
        ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<s>", "</s>"]
    )._any,
    ("backend.rails.formats.patterns", "_compile"): patterns._BEGINNING,  # and the tables below
    ("glossator.evaluate.answers", "_calls"): re.compile(r"(?<!\w)roots\s*\("),
    ("glossator.evaluate.answer_text", "has"): re.compile(r"(?<!\w)numpy\.roots(?!\w)"),
    ("indexer.sources.inspect_package", "_take_signature"): re.compile(
        r"(?:[\w.]+\.)?f(\(.*\)(?:\s*->\s*.*)?)\s*$"
    ),
    ("indexer.readers.html", "_title"): re.compile(r"(?<!\w)Getting\ started(?!\w)"),
    ("indexer.screening.rules", ""): None,  # the rules below
}


class Expression:
    """One expression, and how the code reads a text with it."""

    def __init__(self, name: str, pattern: Any, *, anchored: bool, limit_s: float) -> None:
        self.name = name
        self.limit_s = limit_s
        self._pattern = pattern
        self._anchored = anchored
        self.flags = int(pattern.flags) & int(re.X | re.I | re.S | re.M | re.A)

    @property
    def source(self) -> str:
        source = self._pattern.pattern
        return source if isinstance(source, str) else source.decode("latin-1")

    def read(self, text: Any) -> None:
        if isinstance(self._pattern.pattern, bytes):
            text = text.encode("utf-8")
        if self._anchored:
            self._pattern.match(text)
            return
        for _ in self._pattern.finditer(text):
            pass


def in_the_source() -> Iterator[Expression]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if name not in OWN:
                yield from _in_module(name, ast.parse(path.read_text("utf-8")))


def _in_module(name: str, tree: ast.Module) -> Iterator[Expression]:
    used = _methods(tree)
    for function, call, target in _calls(tree):
        module = importlib.import_module(name)
        namespace = vars(module)
        try:
            source = eval(compile(ast.Expression(call.args[0]), name, "eval"), dict(namespace))
        except NameError:
            assert (name, function) in MADE, f"give an example of what {name}.{function} compiles"
            if (pattern := MADE[name, function]) is not None:
                anchored = call.func.attr == "match"  # type: ignore[attr-defined]
                yield Expression(f"{name}.{function}", pattern, anchored=anchored, limit_s=LIMIT_S)
            continue
        method = ast.unparse(call.func).rpartition(".")[2]
        if method == "compile":
            pattern = eval(compile(ast.Expression(call), name, "eval"), dict(namespace))
            methods = used.get(target, {"search"})
        else:
            flags = [word.value for word in call.keywords if word.arg == "flags"]
            rest = call.args[3:] if method == "sub" else call.args[2:]
            given = [eval(ast.unparse(each), dict(namespace)) for each in (*rest, *flags)]
            pattern = re.compile(source, *given[:1])
            methods = {method}
        label = f"{name}.{target or function}"
        if label not in CALLED_WITH_CARE:
            anchored = methods <= {"match", "fullmatch"}
            yield Expression(f"{label}:{call.lineno}", pattern, anchored=anchored, limit_s=LIMIT_S)


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call, str]]:
    """Calls of ``re`` and ``regex`` with the function around each, and the name it is given."""

    def walk(node: ast.AST, function: str, target: str) -> Iterator[tuple[str, ast.Call, str]]:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = node.name
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            target = node.targets[0].id
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("re", "regex")
            and node.func.attr in CALLS
        ):
            yield function, node, target if node.func.attr == "compile" else ""
        for child in ast.iter_child_nodes(node):
            yield from walk(child, function, target)

    yield from walk(tree, "", "")


def _methods(tree: ast.Module) -> dict[str, set[str]]:
    """By name, the methods of it that are used."""
    used: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used.setdefault(node.value.id, set()).add(node.attr)
    return {name: methods & CALLS for name, methods in used.items() if methods & CALLS}


def in_tables() -> Iterator[Expression]:
    pieces = partial(Expression, anchored=False, limit_s=LIMIT_IN_PIECES_S)
    for number, rule in enumerate(RULES):
        yield pieces(f"rule {number}: {rule.kind}", rule.pattern)
    for number, each in enumerate((*SECRETS, *PII)):
        compiled = regex.compile(f"(?:{each.expression})", regex.ASCII)
        yield pieces(f"format {number}: {each.kind}", compiled)


EVERY = [*in_the_source(), *in_tables()]


def pumped(expression: Expression) -> list[str]:
    """Short strings; each is to be repeated behind the beginning that stands before it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = parser.parse(expression.source, expression.flags)
    strings: dict[tuple[str, str], None] = {}
    for atoms in _ways(tree, 6):
        before = ""
        for atom, following in pairwise([*atoms, ""]):
            for unit in (atom, before + atom, atom + following):
                strings[("", unit)] = strings[(before, unit)] = None
            before += atom
        strings[("", f"{before} ")] = strings[("", f"{before}\n")] = None
    every = [each for each in strings if each[1]]
    return every[:: max(1, len(every) // PUMPS)] or [("", "a")]


def _ways(tree: Any, most: int) -> list[list[str]]:
    """Some ways through an expression, each as the strings that match its parts."""
    ways: list[list[str]] = [[]]
    for operation, arguments in tree:
        parts = _part(operation, arguments, most)
        ways = [[*way, *part] for way in ways for part in parts][:most]
    return ways


def _part(operation: Any, arguments: Any, most: int) -> list[list[str]]:
    if operation is codes.LITERAL:
        return [[chr(arguments)]]
    if operation is codes.NOT_LITERAL:
        return [["b" if arguments == ord("a") else "a"]]
    if operation is codes.ANY:
        return [["a"]]
    if operation is codes.IN:
        return [[_member(arguments)]]
    if operation is codes.BRANCH:
        branches = arguments[1]
        some = branches[:: max(1, len(branches) // most)]
        return [way for branch in some for way in _ways(branch, 2)][:most]
    if operation is codes.SUBPATTERN:
        return _ways(arguments[3], most)
    if operation is codes.ATOMIC_GROUP:
        return _ways(arguments, most)
    if operation in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        least, _, inner = arguments
        times = max(1, min(least, 40))
        return [["".join(way) * times] for way in _ways(inner, most)]
    if operation is codes.ASSERT and arguments[0] > 0:
        return _ways(arguments[1], most)
    return [[]]  # anchors, what may not follow, and groups again


def _member(items: Any) -> str:
    """A character of a class."""
    negated = items[0][0] is codes.NEGATE
    source = "".join(map(_written, items))
    alone = re.compile(f"[{source}]")
    usual = "a1 _A-.:/<[(\"'`\n\u200b\U000e0041Ж"
    found = next((each for each in usual if alone.match(each)), None)
    if found is not None or negated:
        return found or "a"
    operation, argument = items[0]
    return chr(argument if operation is codes.LITERAL else argument[0])


def _written(item: Any) -> str:
    operation, argument = item
    if operation is codes.NEGATE:
        return "^"
    if operation is codes.LITERAL:
        return re.escape(chr(argument))
    if operation is codes.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    letter = {"SPACE": "s", "DIGIT": "d", "WORD": "w"}[str(argument).rpartition("_")[2]]
    return "\\" + (letter.upper() if "NOT" in str(argument) else letter)


def timed(read: Callable[[str], None], text: str, tries: int = 1) -> float:
    """Processor time of the fastest try."""
    best = float("inf")
    for _ in range(tries):
        started = time.thread_time()
        read(text)
        best = min(best, time.thread_time() - started)
    return best


def slowness() -> float:
    """How much longer this machine takes than the one that the limits were set on; at least 1.

    Both search 180,000 characters by an expression that is linear.
    """
    reference = re.compile(r"[a-z]{1,8}\d")

    def read(text: str) -> None:
        reference.search(text)

    return max(1.0, timed(read, "abcdefgh " * 20_000, tries=3) / REFERENCE_S)


def text_of(pump: tuple[str, str], length: int) -> str:
    before, unit = pump
    return before + unit * (max(length - len(before), 1) // len(unit))


@pytest.mark.parametrize("expression", EVERY, ids=lambda each: each.name)
def test_its_time_grows_no_faster_than_the_text(expression: Expression) -> None:
    slowest, worst = -1.0, ("", "a")
    for pump in pumped(expression):
        # Little by little: what is quadratic would take minutes for the longest.
        for length in (1_000, 5_000, SHORT, LONG):
            text = text_of(pump, length)
            took = timed(expression.read, text)
            allowed = expression.limit_s * max(length, SHORT) / LONG
            if took > allowed:
                took = timed(expression.read, text, tries=5) / slowness()
            assert took <= allowed, f"{took:.3f} s for {length:,} characters of {pump}"
        if took > slowest:
            slowest, worst = took, pump
    if slowest > expression.limit_s / 10:
        allowed = 3 * slowest * HUGE / LONG + expression.limit_s
        text = text_of(worst, HUGE)
        took = timed(expression.read, text)
        if took > allowed:
            took = timed(expression.read, text, tries=3)
        assert took <= allowed, f"{took:.3f} s for {worst}"


def test_no_expression_is_left_out() -> None:
    """A guard against a search of the source that finds nothing."""
    names = {each.name.partition(":")[0] for each in EVERY}
    assert {"indexer.ranking.words._QUOTED", "backend.rails.placeholders._PLACEHOLDER"} <= names
    assert len(EVERY) > 300
    assert all(importlib.import_module(name) for name in OWN if "loadtest" not in name)


@pytest.mark.parametrize(
    "expression",
    [
        r"`+([^`\s]+?)`+|([^\W\d][\w.]*)\(",
        r"<!--.{0,5000}?-->",
        r"[^\r\n]*(?:\r\n?|\n)",
        r"\s*deprecated\b",
        r"\[[^\]]*\]\(",
    ],
)
def test_what_was_once_slow_is_recognised(expression: str) -> None:
    slow = Expression("slow", re.compile(expression, re.S), anchored=False, limit_s=LIMIT_S)
    with pytest.raises(AssertionError):
        test_its_time_grows_no_faster_than_the_text(slow)
