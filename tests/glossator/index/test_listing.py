"""`glossator index --list`, and sources that the settings name."""

from pathlib import Path

import msgspec
import pytest

from backend.deploy.upkeep.declaring import declaration, opened
from backend.settings import Settings, SourceSettings, load
from glossator.index.listing import rows, show
from indexer.sources import Declaration, Limits
from indexer.sources.declared import KINDS
from indexer.types import SourceError

TOML = """
[sources.handbook]
kind = "folder"
uri = "{folder}"
exclude = ["drafts/"]
every = "6h"
max_documents = 10

[sources.site]
kind = "web"
uri = "https://docs.example.com/"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "drafts").mkdir(parents=True)
    (tmp_path / "docs" / "a.md").write_text("# A\n\nWords.")
    (tmp_path / "docs" / "drafts" / "b.md").write_text("# B")
    file = tmp_path / "glossator.toml"
    file.write_text(TOML.replace("{folder}", str(tmp_path / "docs")))
    return file


def test_a_source_is_opened_by_its_name(config: Path, tmp_path: Path) -> None:
    """With the patterns and limits of its table; anything else is taken as typed."""
    settings = load(config, {})
    source = opened("handbook", settings, tmp_path)
    assert source.name == "handbook"
    assert [each.title for each in source.documents()] == ["A"]
    assert declaration("handbook", settings).limits.documents == 10
    assert declaration("package:numpy", settings) == Declaration(
        "package", "numpy", "package:numpy"
    )
    with pytest.raises(SourceError, match="no folder nothing"):
        opened("nothing", settings, tmp_path)


def test_a_package_is_read_by_the_interpreter_that_is_named(tmp_path: Path) -> None:
    python = str(tmp_path / "no" / "python")
    declared = SourceSettings(kind="package", uri="click", python=python)
    source = opened("click", Settings(sources={"click": declared}), tmp_path)
    assert source.name == "click"
    with pytest.raises(SourceError, match=f"{python} cannot be run"):
        list(source.documents())


def test_defaults_are_the_same_for_what_is_typed() -> None:
    settings = Settings(sources={"x": SourceSettings(kind="web", uri="https://example.com/")})
    declared = declaration("x", settings)
    typed = declaration("web:https://example.com/", settings)
    assert declared == Declaration("web", "https://example.com/", "x")
    assert (declared.limits, declared.depth, declared.delay_s) == (
        typed.limits, typed.depth, typed.delay_s)  # fmt: skip
    assert declared.limits == Limits()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_declared(kind: str) -> None:
    assert msgspec.convert({"kind": kind, "uri": "x"}, SourceSettings).kind == kind


@pytest.mark.parametrize(
    ("every", "seconds"), [("", None), ("30s", 30), ("6h", 21600), ("1d", 86400)]
)
def test_schedules_are_periods(every: str, seconds: float | None) -> None:
    assert SourceSettings(kind="folder", uri="x", every=every).every_s == seconds


def test_the_table_has_what_is_declared_and_what_is_indexed(config: Path) -> None:
    run = {"source": "handbook", "ended_s": 1795305600, "documents": 1, "dataset": "abc",
           "seconds": 7.4}  # fmt: skip
    found = rows(load(config, {}), {"handbook": 2, "package:numpy": 3}, {"handbook": run})
    assert [(row.name, row.kind, row.every, row.last_run, row.took, row.documents, row.chunks,
             row.dataset) for row in found] == [
        ("handbook", "folder", "6h", "2026-11-22 00:00Z", "7 s", "1", "2", "abc"),
        ("site", "web", "-", "never", "-", "-", "0", "-"),
        ("package:numpy", "package", "-", "never", "-", "-", "3", "-"),
    ]  # fmt: skip


def test_nothing_declared_and_nothing_indexed_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(None, tmp_path) == 0
    assert "No source is declared or indexed" in capsys.readouterr().out


def test_the_list_is_printed_before_anything_is_indexed(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show(config, tmp_path / "data")
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "KIND", "WHERE", "EVERY", "LAST", "RUN", "TOOK",
                            "DOCUMENTS", "CHUNKS", "DATASET"]  # fmt: skip
    assert first.startswith("handbook  folder")
    assert "never" in second


def test_a_name_that_is_not_declared_is_told_with_those_that_are(config: Path) -> None:
    with pytest.raises(
        SourceError, match=r"There is no folder nobody.*Declared are: handbook, site"
    ):
        declaration("nobody", load(config, {}))
