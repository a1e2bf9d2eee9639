"""`docs/architecture.md` is true: its listing, the files of its walks, and its words."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def _layout():
    path = ROOT / "docs" / "layout.py"
    spec = importlib.util.spec_from_file_location("layout", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


layout = _layout()


def test_the_listing_is_that_of_the_code():
    """`make docs` writes it anew."""
    assert layout.page() == PAGE


def test_every_level_reads_as_a_short_list():
    widest = max(layout.folders().items(), key=lambda each: len(each[1]))
    assert len(widest[1]) <= 16, widest


def test_every_package_says_what_it_is_for():
    silent = [folder for folder in layout.folders() if not layout.purpose(folder)]
    assert not silent


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/.]+/[\w.]+\.\w+)`", PAGE))))
def test_every_file_of_the_walks_exists(path):
    assert (ROOT / path).is_file()


def retired():
    """Words of the last column, and the ones that say nothing."""
    table = PAGE.split("## The words we use")[1]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| ")]
    words = {word.strip() for row in rows[2:] for word in row[3].split(",") if word.strip()}
    empty = re.search(r"no name of ours has: ([\w, ]+)\.", table)
    return words | {word.strip() for word in empty[1].split(",")}


def names(tree):
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def test_no_name_has_a_second_word_for_the_same_thing():
    unwanted = retired()
    assert {"manager", "snippet", "guardrail"} <= unwanted
    found = []
    for module in layout.modules():
        for name in {module.stem, *names(ast.parse((ROOT / module).read_text("utf-8")))}:
            parts = {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
            found += [f"{module}: {name}" for word in parts & unwanted if word]
    assert not sorted(found)
